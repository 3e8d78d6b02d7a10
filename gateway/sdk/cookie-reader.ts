import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../shared/clock.ts';
import { cookieNames, cookieValues } from '../../shared/cookies/cookie.ts';
import {
  type DomainCookie,
  type DomainCookieReading,
  domainCookieExpectation,
  readDomainCookie,
} from '../../shared/cookies/domain-cookie.ts';
import { SsoError } from '../../shared/errors.ts';
import { createRemoteJwks } from '../../shared/keys/remote-jwks.ts';
import type { VerificationKeys } from '../../shared/keys/signing.ts';
import { leeway, verifyToken } from '../../shared/tokens/signed.ts';
import type { Settings } from './options.ts';

/** Tokens that are not verified again; about a megabyte. */
const mostRemembered = 1000;

/** What the domain cookies of a request amount to. `unavailable`: there are some, and no keys to judge them by. */
export type Reading = DomainCookieReading | { readonly kind: 'unavailable' };

/**
 * Reads domain cookies with the gateway's published keys, which are fetched when there is a first cookie to read: a
 * visitor without one needs no gateway.
 *
 * A `kid` that is not among the keys makes for one more fetch, at most every ten seconds whoever sends how many of them.
 *
 * A token that was verified is remembered by its SHA-256, for a signature costs 40 µs (RS256) to 120 µs (ES256, EdDSA), as
 * much as an empty page in Hono or Express. Its expiry is looked at every time, and newly fetched keys begin anew.
 *
 * @param url The gateway's JWK Set.
 */
export function createCookieReader(
  settings: Settings,
  url: string,
): (header: string | undefined, now: Seconds) => Promise<Reading> {
  const { gateway: publicUrl, cookieDomain, environment, algorithms, clock, onUnavailable } = settings;
  const name = cookieNames(environment).domain;
  const jwks = createRemoteJwks({
    url,
    algorithms,
    clock,
    // Workers know no `redirect: 'error'`; a redirect followed by hand is not ok, which is an error as well
    fetch: (input, init) => settings.fetch(input, { ...init, redirect: 'manual' }),
  });

  const verified = new LRUCache<string, { readonly cookie: DomainCookie; readonly by: VerificationKeys }>({
    max: mostRemembered,
  });

  function read(header: string | undefined, values: readonly string[], keys: VerificationKeys, now: Seconds): Reading {
    const [token, another] = values;
    if (token === undefined || another !== undefined) return readDomainCookie(header, name, expected(keys), now);
    const hash = createHash('sha256').update(token).digest('base64url');
    const known = verified.get(hash);
    if (known && known.by === keys && known.cookie.exp + leeway > now)
      return { kind: 'valid', cookie: known.cookie, token };
    const reading = readDomainCookie(header, name, expected(keys), now);
    if (reading.kind === 'valid') verified.set(hash, { cookie: reading.cookie, by: keys });
    return reading;
  }

  const expected = (keys: VerificationKeys) => domainCookieExpectation({ publicUrl, cookieDomain }, keys);
  const hasUnknownKid = (values: readonly string[], keys: VerificationKeys, now: Seconds) =>
    values.some((token) => {
      const verdict = verifyToken(token, expected(keys), now);
      return verdict.kind === 'invalid' && verdict.why === 'unknown_kid';
    });

  return async (header, now) => {
    const values = cookieValues(header, name);
    if (values.length === 0) return { kind: 'none' };
    try {
      const keys = await jwks.keys();
      const reading = read(header, values, keys, now);
      // the usual request, and one that more keys could not save, need no second look
      if (reading.kind === 'conflict' || (reading.kind === 'valid' && values.length === 1)) return reading;
      if (!hasUnknownKid(values, keys, now)) return reading;
      return read(header, values, await jwks.keysAfterUnknownKid(), now);
    } catch (error) {
      if (!(error instanceof SsoError && error.code === 'provider_unavailable')) throw error;
      onUnavailable?.(error);
      return { kind: 'unavailable' };
    }
  };
}
