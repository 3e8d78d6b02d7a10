import { describe, expect, it } from 'vitest';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import type { Mischief } from './rogue-provider.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

/** An answer that nobody can read may be a broken machine in between: that passes. */
const unreadable: Mischief = { tokens: { id_token: 'not.a.token' } };

const mischief: Readonly<Record<string, Mischief>> = {
  'the nonce of another attempt': { claims: { nonce: 'of-another-attempt' } },
  'no nonce': { claims: { nonce: undefined } },
  'a nonce that is a list': { claims: { nonce: ['x'] } },
  'another issuer': { claims: { iss: 'https://evil.test' } },
  'its issuer and a slash': { claims: { iss: 'http://rogue.localhost/' } },
  'no issuer': { claims: { iss: undefined } },
  'another audience': { claims: { aud: 'another-app' } },
  'a list of other audiences': { claims: { aud: ['another-app', 'a-third'] } },
  'no audience': { claims: { aud: undefined } },
  'us among the audiences, made for another': { claims: { aud: ['gateway', 'another-app'], azp: 'another-app' } },
  'alg none': { signedBy: 'nobody' },
  'the signature of another key': { signedBy: 'another key' },
  'the client secret as key': { signedBy: 'the client secret' },
  'a kid that it does not publish': { header: { kid: 'unpublished' } },
  'a critical extension': { header: { crit: ['x'], x: 1 } },
  'an hour’s age': { claims: { iat: ago(7200), exp: ago(3600) } },
  'no expiry': { claims: { exp: undefined } },
  'no time of issue': { claims: { iat: undefined } },
  'a start in the future': { claims: { nbf: ago(-3600) } },
  'no subject': { claims: { sub: undefined } },
  'an empty subject': { claims: { sub: '' } },
  'a subject that is a number': { claims: { sub: 42 } },
  'a subject without end': { claims: { sub: 'x'.repeat(300) } },
  'a subject that no column holds': { claims: { sub: 'a\u0000b' } },
  'no ID token': { tokens: { id_token: undefined } },
  'an ID token that is none': unreadable,
  'no access token': { tokens: { access_token: undefined } },
  'a kind of token that nobody knows': { tokens: { token_type: 'mac' } },
  'another issuer in the answer': { callback: { iss: 'https://evil.test' } },
};

/** A provider that lies, or that somebody between it and us makes lie. */
export function rogueProviderSuite(start: StartSubject): void {
  describe('a provider that answers with', () => {
    const subject = subjectFor(start);
    const login = () => {
      const { at } = subject();
      return `${at.gateway}/login?${new URLSearchParams({ return_to: `${at.notes}/`, provider: 'rogue' })}`;
    };

    it('what it should, signs in, and what it claims to know of roles counts for nothing', async () => {
      const { at, browser, rogue } = subject();
      rogue.misbehave({ claims: { uid: 'of-ann', roles: ['admin'], permissions: ['users:manage'], perm_v: 1 } });
      const one = browser();
      const page = await one.tab().goto(login());
      expect(page).toMatchObject({ url: `${at.notes}/`, status: 200 });
      expect(await sessionOf(one, subject())).toMatchObject({ email: 'rogue@rogue.test', roles: [], permissions: [] });
      expect(domainCookieOf(one, at.notes)?.sub).not.toBe('of-ann');
    });

    it.each(Object.entries(mischief))('%s signs nobody in', async (_, how) => {
      const { at, browser, rogue } = subject();
      rogue.misbehave(how);
      const one = browser();
      const page = await one.tab().goto(login());
      expect(page.url.startsWith(`${at.gateway}/callback/rogue`), page.url).toBe(true);
      expect(how === unreadable ? [503] : [400, 403]).toContain(page.status);
      expect(page.hops.flatMap(cookiesSet).filter((name) => /sso$/.test(name))).toEqual([]);
      expect(await sessionOf(one, subject())).toBeUndefined();
    });

    it('the email of somebody else takes nobody’s account', async () => {
      const { browser, rogue } = subject();
      rogue.misbehave({ claims: { sub: 'thief', email: 'ann@acme.test', email_verified: true } });
      const one = browser();
      const page = await one.tab().goto(login());
      expect(page.status).toBe(403);
      expect(page.body).toContain('account_conflict');
      expect(await sessionOf(one, subject())).toBeUndefined();
    });

    it('another person at the refresh ends the session', async () => {
      const { browser, rogue, pass } = subject();
      rogue.misbehave();
      const one = browser();
      await one.tab().goto(login());
      await pass(61 * 60);
      rogue.misbehave({ claims: { sub: 'somebody-else' } });
      expect(await sessionOf(one, subject())).toBeUndefined();
      rogue.misbehave();
      expect(await sessionOf(one, subject())).toBeUndefined();
    });

    it.each<[string, Mischief]>([
      ['the signature of another key', { signedBy: 'another key' }],
      ['another issuer', { claims: { iss: 'https://evil.test' } }],
      ['an ID token that is none', { refreshed: { id_token: 'x' } }],
    ])('%s at the refresh ends nothing, and confirms nothing', async (_, how) => {
      const { at, browser, rogue, pass, now } = subject();
      rogue.misbehave();
      const one = browser();
      await one.tab().goto(login());
      await pass(61 * 60);
      rogue.misbehave(how);
      await one.tab().goto(`${at.gateway}/`);
      const cookie = domainCookieOf(one, at.notes);
      expect((cookie?.exp ?? 0) - now()).toBeGreaterThan(200);
      expect((cookie?.exp ?? 0) - now()).toBeLessThanOrEqual(300);
      rogue.misbehave();
      await pass(60);
      await one.tab().goto(`${at.gateway}/`);
      expect((domainCookieOf(one, at.notes)?.exp ?? 0) - now()).toBeGreaterThan(1700);
    });
  });
}
