import { createRemoteJwks } from '../../../shared/keys/remote-jwks.ts';
import { type Expectation, type Verdict, verifyToken } from '../../../shared/tokens/signed.ts';
import type { HandOffSettings } from './options.ts';

/** What the gateway signs for apps on other domains. */
export type GatewayTokens = {
  /**
   * Verifies a token of the gateway for this app: signature, `typ`, `iss`, `aud`, times.
   *
   * @throws SsoError `provider_unavailable`: there are no keys to judge it by.
   */
  verify(token: string, typ: 'JWT' | 'logout+jwt'): Promise<Verdict>;
};

/**
 * Follows the gateway's published keys. They are fetched with the first token; an unknown `kid` makes for one more fetch, at
 * most every ten seconds. While the gateway is down the last ones serve for a day.
 */
export function createGatewayTokens({ gateway, clientId, clock, fetch }: HandOffSettings): GatewayTokens {
  const url = `${gateway}/.well-known/jwks.json`;
  const jwks = createRemoteJwks({ url, algorithms: ['RS256', 'ES256'], clock, fetch });
  return {
    async verify(token, typ) {
      const expected = (keys: Expectation['keys']): Expectation => ({ keys, typ, issuer: gateway, audience: clientId });
      const verdict = verifyToken(token, expected(await jwks.keys()), clock());
      if (verdict.kind !== 'invalid' || verdict.why !== 'unknown_kid') return verdict;
      return verifyToken(token, expected(await jwks.keysAfterUnknownKid()), clock());
    },
  };
}
