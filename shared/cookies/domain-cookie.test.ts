import { describe, expect, it } from 'vitest';
import { asSessionId, asUserId } from '../identity.ts';
import { createKeyring, generateKeyFile } from '../keys/keyring.ts';
import { signToken, type TokenClaims, verifyToken } from '../tokens/signed.ts';
import { longestCookie } from './cookie.ts';
import { type DomainCookie, domainCookieExpectation, readDomainCookie, writeDomainCookie } from './domain-cookie.ts';

const now = 1_800_000_000;
const name = '__Secure-sso';
const keyring = createKeyring(JSON.stringify(generateKeyFile('ES256')));
const keys = keyring.domainCookie;
const settings = {
  publicUrl: 'https://auth.acme.test',
  environment: '',
  cookie: {
    domain: 'acme.test',
    algorithm: 'ES256' as const,
    lifetime: 1800,
    renewWithin: 600,
    claims: ['email', 'name', 'roles', 'permissions'] as ('email' | 'name' | 'roles' | 'permissions')[],
  },
};
const expected = domainCookieExpectation({ publicUrl: settings.publicUrl, cookieDomain: 'acme.test' }, keys.all);
const ann: DomainCookie = {
  uid: asUserId('42'),
  sid: asSessionId('session-1'),
  authTime: now - 10,
  iat: now,
  exp: now + 1800,
  email: 'ann@acme.test',
  name: 'Ann Ösel',
  roles: ['admin'],
  permissions: ['notes:read', 'notes:write'],
  permissionVersion: 7,
};
const write = (cookie: DomainCookie, change: Partial<typeof settings.cookie> = {}) =>
  writeDomainCookie({ ...settings, cookie: { ...settings.cookie, ...change } }, keys, cookie, now + 43_200);
const tokenOf = (setCookie: string) => setCookie.slice(name.length + 1, setCookie.indexOf(';'));
const read = (header: string | undefined, at = now) => readDomainCookie(header, name, expected, at);
const annToken = tokenOf(write(ann));
const bobToken = tokenOf(write({ ...ann, uid: asUserId('43'), sid: asSessionId('session-2') }));
const expiredToken = tokenOf(write({ ...ann, iat: now - 3600, exp: now - 1800 }));

describe('the domain cookie', () => {
  it('comes back as it was written', () => {
    expect(read(`${name}=${annToken}`)).toEqual({ kind: 'valid', cookie: ann, token: annToken });
  });

  it('stays in the browser to the end of the session, for the whole domain', () => {
    expect(write(ann)).toMatch(/; Path=\/; Domain=acme\.test; Max-Age=43200; Secure; HttpOnly; SameSite=Lax$/);
  });

  it('says since when it was renewed without the provider', () => {
    const token = tokenOf(write({ ...ann, degradedSince: now - 60 }));
    expect(read(`${name}=${token}`)).toMatchObject({ cookie: { degradedSince: now - 60 } });
  });

  it.each<[string, ('email' | 'name' | 'roles' | 'permissions')[], string[]]>([
    ['nothing', [], []],
    ['the email alone', ['email'], ['email']],
    ['roles and permissions', ['permissions', 'roles'], ['permissions', 'roles']],
  ])('carries what the configuration names: %s', (_, claims, present) => {
    const reading = read(`${name}=${tokenOf(write(ann, { claims }))}`);
    const cookie = reading.kind === 'valid' ? reading.cookie : undefined;
    expect(['email', 'name', 'permissions', 'roles'].filter((claim) => cookie && claim in cookie)).toEqual(present);
  });

  it('carries an empty list of roles, which is not the same as none', () => {
    expect(read(`${name}=${tokenOf(write({ ...ann, roles: [] }))}`)).toMatchObject({ cookie: { roles: [] } });
    const { roles: _, ...unknown } = ann;
    const reading = read(`${name}=${tokenOf(write(unknown))}`);
    expect(reading.kind === 'valid' && 'roles' in reading.cookie).toBe(false);
  });
});

describe('a domain cookie that would grow too large', () => {
  const many = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}:read`);
  it.each<[string, Partial<DomainCookie>, string[]]>([
    ['drops permissions first', { permissions: many('resource-', 300) }, ['email', 'name', 'roles']],
    ['then roles', { permissions: many('resource-', 300), roles: many('role-', 300) }, ['email', 'name']],
    [
      'drops what is small as well, if it stands before what is large',
      { roles: many('role-', 300) },
      ['email', 'name'],
    ],
    ['then the name', { name: 'x'.repeat(4000) }, ['email']],
    ['then the email', { email: `${'x'.repeat(4000)}@acme.test` }, []],
  ])('%s', (_, change, left) => {
    const cookie = write({ ...ann, ...change });
    expect(Buffer.byteLength(cookie)).toBeLessThanOrEqual(longestCookie);
    const reading = read(`${name}=${tokenOf(cookie)}`);
    const found = reading.kind === 'valid' ? reading.cookie : undefined;
    expect(['email', 'name', 'permissions', 'roles'].filter((claim) => found && claim in found)).toEqual(left);
    expect(found).toMatchObject({ uid: ann.uid, sid: ann.sid, permissionVersion: 7 });
  });

  it('fits however many permissions there are', () => {
    for (let count = 0; count < 200; count += 7) {
      expect(Buffer.byteLength(write({ ...ann, permissions: many('r', count) }))).toBeLessThanOrEqual(longestCookie);
    }
  });

  it('and cannot shrink is an error of ours, not a cookie that a browser drops', () => {
    expect(() => write({ ...ann, uid: asUserId('9'.repeat(4000)) })).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });
});

describe('the domain cookies of a request', () => {
  const five = Array.from({ length: 5 }, (_, i) => `${name}=rubbish${i}`).join('; ');
  it.each<[string, string | undefined, string]>([
    ['none', undefined, 'none'],
    ['an empty one', `${name}=`, 'none'],
    ['rubbish', `${name}=rubbish`, 'none'],
    ['one good', `${name}=${annToken}`, 'valid'],
    ['the same twice', `${name}=${annToken}; ${name}=${annToken}`, 'valid'],
    ['two different good ones', `${name}=${annToken}; ${name}=${bobToken}`, 'conflict'],
    ['two different good ones the other way round', `${name}=${bobToken}; ${name}=${annToken}`, 'conflict'],
    [
      'two good ones of one person',
      `${name}=${annToken}; ${name}=${tokenOf(write({ ...ann, iat: now - 1 }))}`,
      'conflict',
    ],
    ['a good one and rubbish', `${name}=rubbish; ${name}=${annToken}`, 'valid'],
    ['an expired one', `${name}=${expiredToken}`, 'expired'],
    ['an expired and a good one', `${name}=${expiredToken}; ${name}=${annToken}`, 'valid'],
    ['a good and an expired one', `${name}=${annToken}; ${name}=${expiredToken}`, 'valid'],
    ['an expired one and rubbish', `${name}=${expiredToken}; ${name}=rubbish`, 'expired'],
    ['more than four values', `${name}=${annToken}; ${five}`, 'conflict'],
    ['five values of rubbish', five, 'conflict'],
    ['five times the same', Array.from({ length: 5 }, () => `${name}=${annToken}`).join('; '), 'valid'],
    ['names that end alike', `x${name}=${bobToken}; ${name}=${annToken}`, 'valid'],
    ['names that begin alike', `${name}2=${bobToken}; ${name}_x=${bobToken}; ${name}=${annToken}`, 'valid'],
    ['only names that look alike', `x${name}=${annToken}; ${name}2=${annToken}`, 'none'],
    ['one in quotes', `${name}="${annToken}"`, 'none'],
    ['one with spaces around', `a=b;  ${name}=${annToken}  ; c=d`, 'valid'],
    ['one with a padded signature', `${name}=${annToken}==`, 'none'],
    ['a good one in another cookie', `a=${name}=${annToken}`, 'none'],
  ])('%s', (_, header, kind) => expect(read(header).kind).toBe(kind));

  it('say who an expired one spoke of, and grant nothing', () => {
    const reading = read(`${name}=${expiredToken}`);
    expect(reading).toMatchObject({ kind: 'expired', cookie: { uid: '42' } });
    expect(reading).not.toHaveProperty('token');
  });
});

describe('a token that is no domain cookie', () => {
  const claims: TokenClaims = {
    iss: settings.publicUrl,
    aud: 'acme.test',
    sub: '42',
    sid: 'session-1',
    auth_time: now,
    iat: now,
    exp: now + 60,
    perm_v: 1,
  };
  const kindOf = (token: string) => read(`${name}=${token}`).kind;

  it.each<[string, Record<string, unknown>]>([
    ['without sid', { sid: undefined }],
    ['with an empty sid', { sid: '' }],
    ['with a sid that is a number', { sid: 7 }],
    ['without auth_time', { auth_time: undefined }],
    ['without permission version', { perm_v: undefined }],
    ['with a permission version that is text', { perm_v: '1' }],
    ['with a permission version that overflows', { perm_v: null }],
    ['for a subdomain', { aud: 'x.acme.test' }],
    ['for a parent', { aud: 'test' }],
    ['of another gateway', { iss: 'https://auth.evil.test' }],
  ])('%s', (_, change) => {
    expect(kindOf(signToken(keys, 'sso+jwt', claims))).toBe('valid');
    expect(kindOf(signToken(keys, 'sso+jwt', { ...claims, ...change }))).toBe('none');
  });

  it('signed by the identity or OpenID key', () => {
    expect(kindOf(signToken(keyring.identity, 'sso+jwt', claims))).toBe('none');
    expect(kindOf(signToken(keyring.openid, 'sso+jwt', claims))).toBe('none');
  });

  it('is an identity JWT', () => {
    expect(kindOf(signToken(keys, 'identity+jwt', claims))).toBe('none');
  });

  it.each<[string, unknown]>([
    ['roles as text', 'admin'],
    ['roles as an object', { 0: 'admin' }],
    ['a role that is no text', ['admin', 7]],
  ])('%s are unknown roles, never some', (_, roles) => {
    const reading = read(`${name}=${signToken(keys, 'sso+jwt', { ...claims, roles })}`);
    expect(reading.kind === 'valid' && 'roles' in reading.cookie).toBe(false);
  });
});

it('verifies as an ordinary JWT of the published keys', () => {
  expect(verifyToken(annToken, expected, now)).toMatchObject({ kind: 'valid', claims: { sub: '42', perm_v: 7 } });
});
