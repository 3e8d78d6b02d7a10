import { decodeJwt, errors, jwtVerify } from 'jose';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { joseKey } from '../../shared/keys/signing.ts';
import { leeway } from '../../shared/tokens/signed.ts';
import type { SharedParts } from '../session/parts.ts';
import { assertionAlgorithms } from './client-keys.ts';

/** Longest life that an assertion may claim: its `jti` has to be remembered for so long. */
const longestLife: Seconds = 600;
const longestAssertion = 4096;

/** Who an assertion says it is from; `undefined` where that can't be read. Nothing is checked. */
export function clientOfAssertion(assertion: string): string | undefined {
  if (assertion.length > longestAssertion) return undefined;
  try {
    return decodeJwt(assertion).sub;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/**
 * Is that an assertion of this client, for us, now, and for the first time?
 *
 * The key's own algorithm decides; the keys come from the registration, never from the token. `aud` is our issuer or our
 * the endpoint's own address and nothing beside: an assertion for several could be used by each of them.
 *
 * @see RFC 7523 §3, OpenID Connect Core §9
 */
export async function checkAssertion(assertion: string, client: ClientConfig, parts: SharedParts): Promise<boolean> {
  const { at, clientKeys, clock, config, store } = parts;
  const now = clock();
  const audiences = [config.publicUrl, at.url('/token'), at.url('/introspect')];
  try {
    const { payload, protectedHeader } = await jwtVerify(
      assertion,
      async ({ kid, alg }) => {
        const named = kid === undefined || typeof kid === 'string';
        const found = named ? await clientKeys.find(client, kid) : undefined;
        if (found?.alg !== alg || !found) throw new errors.JWKSNoMatchingKey();
        return joseKey(found);
      },
      {
        algorithms: [...assertionAlgorithms],
        issuer: client.id,
        subject: client.id,
        audience: audiences,
        requiredClaims: ['exp', 'jti'],
        clockTolerance: leeway,
        currentDate: new Date(now * 1000),
      },
    );
    const { typ = 'JWT' } = protectedHeader;
    const { aud, exp = 0, jti } = payload;
    if (!['JWT', 'client-authentication+jwt'].includes(typ)) return false;
    if (![aud].flat().every((one) => audiences.includes(one ?? ''))) return false;
    if (exp > now + longestLife || typeof jti !== 'string' || jti === '') return false;
    return await store.claimOnce(`assertion ${client.id} ${jti}`, now, exp + leeway);
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
