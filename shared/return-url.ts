import { SsoError } from './errors.ts';
import { isLoopback } from './loopback.ts';

declare const judged: unique symbol;

/** An address that the judge let through, serialised by the WHATWG parser. Only such an address may be redirected to. */
export type JudgedUrl = string & { readonly [judged]: true };

/** Longest return URL that is read at all, in characters. */
export const longestUrl = 1024;

/** What the one judge of URLs knows: where our sign-in reaches. */
export type UrlPolicy = {
  /** The gateway's own origin. Always allowed. */
  readonly gatewayOrigin: string;
  /** Parent domain of the apps: every host below it, on the default port, is allowed. */
  readonly cookieDomain: string;
  /** Exact origins of registered apps, on whatever domain or port. */
  readonly origins: readonly string[];
};

/**
 * Judges an address that somebody else gave us (`return_to`, `logout`, hand-off, forward-auth).
 *
 * Refused: more than 1,024 characters, control characters, spaces, backslashes, user information, anything but an
 * absolute http(s) URL, http outside loopback, and every host that is not ours. What is returned is the URL as the
 * parser understood it, never the text as it came.
 *
 * @throws SsoError `return_url_refused`, never a quiet fall-back.
 * @see https://url.spec.whatwg.org/
 */
export function judgeUrl(text: string, policy: UrlPolicy): JudgedUrl {
  if (text.length > longestUrl) refuse('too long');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that they are refused is the point
  if (/[\u0000-\u0020\u007f-\u009f\u00a0\u2028\u2029\ufeff\\]/.test(text))
    refuse('control character, space or backslash');
  if (!/^https?:\/\/[^/?#]/i.test(text)) refuse('not an absolute http(s) URL');
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new SsoError('return_url_refused', 'does not parse', { cause });
  }
  if (url.username || url.password || /^https?:\/\/[^/?#]*@/i.test(text)) refuse('user information');
  if (url.href.length > longestUrl) refuse('too long once serialised');
  // The parser lets `https://.acme.com`, `https://*.acme.com` and `https://evil.test;.acme.com` pass. Nobody needs such
  // names, and other parsers cut them elsewhere.
  if (!/^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/.test(url.hostname)) refuse('not a host name');

  const own = new URL(policy.gatewayOrigin);
  if (url.protocol === 'http:' && !(isLoopback(url.hostname) && own.protocol === 'http:')) refuse('plain http');
  if (url.origin === own.origin || policy.origins.includes(url.origin)) return url.href as JudgedUrl;

  const below = url.hostname === policy.cookieDomain || url.hostname.endsWith(`.${policy.cookieDomain}`);
  // The wildcard is for the default port: the gateway's own, so that it also holds on a machine where everything is :4180.
  if (below && url.port === own.port && url.protocol === own.protocol) return url.href as JudgedUrl;
  return refuse('no origin of ours');
}

function refuse(reason: string): never {
  throw new SsoError('return_url_refused', reason);
}
