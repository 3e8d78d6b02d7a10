import type { GatewayDeps } from '../../../gateway/deps.ts';
import { createProvider } from '../../../gateway/provider/openid.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { Config, ProviderConfig } from '../../../shared/config.ts';
import { asSubject } from '../../../shared/identity.ts';
import { readJwks } from '../../../shared/keys/signing.ts';
import { inWords } from '../console.ts';
import { type Finding, failure, fine } from './finding.ts';

/**
 * Looks whether a provider can be found, publishes keys, and knows the gateway's client and its secret. For the last it is
 * asked to renew with a refresh token that it never gave: it says so only to whom it knows.
 */
export async function lookAtProvider(
  provider: ProviderConfig,
  { publicUrl }: Pick<Config, 'publicUrl'>,
  world: { readonly fetch: typeof fetch; readonly clock: Clock },
): Promise<Finding> {
  const check = `provider ${provider.id}`;
  const callback = `${publicUrl}/callback/${provider.id}`;
  let why: unknown;
  const quiet = () => {};
  const log: GatewayDeps['log'] = {
    debug: quiet,
    info: quiet,
    warn: (_event, _fields, error) => {
      why = error;
    },
    error: quiet,
  };
  const one = createProvider(provider, callback, { ...world, log });
  if (!(await one.reachable())) {
    return failure(
      check,
      `${provider.issuer}: ${inWords(why)}`,
      `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration has to answer this machine, and name that very issuer.`,
    );
  }
  try {
    const answer = await world.fetch(await one.jwksUri(), { signal: AbortSignal.timeout(5000) });
    if (readJwks(await answer.json(), ['RS256', 'ES256', 'EdDSA']).size === 0)
      throw new Error('no key in it is of use');
  } catch (error) {
    return failure(
      check,
      `its keys (jwks_uri): ${inWords(error)}`,
      'This machine has to reach the address that discovery names.',
    );
  }
  try {
    await one.refresh('crossgate-doctor', { provider: provider.id, subject: asSubject('crossgate-doctor') });
  } catch (error) {
    const code = oauthError(error);
    if (code === 'invalid_client' || code === 'unauthorized_client')
      return failure(
        check,
        `it does not take client ${provider.clientId} (${code})`,
        `Compare clientId and clientSecret with what the provider has; the client needs the grants authorization_code and refresh_token.`,
      );
    if (code === undefined) return failure(check, `its token endpoint: ${inWords(error)}`);
  }
  return fine(check, `${provider.issuer}; its client has to allow the callback ${callback}`);
}

/** What a provider answered by RFC 6749 §5.2, wherever among the causes it is. */
function oauthError(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { error: code, status } = one as { error?: unknown; status?: unknown };
    if (typeof code === 'string') return code;
    // with a challenge, as it has to come, the body is not looked at
    if (status === 401) return 'invalid_client';
  }
  return undefined;
}
