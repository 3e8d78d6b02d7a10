import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { cookiesSet, domainCookieOf, sessionOf, untilAppsKnow } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const minute = 60;

/** What an app under the parent domain can do that is not ours, or was taken over: set cookies for all, and read the domain cookie. */
export function siblingSuite(start: StartSubject): void {
  describe('a sibling that tosses a domain cookie', () => {
    const subject = subjectFor(start);
    const toss = (value: string) => `__Secure-sso=${value}; Domain=acme.localhost; Path=/; Secure; HttpOnly`;

    it('of another person changes nobody at the gateway, and the next renewal puts it right', async () => {
      const { at, pass, signedIn, uid } = subject();
      const evil = (await signedIn(people.eve)).browser.jar.value('__Secure-sso', at.notes) ?? '';
      const { browser, tab } = await signedIn(people.ann);
      browser.toss(at.sibling, toss(evil));
      expect(await sessionOf(browser, subject())).toMatchObject({ uid: uid(people.ann) });
      const home = await tab.goto(`${at.gateway}/`);
      expect(textOf(home.body)).toContain('Ann Almond');
      expect(domainCookieOf(browser, at.notes)?.sub).toBe(uid(people.ann));
      browser.toss(at.sibling, toss(evil));
      await pass(25 * minute);
      await tab.goto(`${at.notes}/`);
      expect(domainCookieOf(browser, at.notes)?.sub).toBe(uid(people.ann));
    });

    it('of another person signs nobody in at the gateway', async () => {
      const { at, browser, provider, signedIn } = subject();
      const evil = (await signedIn(people.eve)).browser.jar.value('__Secure-sso', at.notes) ?? '';
      const one = browser();
      one.toss(at.sibling, toss(evil));
      expect(await sessionOf(one, subject())).toBeUndefined();
      const page = await one.tab().goto(`${at.gateway}/`);
      expect(page.url).toContain(provider.origin);
      // and the sign-in that begins here clears it away
      expect(domainCookieOf(one, at.notes)).toBeUndefined();
    });

    it('of a session that has ended gives nobody back', async () => {
      const { at, provider, signedIn, uid } = subject();
      const { browser, tab } = await signedIn(people.ann);
      const old = browser.jar.value('__Secure-sso', at.notes) ?? '';
      await tab.goto(`${at.gateway}/logout`);
      await tab.submit();
      await provider.finishSignOut(tab);
      browser.toss(at.sibling, toss(old));
      await untilAppsKnow(subject(), browser, async () => {
        expect(JSON.parse((await tab.goto(`${at.notes}/`)).body)).toMatchObject({ user: uid(people.ann) });
        expect(await sessionOf(browser, subject())).toBeUndefined();
      });
      const page = await tab.goto(`${at.notes}/`);
      expect(page.url).toContain(provider.origin);
      await provider.signIn(tab, people.bob);
      browser.toss(at.sibling, toss(old));
      const again = await tab.goto(`${at.notes}/`);
      expect(JSON.parse(again.body)).toMatchObject({ user: uid(people.bob) });
    });

    it('cannot toss what only the gateway sets', async () => {
      const { at, browser, signedIn } = subject();
      const evil = (await signedIn(people.eve)).browser.jar.value('__Host-sso', at.gateway) ?? '';
      const one = browser();
      for (const attributes of [
        'Domain=acme.localhost; Path=/; Secure',
        'Path=/; Secure',
        'Domain=acme.localhost; Path=/',
      ])
        one.toss(at.sibling, `__Host-sso=${evil}; ${attributes}`);
      expect(one.jar.header(new URL(at.gateway))).toBeUndefined();
    });
  });

  describe('a stolen domain cookie', () => {
    const subject = subjectFor(start);
    const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

    it('alone is not renewed, and signs nobody in, near its end or after', async () => {
      const { at, ask, pass, signedIn } = subject();
      const { browser } = await signedIn(people.ann);
      const headers = { cookie: `__Secure-sso=${browser.jar.value('__Secure-sso', at.notes)}`, ...navigation };
      for (const wait of [0, 25 * minute, 10 * minute]) {
        await pass(wait);
        for (const path of ['/refresh', '/login', '/']) {
          const answer = await ask(path, { headers });
          expect([path, answer.status]).toEqual([path, 302]);
          expect(cookiesSet(answer).filter((name) => !name.includes('_login_'))).toEqual([]);
        }
        expect(await ask('/session', { headers })).toMatchObject({ status: 401, cookies: [] });
        expect((await ask('/check', { headers })).cookies).toEqual([]);
      }
    });

    it('in a browser near its end is sent to renew, and from there to the provider', async () => {
      const { at, browser, pass, provider, signedIn } = subject();
      const stolen = (await signedIn(people.ann)).browser.jar.value('__Secure-sso', at.notes) ?? '';
      const thief = browser();
      thief.toss(at.notes, `__Secure-sso=${stolen}; Domain=acme.localhost; Path=/; Secure`);
      const tab = thief.tab();
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      await pass(25 * minute);
      const page = await tab.goto(`${at.notes}/`);
      expect(page.url).toContain(provider.origin);
      expect(page.hops.flatMap(cookiesSet)).not.toContain('__Secure-sso');
    });

    it('beside a session of the thief’s own renews the thief alone', async () => {
      const { at, pass, signedIn, uid } = subject();
      const stolen = (await signedIn(people.ann)).browser.jar.value('__Secure-sso', at.notes) ?? '';
      const { browser, tab } = await signedIn(people.cyd);
      browser.toss(at.sibling, `__Secure-sso=${stolen}; Domain=acme.localhost; Path=/; Secure`);
      await pass(25 * minute);
      await tab.goto(`${at.notes}/`);
      expect(domainCookieOf(browser, at.notes)?.sub).toBe(uid(people.cyd));
    });

    it('ends with the session that it was stolen from', async () => {
      const { at, ask, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann);
      const cookie = `__Secure-sso=${browser.jar.value('__Secure-sso', at.notes)}`;
      expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 204 });
      await tab.goto(`${at.gateway}/logout`);
      await tab.submit();
      await provider.finishSignOut(tab);
      expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
    });
  });
}
