import { Buffer } from 'node:buffer';
import type { Seconds } from '../clock.ts';
import { SsoError } from '../errors.ts';

/**
 * What a browser takes of a cookie, in bytes: name and value, and older ones count the attributes too. A longer one is
 * dropped, and nobody is told.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-6.1
 */
export const browserCookieLimit = 4096;

/** Longest cookie that we issue, name and value and attributes together, in bytes: under {@link browserCookieLimit}. */
export const longestCookie = 4000;

/** Names of every cookie of one environment. */
export type CookieNames = {
  /** The session itself; host of the gateway only. */
  readonly host: string;
  /** The signed cookie on the parent domain. */
  readonly domain: string;
  /** Followed by a hash of the attempt's state. */
  readonly loginPrefix: string;
  /** What frames on other domains and FedCM may see of the session. */
  readonly crossSite: string;
  /** Lets the frame on one app's domain notice the end of a session where it sees no other cookie. */
  readonly monitor: string;
  /** Counts automatic bounces. */
  readonly bounces: string;
  /** Where to go once the provider has signed the person out too. */
  readonly afterLogout: string;
};

/** @param environment Suffix from the configuration; empty for none. */
export function cookieNames(environment: string): CookieNames {
  const suffix = environment ? `_${environment}` : '';
  return {
    host: `__Host-sso${suffix}`,
    domain: `__Secure-sso${suffix}`,
    loginPrefix: `__Host-sso${suffix}_login_`,
    crossSite: `__Host-sso${suffix}_xs`,
    monitor: `__Host-sso${suffix}_mon`,
    bounces: `__Host-sso${suffix}_bounces`,
    afterLogout: `__Host-sso${suffix}_after_logout`,
  };
}

/**
 * Every value that a request carries under exactly this name, in order, repeats included.
 *
 * Our values are tokens, so quotes are not unwrapped and nothing is percent-decoded. It goes from one occurrence of the
 * name to the next and looks around each, which leaves other cookies to the engine's own search.
 *
 * @param header `Cookie` header as received; absent is the same as empty.
 * @see RFC 6265 §5.4
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (!header) return [];
  let values: string[] | undefined;
  let at = header.indexOf(name);
  while (at >= 0) {
    const equals = at + name.length;
    let next = equals;
    if (header.charCodeAt(equals) === 0x3d && beginsPair(header, at)) {
      const end = header.indexOf(';', equals);
      next = end < 0 ? header.length : end;
      const value = header.slice(equals + 1, next).trimEnd();
      // nearly always the only one, and an empty list that grows makes room for many
      if (values === undefined) values = [value];
      else values.push(value);
    }
    at = header.indexOf(name, next);
  }
  return values ?? [];
}

/** Is there nothing but white space between this place and the start, or the last semicolon? */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (header.charCodeAt(before) === 0x20 || header.charCodeAt(before) === 0x09) before--;
  return before < 0 || header.charCodeAt(before) === 0x3b;
}

/** Names in a `Cookie` header that begin with a prefix, without repeats. */
export function cookieNamesWith(header: string | undefined, prefix: string): string[] {
  const names = new Set<string>();
  for (const pair of (header ?? '').split(';')) {
    const name = pair.slice(0, Math.max(pair.indexOf('='), 0)).trim();
    if (name.startsWith(prefix)) names.add(name);
  }
  return [...names];
}

/** Attributes beside `Secure; HttpOnly; Path=/`, which every cookie here has. */
export type CookieAttributes = {
  /** Seconds to keep it; 0 removes it. Absent: until the browser closes. */
  readonly maxAge?: Seconds;
  /** Only for the cookie on the parent domain. */
  readonly domain?: string;
  /** `None` only for what frames on other domains have to see. Default: `Lax`. */
  readonly sameSite?: 'None';
  /**
   * Kept apart for each site that frames us, which browsers allow where they block other third-party cookies.
   *
   * @see https://datatracker.ietf.org/doc/draft-cutler-httpbis-partitioned-cookies/
   */
  readonly partitioned?: true;
};

/**
 * Writes a `Set-Cookie` value.
 *
 * @param value Characters of a token only; nothing is escaped.
 * @throws SsoError `internal` for a name, value or domain that is no token, or a cookie over {@link longestCookie}: a browser would drop
 *   it silently.
 * @see RFC 6265bis §4.1
 */
export function setCookie(name: string, value: string, attributes: CookieAttributes = {}): string {
  // nothing that came from outside may add an attribute or a header
  if (!/^[A-Za-z0-9_-]+$/.test(name) || !/^[a-z0-9.:[\]_-]*$/.test(attributes.domain ?? ''))
    throw new SsoError('internal', 'a cookie would have a malformed name or domain');
  if (!/^[A-Za-z0-9._~-]*$/.test(value))
    throw new SsoError('internal', `${name} would hold characters that no cookie may`);
  const parts = [`${name}=${value}`, 'Path=/'];
  if (attributes.domain !== undefined) parts.push(`Domain=${attributes.domain}`);
  if (attributes.maxAge !== undefined) parts.push(`Max-Age=${Math.max(0, Math.floor(attributes.maxAge))}`);
  parts.push('Secure', 'HttpOnly', `SameSite=${attributes.sameSite ?? 'Lax'}`);
  if (attributes.partitioned) parts.push('Partitioned');
  const cookie = parts.join('; ');
  if (Buffer.byteLength(cookie) > longestCookie)
    throw new SsoError('internal', `${name} would be ${cookie.length} bytes`);
  return cookie;
}

/**
 * Removes a cookie. It has to name the same domain that it was set with, and from a frame on another domain only an answer
 * with `SameSite=None` reaches it.
 */
export function clearCookie(
  name: string,
  domain?: string,
  attributes: Pick<CookieAttributes, 'sameSite' | 'partitioned'> = {},
): string {
  return setCookie(name, '', { maxAge: 0, ...(domain === undefined ? {} : { domain }), ...attributes });
}
