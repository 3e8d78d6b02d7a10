import { decodeJwt, errors, jwtVerify } from 'jose';
import type { Clock, Seconds } from '../../shared/clock.ts';
import type { ProviderConfig } from '../../shared/config.ts';
import { asSubject, type Subject } from '../../shared/identity.ts';
import { createRemoteJwks, type RemoteJwks } from '../../shared/keys/remote-jwks.ts';
import { joseKey, type SigningAlgorithm } from '../../shared/keys/signing.ts';
import { leeway } from '../../shared/tokens/signed.ts';

/** What a provider's ID or access token says, once all of it was checked. */
export type ProviderToken = {
  readonly kind: 'id' | 'access';
  readonly issuer: string;
  readonly subject: Subject;
  readonly iat: Seconds;
  readonly exp: Seconds;
  readonly scope: string | undefined;
};

/** Checks one provider's tokens offline, by the keys that it publishes. */
export type ProviderTokens = {
  /**
   * @returns `undefined` for everything that isn't a valid ID or access token of this provider, for our client.
   * @throws SsoError `provider_unavailable` where its keys can't be had and none are remembered.
   */
  read(token: string, now: Seconds): Promise<ProviderToken | undefined>;
};

const algorithms: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];

/** Every issuer that a provider signs as. */
export const issuersOf = ({ issuer, issuerAliases }: ProviderConfig): readonly string[] => [issuer, ...issuerAliases];

/** Who a token says it is from; `undefined` where that can't be read. Nothing is checked. */
export function unverifiedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/**
 * Makes the checker of one provider's tokens.
 *
 * @param jwksUri Where its keys are, from its discovery document. Never taken from a token.
 */
export function createProviderTokens(
  config: ProviderConfig,
  jwksUri: () => Promise<string>,
  deps: { readonly clock: Clock; readonly fetch: typeof fetch },
): ProviderTokens {
  let followed: { readonly url: string; readonly jwks: RemoteJwks } | undefined;
  const follow = async (): Promise<RemoteJwks> => {
    const url = await jwksUri();
    if (followed?.url !== url) followed = { url, jwks: createRemoteJwks({ ...deps, url, algorithms }) };
    return followed.jwks;
  };

  return {
    async read(token, now) {
      const jwks = await follow();
      try {
        const { payload, protectedHeader } = await jwtVerify(
          token,
          async ({ kid, alg }) => {
            const name = typeof kid === 'string' ? kid : '';
            const found = (await jwks.keys()).get(name) ?? (await jwks.keysAfterUnknownKid()).get(name);
            if (found?.alg !== alg || !found) throw new errors.JWKSNoMatchingKey();
            return joseKey(found);
          },
          {
            algorithms: [...algorithms],
            issuer: [...issuersOf(config)],
            requiredClaims: ['sub', 'exp', 'iat'],
            clockTolerance: leeway,
            currentDate: new Date(now * 1000),
          },
        );
        const { iss = '', sub = '', iat = 0, exp = 0, scope } = payload;
        const kind = kindOf(protectedHeader.typ, payload, config);
        if (!kind || sub === '' || iat > now + leeway || !isForUs(kind, payload, config)) return undefined;
        return {
          kind,
          issuer: iss,
          subject: asSubject(sub),
          iat,
          exp,
          scope: typeof scope === 'string' ? scope : undefined,
        };
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

type Payload = Readonly<Record<string, unknown>>;

/**
 * What kind of token it is, by how this kind of provider says so; `undefined`: neither, such as a logout or refresh token.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html and
 *   RFC 9068 §2.1
 */
function kindOf(
  typ: string | undefined,
  payload: Payload,
  { kind, clientId }: ProviderConfig,
): ProviderToken['kind'] | undefined {
  const header = typ?.toLowerCase().replace(/^application\//, '');
  if (header !== undefined && header !== 'jwt' && header !== 'at+jwt') return undefined;
  if ('events' in payload) return undefined;
  if (kind === 'cognito') {
    const use = payload.token_use;
    return use === 'id' || use === 'access' ? use : undefined;
  }
  if (kind === 'keycloak') return payload.typ === 'ID' ? 'id' : payload.typ === 'Bearer' ? 'access' : undefined;
  if (header === 'at+jwt') return 'access';
  // a nonce, or an audience that is us alone, is what an ID token has
  return payload.nonce !== undefined || payload.aud === clientId ? 'id' : 'access';
}

/** Was it given to our client? ID tokens say so in `aud`, access tokens where `accessTokenAudience` says. */
function isForUs(kind: ProviderToken['kind'], payload: Payload, config: ProviderConfig): boolean {
  const { clientId, audiences } = config;
  const claim = kind === 'id' ? 'aud' : (config.accessTokenAudience ?? accessTokenAudience[config.kind]);
  if (claim !== 'aud') return payload[claim] === clientId;
  const named = [payload.aud].flat();
  if (kind === 'id') return named.includes(clientId) && (named.length === 1 || payload.azp === clientId);
  return named.some((one) => one === clientId || audiences.includes(String(one)));
}

/** Cognito's access tokens have no audience, Keycloak's name its own account service. */
const accessTokenAudience = { cognito: 'client_id', keycloak: 'azp', openid: 'aud' } as const;
