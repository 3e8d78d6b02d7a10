import { describe, expect, it } from 'vitest';
import { asUserId } from '../../shared/identity.ts';
import { testConfig } from './check.testing.ts';
import { headerValue, identityHeaderNames, identityHeaders, passHeaders } from './identity-headers.ts';

const { check } = testConfig();
const uid = asUserId('42');

describe('identity headers', () => {
  it.each<['remote' | 'x-auth-request', string[]]>([
    ['remote', ['Remote-User', '42', 'Remote-Email', 'a@b.c', 'Remote-Name', 'Ann', 'Remote-Groups', 'x,y']],
    [
      'x-auth-request',
      [
        'X-Auth-Request-User',
        '42',
        'X-Auth-Request-Email',
        'a@b.c',
        'X-Auth-Request-Preferred-Username',
        'Ann',
        'X-Auth-Request-Groups',
        'x,y',
      ],
    ],
  ])('come in the family %s', (headers, expected) => {
    expect(identityHeaders({ ...check, headers }, { uid, email: 'a@b.c', name: 'Ann', roles: ['x', 'y'] })).toEqual(
      expected,
    );
  });

  it('are all there for nobody, and for somebody of whom little is known', () => {
    const empty = ['Remote-User', '', 'Remote-Email', '', 'Remote-Name', '', 'Remote-Groups', ''];
    expect(identityHeaders(check, undefined)).toEqual(empty);
    expect(identityHeaders(check, { uid })).toEqual(empty.with(1, '42'));
  });

  it.each([false, true])('are those that are named for proxies to strip, with the signed one %s', (identityJwt) => {
    const names = identityHeaders(check, undefined).filter((_, i) => i % 2 === 0);
    expect(identityHeaderNames({ ...check, identityJwt })).toEqual(identityJwt ? [...names, 'Identity-Token'] : names);
  });

  it('come with the order not to store them, and what they depend on', () => {
    expect(passHeaders(check, { uid }).slice(8)).toEqual([
      'Cache-Control',
      'no-store',
      'Vary',
      'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept',
    ]);
  });
});

describe('a header value', () => {
  it.each([
    ['plain text', 'Ann Archer <x> "y"; z=1', 'Ann Archer <x> "y"; z=1'],
    ['an address', 'ann+tag@acme.test', 'ann+tag@acme.test'],
    ['letters beyond ASCII', 'Ann Ösel', 'Ann %C3%96sel'],
    ['another alphabet', '安', '%E5%AE%89'],
    ['an emoji', '😀', '%F0%9F%98%80'],
    ['an address beyond ASCII', 'ännchen@acme.test', '%C3%A4nnchen@acme.test'],
    ['a percent sign, which would be decoded', '100%41', '100%2541'],
    ['a line break', 'Ann\r\nRemote-User: 1', 'Ann%0D%0ARemote-User%3A 1'],
    ['a lone line feed', 'Ann\nSet-Cookie: a=b', 'Ann%0ASet-Cookie%3A a%3Db'],
    ['a NUL', 'Ann\0', 'Ann%00'],
    ['a tab', 'Ann\tArcher', 'Ann%09Archer'],
    ['DEL', 'Ann\x7f', 'Ann%7F'],
    ['half a surrogate pair', 'Ann\ud800', 'Ann%EF%BF%BD'],
    ['Latin-1, which Node would send as one byte', 'Zoé', 'Zo%C3%A9'],
    ['a line separator', 'a\u2028b', 'a%E2%80%A8b'],
    ['nothing', '', ''],
  ])('of %s', (_, text, value) => {
    expect(headerValue(text)).toBe(value);
    expect(decodeURIComponent(value)).toBe(text.toWellFormed());
  });
});
