import type { Seconds } from '../clock.ts';
import type { Config } from '../config.ts';
import { asSessionId, asUserId, type SessionId, type UserId } from '../identity.ts';
import type { SigningKeys } from '../keys/signing.ts';
import { type Expectation, signToken, type TokenClaims, verifyToken } from '../tokens/signed.ts';
import { cookieNames, cookieValues, longestCookie, setCookie } from './cookie.ts';

/** Who the domain cookie speaks of. */
export type DomainCookie = {
  readonly uid: UserId;
  readonly sid: SessionId;
  /** When the provider last asked for proof. 0: it doesn't say. */
  readonly authTime: Seconds;
  readonly iat: Seconds;
  readonly exp: Seconds;
  readonly email?: string;
  readonly name?: string;
  /** Absent: the cookie does not carry roles; ask the directory. */
  readonly roles?: readonly string[];
  /** Absent: the cookie does not carry permissions; ask the directory. */
  readonly permissions?: readonly string[];
  readonly permissionVersion: number;
  /** Since when renewals happen without the provider or the directory; absent in ordinary times. */
  readonly degradedSince?: Seconds;
};

/** What the domain cookies of a request amount to. */
export type DomainCookieReading =
  /** None that we signed: nobody. */
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly cookie: DomainCookie; readonly token: string }
  /** Signed by us, but its time has passed: worth a renewal, grants nothing. */
  | { readonly kind: 'expired'; readonly cookie: DomainCookie }
  /** Two different valid ones, or a heap of values: a sibling may have tossed one. Nobody; back to the gateway. */
  | { readonly kind: 'conflict' };

/** Issuer, audience, name and lifetime of a gateway's domain cookies. */
export type DomainCookieSettings = Pick<Config, 'publicUrl' | 'cookie' | 'environment'>;

/** More values than this under one name are not looked at. */
const mostValues = 4;

/**
 * What a domain cookie has to be. For apps as well: they know the same three facts and fetch the keys.
 */
export function domainCookieExpectation(
  settings: { readonly publicUrl: string; readonly cookieDomain: string },
  keys: Expectation['keys'],
): Expectation {
  return { keys, typ: 'sso+jwt', issuer: settings.publicUrl, audience: settings.cookieDomain };
}

/**
 * Reads every domain cookie of a request and decides whether they agree.
 *
 * @param header `Cookie` header as received.
 */
export function readDomainCookie(
  header: string | undefined,
  name: string,
  expected: Expectation,
  now: Seconds,
): DomainCookieReading {
  const values = new Set(cookieValues(header, name));
  if (values.size > mostValues) return { kind: 'conflict' };
  let valid: { cookie: DomainCookie; token: string } | undefined;
  let expired: DomainCookie | undefined;
  for (const token of values) {
    const verdict = verifyToken(token, expected, now);
    if (verdict.kind === 'invalid') continue;
    const cookie = fromClaims(verdict.claims);
    if (!cookie) continue;
    if (verdict.kind === 'expired') {
      expired = cookie;
    } else {
      if (valid) return { kind: 'conflict' };
      valid = { cookie, token };
    }
  }
  if (valid) return { kind: 'valid', ...valid };
  return expired ? { kind: 'expired', cookie: expired } : { kind: 'none' };
}

/**
 * Signs a domain cookie and writes its `Set-Cookie`.
 *
 * Claims that the configuration doesn't name are left out. Where the cookie would outgrow a browser's limit,
 * permissions go first, then roles, name and email: what is absent is looked up, never guessed.
 *
 * @param endsAt The session's end: `Max-Age` reaches to it, so that an expired token still says "renew me" and an
 *   absent cookie says "signed out".
 */
export function writeDomainCookie(
  settings: DomainCookieSettings,
  keys: Pick<SigningKeys, 'current'>,
  cookie: DomainCookie,
  endsAt: Seconds,
): string {
  const { claims: wanted, domain } = settings.cookie;
  const name = cookieNames(settings.environment).domain;
  const optional = (['permissions', 'roles', 'name', 'email'] as const).filter((claim) => wanted.includes(claim));
  for (;;) {
    const claims: Record<string, unknown> & TokenClaims = {
      iss: settings.publicUrl,
      aud: domain,
      sub: cookie.uid,
      sid: cookie.sid,
      auth_time: cookie.authTime,
      iat: cookie.iat,
      exp: cookie.exp,
      perm_v: cookie.permissionVersion,
      ...(cookie.degradedSince === undefined ? {} : { degraded_since: cookie.degradedSince }),
      ...Object.fromEntries(optional.map((claim) => [claim, cookie[claim]])),
    };
    const token = signToken(keys, 'sso+jwt', claims);
    // the attributes take at most 120 bytes beside the domain
    if (name.length + token.length + domain.length + 120 <= longestCookie || optional.length === 0) {
      return setCookie(name, token, { domain, maxAge: endsAt - cookie.iat });
    }
    optional.shift();
  }
}

function fromClaims(claims: TokenClaims): DomainCookie | undefined {
  const { sub, sid, auth_time, iat, exp, perm_v, email, name, roles, permissions, degraded_since } = claims;
  if (typeof sid !== 'string' || sid === '' || typeof auth_time !== 'number' || typeof perm_v !== 'number')
    return undefined;
  return {
    uid: asUserId(sub),
    sid: asSessionId(sid),
    authTime: auth_time,
    iat,
    exp,
    permissionVersion: perm_v,
    ...(typeof email === 'string' ? { email } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(isStrings(roles) ? { roles } : {}),
    ...(isStrings(permissions) ? { permissions } : {}),
    ...(typeof degraded_since === 'number' ? { degradedSince: degraded_since } : {}),
  };
}

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
