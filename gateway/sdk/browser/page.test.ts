import { describe, expect, it } from 'vitest';
import { here, isStopover } from './page.ts';

const at = (address: string) => new URL(address, 'https://www.globex.com') as unknown as Location;
const hereAt = (address: string) => here(at(address), at(address).search);

describe('the address to return to', () => {
  it.each([
    ['/a/b?c=d&e=%2F#f', '/a/b?c=d&e=%2F#f'],
    ['/', '/'],
    ['/q?a=\\b', '/q?a=%5Cb'],
    [`/${'a'.repeat(900)}`, `/${'a'.repeat(900)}`],
    [`/${'a'.repeat(1000)}`, undefined],
  ])('of %s is %s', (address, outcome) => expect(hereAt(address)).toBe(outcome));

  it('never begins with two slashes, which would be another host', () => {
    const path = { pathname: '//evil.example/', hash: '', origin: 'https://www.globex.com' } as Location;
    expect(here(path, '')).toBe('/evil.example/');
  });
});

it.each([
  ['/sso/callback', true],
  ['/sso/login', true],
  ['/ssolong', false],
  ['/cb?code=a&state=b', true],
  ['/cb?state=b&error=login_required', true],
  ['/offers?code=summer', false],
  ['/map?state=ohio', false],
  ['/', false],
])('%s is a stop of a sign-in: %s', (address, is) => expect(isStopover(at(address), '/sso')).toBe(is));
