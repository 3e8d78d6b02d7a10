import { cookieValues } from '../../shared/cookies/cookie.ts';

/**
 * Tells the browser, for FedCM, whether somebody is signed in here. It follows from the session cookie that an answer sets
 * or removes, so that no route can forget it; a route that says so itself is left alone.
 *
 * @param host Name of the session's cookie.
 * @see https://w3c-fedid.github.io/login-status/#login-status-http
 */
export function setLoginStatus(headers: Headers, host: string): void {
  if (headers.has('set-login')) return;
  for (const line of headers.getSetCookie()) {
    const [value] = cookieValues(line, host);
    // attributes follow the first pair, and none of them has our name
    if (value !== undefined) headers.set('set-login', value === '' ? 'logged-out' : 'logged-in');
  }
}
