import { expect, it } from 'vitest';
import { clearCookie, setCookie } from '../../shared/cookies/cookie.ts';
import { setLoginStatus } from './login-status.ts';

const name = '__Host-sso';

it.each<[string, readonly string[], string | null]>([
  ['sets the session', [setCookie('__Secure-sso', 'x'), setCookie(name, 'sealed', { maxAge: 60 })], 'logged-in'],
  ['removes the session', [clearCookie(name), clearCookie('__Secure-sso', 'acme.test')], 'logged-out'],
  ['sets another environment’s session', [setCookie(`${name}_test`, 'sealed')], null],
  ['sets other cookies alone', [setCookie(`${name}_xs`, 'sealed'), clearCookie(`${name}_login_x`)], null],
  ['sets no cookie', [], null],
])('an answer that %s', (_, cookies, expected) => {
  const headers = new Headers();
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  setLoginStatus(headers, name);
  expect(headers.get('set-login')).toBe(expected);
});

it('what a route said itself stays', () => {
  const headers = new Headers({ 'set-login': 'logged-in', 'set-cookie': clearCookie(name) });
  setLoginStatus(headers, name);
  expect(headers.get('set-login')).toBe('logged-in');
});
