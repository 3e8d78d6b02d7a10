import { expect, it } from 'vitest';
import { gatewayHref, httpHref, loginHref } from './link.ts';

it.each([
  ['https://notes.acme.com', 'https://notes.acme.com/'],
  ['http://notes.acme.localhost:4180/a?b=c#d', 'http://notes.acme.localhost:4180/a?b=c#d'],
  ['HTTPS://Notes.ACME.com/"x', 'https://notes.acme.com/%22x'],
  ['javascript:alert(1)', undefined],
  [' java\nscript:alert(1)', undefined],
  ['data:text/html,<script>', undefined],
  ['blob:https://acme.com/1', undefined],
  ['//evil.example', undefined],
  ['/logout', undefined],
  ['', undefined],
])('the href of %j is %j', (address, href) => {
  expect(httpHref(address)).toBe(href);
});

it.each(['https://auth.acme.com', 'https://auth.acme.com/'])('base %s: addresses of the gateway', (base) => {
  expect(gatewayHref(base, '/logout')).toBe('https://auth.acme.com/logout');
  expect(loginHref(base)).toBe('https://auth.acme.com/login?return_to=https%3A%2F%2Fauth.acme.com%2F');
});

it('a base with a path keeps it', () => {
  expect(gatewayHref('https://app.acme.com/_sso', '/logout')).toBe('https://app.acme.com/_sso/logout');
  expect(loginHref('https://app.acme.com/_sso', 'https://app.acme.com/?a=1&b=2', 'login')).toBe(
    'https://app.acme.com/_sso/login?return_to=https%3A%2F%2Fapp.acme.com%2F%3Fa%3D1%26b%3D2&prompt=login',
  );
});

it('a base that is no http(s) URL is a mistake of the caller', () => {
  expect(() => gatewayHref('javascript:x', '/')).toThrow(TypeError);
});
