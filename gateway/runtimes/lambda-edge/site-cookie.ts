import type { Seconds } from '../../../shared/clock.ts';
import { longestCookie, setCookie } from '../../../shared/cookies/cookie.ts';
import {
  type DomainCookie,
  type DomainCookieReading,
  readDomainCookie,
} from '../../../shared/cookies/domain-cookie.ts';
import type { SigningKey, VerificationKeys } from '../../../shared/keys/signing.ts';
import { signToken } from '../../../shared/tokens/signed.ts';
import type { SiteSettings } from './settings.ts';

/** Cookies of a site that signs people in by itself. All are of that one host, and none has a gateway's name. */
export const siteCookies = {
  /** The signed statement that check_auth goes by. */
  statement: '__Host-site',
  /** The sealed session, with the provider's refresh token. */
  session: '__Host-site_session',
  /** Followed by a hash of the attempt's state. */
  loginPrefix: '__Host-site_login_',
  /** Counts automatic bounces. */
  bounces: '__Host-site_bounces',
} as const;

/** What a site's statement has to be: its own type, issuer and audience, so that no gateway's token can stand in for it. */
export const siteCookieFacts = (site: string) =>
  ({ name: siteCookies.statement, typ: 'site+jwt', issuer: site, audience: site }) as const;

/** Reads the statement in a request. It has the claims of a domain cookie. */
export function readSiteCookie(
  header: string | undefined,
  site: string,
  keys: VerificationKeys,
  now: Seconds,
): DomainCookieReading {
  return readDomainCookie(header, siteCookies.statement, { keys, ...siteCookieFacts(site) }, now);
}

/**
 * Signs a statement and writes its `Set-Cookie`. Where it would outgrow a browser's limit, roles and permissions go first,
 * then name and email: what is absent counts as not there.
 *
 * @param endsAt The session's end: `Max-Age` reaches to it, so that an expired statement still says "renew me".
 */
export function writeSiteCookie(
  { site }: Pick<SiteSettings, 'site'>,
  key: SigningKey,
  cookie: DomainCookie,
  endsAt: Seconds,
): string {
  const { typ, issuer, audience } = siteCookieFacts(site);
  const optional = ['permissions', 'roles', 'name', 'email'] as const;
  for (let left = 0; ; left++) {
    const token = signToken({ current: key }, typ, {
      iss: issuer,
      aud: audience,
      sub: cookie.uid,
      sid: cookie.sid,
      auth_time: cookie.authTime,
      iat: cookie.iat,
      exp: cookie.exp,
      perm_v: cookie.permissionVersion,
      ...(cookie.degradedSince === undefined ? {} : { degraded_since: cookie.degradedSince }),
      ...Object.fromEntries(optional.slice(left).map((claim) => [claim, cookie[claim]])),
    });
    // the attributes take at most 80 bytes
    if (siteCookies.statement.length + token.length + 80 <= longestCookie || left === optional.length)
      return setCookie(siteCookies.statement, token, { maxAge: endsAt - cookie.iat });
  }
}
