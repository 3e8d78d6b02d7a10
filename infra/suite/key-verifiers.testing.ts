import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTPayload, jwksCache, jwtVerify } from 'jose';
import type { Clock, Seconds } from '../../shared/clock.ts';

/** What a token has to be. */
export type Expected = { readonly typ: string; readonly audience: string };

/** Software of others that verifies what the gateway signs. Rejects for whatever does not fit. */
export type Verifier = {
  readonly name: string;
  verify(token: string, expected: Expected): Promise<JWTPayload>;
};

/** Where keys are published, whose, and by which clock they are kept. */
export type KeySource = {
  readonly url: URL;
  readonly issuer: string;
  readonly clock: Clock;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
};

const at = ({ issuer, clock }: KeySource, { typ, audience }: Expected) => ({
  issuer,
  audience,
  typ,
  currentDate: new Date(clock() * 1000),
});

/** jose as it comes: keeps the keys for ten minutes, and for a `kid` that it doesn't know asks again, every 30 seconds at most. */
export function joseVerifier(source: KeySource): Verifier {
  const cache: { uat?: number; jwks?: { keys: [] } } = {};
  let ahead = 0;
  return {
    name: 'jose',
    async verify(token, expected) {
      // its cache goes by the machine's clock: made older by what ours has gone ahead since
      const now = source.clock() * 1000 - Date.now();
      if (cache.uat !== undefined) cache.uat -= now - ahead;
      ahead = now;
      const keys = createRemoteJWKSet(source.url, {
        [jwksCache]: cache as Record<string, never>,
        [customFetch]: source.fetch,
      });
      return (await jwtVerify(token, keys, at(source, expected))).payload;
    },
  };
}

/** Fetches the keys when the last ones are older than it keeps them, and never for any other reason, as many a proxy's module does. */
export function stubbornVerifier(source: KeySource, keeps: Seconds): Verifier {
  let known: { readonly keys: ReturnType<typeof createLocalJWKSet>; readonly until: Seconds } | undefined;
  return {
    name: 'stubborn',
    async verify(token, expected) {
      if (!known || known.until <= source.clock()) {
        const response = await source.fetch(source.url.href);
        known = { keys: createLocalJWKSet(await response.json()), until: source.clock() + keeps };
      }
      return (await jwtVerify(token, known.keys, at(source, expected))).payload;
    },
  };
}
