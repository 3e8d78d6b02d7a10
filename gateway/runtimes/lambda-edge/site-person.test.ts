import { describe, expect, it } from 'vitest';
import type { ProviderConfig } from '../../../shared/config.ts';
import { asSessionId, asSubject, asUserId } from '../../../shared/identity.ts';
import { siteKey } from './check-auth.testing.ts';
import type { SiteSettings } from './settings.ts';
import { readSiteCookie } from './site-cookie.ts';
import { personOf, stateWho } from './site-person.ts';

const subject = asSubject('sub-ann');
const site = 'https://docs.acme.test';
const keys = new Map([[siteKey.kid, siteKey]]);
const provider = (more: Partial<SiteSettings['provider']> = {}) =>
  ({ id: 'site', triggers: false, ...more }) as ProviderConfig & SiteSettings['provider'];
const claims = { sub: 'sub-ann', email: 'ann@acme.test', name: 'Ann' };

describe('who the claims of a provider speak of', () => {
  it('is the subject, with no roles, whatever else the token says', () => {
    const person = personOf({ ...claims, uid: '42', roles: ['admin'], permissions: ['a:b'] }, subject, provider());
    expect(person).toEqual({
      uid: 'sub-ann',
      permissionVersion: 1,
      email: 'ann@acme.test',
      name: 'Ann',
      roles: [],
      permissions: [],
    });
  });

  it.each<[string, unknown, string[]]>([
    ['a list', ['admin', 'staff'], ['admin', 'staff']],
    ['what is no role’s name', ['admin', 'two words', 7, null, 'x'.repeat(65)], ['admin']],
    ['a text', 'admin', []],
    ['nothing', undefined, []],
  ])('has as roles what the named claim says: %s', (_, groups, roles) => {
    const found = personOf(
      { ...claims, 'cognito:groups': groups },
      subject,
      provider({ rolesClaim: 'cognito:groups' }),
    );
    expect(found.roles).toEqual(roles);
  });

  it.each<[string, unknown, boolean]>([
    ['calls unverified', false, false],
    ['calls unverified in words, as Cognito’s UserInfo does', 'false', false],
    ['calls verified', true, true],
    ['says nothing of', undefined, true],
  ])(
    'has no email of somebody else, written into their own account: one that the provider %s',
    (_, verified, there) => {
      for (const triggers of [false, true]) {
        const token = { ...claims, email: 'boss@acme.test', email_verified: verified, uid: '42', perm_v: 1 };
        const person = personOf(token, subject, provider({ triggers }));
        expect(person.email).toBe(there ? 'boss@acme.test' : undefined);
      }
    },
  );

  it('is the row in the users table where our trigger runs', () => {
    const token = { ...claims, uid: '42', roles: ['admin'], permissions: ['a:b'], perm_v: 3 };
    expect(personOf(token, subject, provider({ triggers: true }))).toMatchObject({
      uid: '42',
      roles: ['admin'],
      permissions: ['a:b'],
      permissionVersion: 3,
    });
  });

  it.each<[string, object]>([
    ['no uid', {}],
    ['a malformed one', { uid: 42, perm_v: 1 }],
    ['malformed roles', { uid: '42', perm_v: 1, roles: [1] }],
  ])('is nobody there for %s', (_, more) => {
    const act = () => personOf({ ...claims, ...more }, subject, provider({ triggers: true }));
    expect(act).toThrow('account_unknown');
  });
});

describe('the statement', () => {
  const settings = {
    site,
    session: { lifetime: 43_200, cookieLifetime: 1800, outageLifetime: 300, outageLimit: 3600 },
  } as SiteSettings;
  const now = 1_800_000_000;
  const session = { sid: asSessionId('s'), authTime: now, endsAt: now + 43_200 };
  const person = {
    uid: asUserId('sub-ann'),
    permissionVersion: 1,
    email: 'ann@acme.test',
    name: 'Ann',
    roles: ['a'],
    permissions: [],
  };
  const read = (line: string, at = now) => readSiteCookie(line.split(';')[0], site, keys, at);

  it.each([
    ['half an hour', now, undefined, now + 1800],
    ['to the session’s end at most', now + 43_000, undefined, now + 43_200],
    ['five minutes in an outage', now, now, now + 300],
  ])('lives %s', (_, at, degradedSince, exp) => {
    const reading = read(stateWho(person, session, settings, siteKey, at, degradedSince), at);
    expect(reading).toMatchObject({ kind: 'valid', cookie: { exp, uid: 'sub-ann', roles: ['a'] } });
  });

  it('loses permissions and roles, then the rest, rather than its place in the browser', () => {
    const many = { ...person, roles: Array.from({ length: 400 }, (_, i) => `a-role-with-a-name-${i}`) };
    const line = stateWho(many, session, settings, siteKey, now);
    expect(line.length).toBeLessThan(4000);
    const reading = read(line);
    expect(reading).toMatchObject({ kind: 'valid', cookie: { email: 'ann@acme.test' } });
    expect(reading.kind === 'valid' && reading.cookie.roles).toBe(undefined);
  });

  it('is for that host alone, and no script', () => {
    expect(stateWho(person, session, settings, siteKey, now)).toMatch(
      /^__Host-site=[\w.-]+; Path=\/; Max-Age=43200; Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  it('of one site is nothing at another', () => {
    const line = stateWho(person, session, settings, siteKey, now);
    expect(readSiteCookie(line.split(';')[0], 'https://other.acme.test', keys, now)).toEqual({ kind: 'none' });
  });
});
