import { describe, expect, it } from 'vitest';
import { attemptsIn, seen, signedInAt } from './hand-off-sdk.testing.ts';
import { handOffSdkPageSuite } from './hand-off-sdk-page.suite.ts';
import { handOffSdkSignOutSuite } from './hand-off-sdk-sign-out.suite.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Our own filter at apps on other domains: what they and their people do. */
export function handOffSdkSuite(start: StartSubject): void {
  describe('an app on another domain that has our filter', () => {
    const subject = subjectFor(start);
    const names = ['umbrella', 'hooli', 'vehement'] as const;
    it.each(names)('%s knows who is signed in at the gateway, asks nothing, and shows the very page', async (id) => {
      const { apps, signedIn, uid } = subject();
      const { tab } = await signedIn();
      const page = await tab.goto(`${apps[id].url}/admin?page=2&q=a%20b%26c#part`);
      expect(page.status).toBe(200);
      expect(page.url).toBe(`${apps[id].url}/admin?page=2&q=a%20b%26c#part`);
      expect(seen(page)).toMatchObject({ app: id, uid: uid(people.ann) });
      // the page, the gateway, the callback, the page
      expect(page.hops.map(({ url }) => new URL(url).pathname.replace('/shop', ''))).toEqual([
        '/admin',
        '/authorize',
        '/sso/callback',
        '/admin',
      ]);
      expect(apps[id].signedIn.at(-1)).toMatchObject({
        id: uid(people.ann),
        name: 'Ann Almond',
        roles: ['admin'],
        permissions: expect.arrayContaining(['users:manage']),
      });
    });

    it('sends whom nobody knows to sign in, and back', async () => {
      const { apps, browser, provider, uid } = subject();
      const tab = browser().tab();
      await tab.goto(`${apps.umbrella.url}/list?x=1`);
      const page = await provider.signIn(tab, people.bob);
      expect([page.url, seen(page).uid]).toEqual([`${apps.umbrella.url}/list?x=1`, uid(people.bob)]);
      expect((await tab.goto(`${apps.umbrella.url}/admin`)).status).toBe(403);
      expect((await tab.goto(`${apps.hooli.url}/`)).status).toBe(200);
    });

    it('keeps the session in one HttpOnly cookie of its own, in which nothing can be read', async () => {
      const { apps, uid } = subject();
      const { browser, page } = await signedInAt(subject(), apps.umbrella);
      const kept = browser.jar.sent(new URL(apps.umbrella.url));
      expect(kept.map(({ name }) => name).sort()).toEqual(['__Host-app_session', 'theme']);
      const session = kept.find(({ name }) => name === '__Host-app_session');
      expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'lax', hostOnly: true, path: '/' });
      const text = Buffer.from(session?.value ?? '', 'base64url').toString('latin1');
      expect(text).not.toContain(uid(people.ann));
      expect(text).not.toContain('eyJ');
      expect(page.headers.get('vary')).toContain('Cookie');
      expect(page.headers.get('cache-control')).toBe('private, no-cache');
      expect(page.hops.slice(0, 3).every((hop) => hop.headers.get('cache-control') === 'no-store')).toBe(true);
    });

    it('asks neither the gateway nor the person again', async () => {
      const { apps } = subject();
      const { tab } = await signedInAt(subject(), apps.umbrella);
      const asked = apps.asked.length;
      for (const path of ['/admin', '/a', '/b?c']) {
        const page = await tab.goto(apps.umbrella.url + path);
        expect([page.hops.length, cookiesSet(page)]).toEqual([1, ['theme']]);
      }
      expect(apps.asked.length).toBe(asked);
    });

    it('works in another process than the one that began it', async () => {
      const { apps, uid } = subject();
      const { tab } = await signedInAt(subject(), apps.hooli);
      await tab.goto(`${apps.hooli.url}/sso/login?return_to=/x`, { stopAt: apps.hooli.origin });
      const page = await tab.goto(tab.page.next ?? '', { headers: { 'x-suite-process': 'second' } });
      expect([page.url, seen(page).uid]).toEqual([`${apps.hooli.url}/x`, uid(people.ann)]);
    });

    it('answers a script with 401, and where to sign in', async () => {
      const { apps, browser } = subject();
      const tab = browser().tab();
      await tab.goto(`${apps.umbrella.url}/public/page?n=1`);
      const headers = { referer: `${apps.umbrella.url}/public/page?n=1` };
      const answer = await tab.load('fetch', `${apps.umbrella.url}/api`, { headers });
      expect(answer.status).toBe(401);
      const login = `${apps.umbrella.url}/sso/login?${new URLSearchParams({ return_to: '/public/page?n=1' })}`;
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_signed_in', login });
      expect(cookiesSet(answer)).toEqual([]);
    });

    it('starts nothing by a prefetch', async () => {
      const { apps, browser } = subject();
      const tab = browser().tab();
      await tab.goto(`${apps.umbrella.url}/public/`);
      for (const path of ['/', '/sso/login', '/sso/callback?code=x&state=y', '/sso/logout']) {
        const answer = await tab.load('prefetch', apps.umbrella.url + path);
        expect([path, answer.status, answer.cookies]).toEqual([path, 503, []]);
      }
    });

    it.each(names)('%s comes back silently: signed in where somebody is, signed out where nobody is', async (id) => {
      const { apps, browser, signedIn, uid } = subject();
      const app = apps[id];
      const path = new URL(`${app.url}/public/a?b=c`).pathname;
      const silent = `${app.url}/sso/login?${new URLSearchParams({ return_to: `${path}?b=c`, silent: '1' })}`;
      const nobody = browser();
      const left = await nobody.tab().goto(silent);
      expect([left.url, seen(left).uid, left.hops.length]).toEqual([`${app.url}/public/a?b=c`, null, 4]);
      expect(attemptsIn(nobody, app)).toEqual([]);
      const { tab } = await signedIn();
      const here = await tab.goto(silent);
      expect([here.url, seen(here).uid]).toEqual([`${app.url}/public/a?b=c`, uid(people.ann)]);
    });

    it('has the same session after twenty parallel callbacks', async () => {
      const { apps, ask, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const { next } = await tab.goto(`${apps.umbrella.url}/x`, { stopAt: `${apps.umbrella.url}/sso` });
      const headers = { cookie: browser.jar.header(new URL(apps.umbrella.url)) ?? '', accept: 'text/html' };
      const [asked, came] = [apps.asked.length, apps.umbrella.signedIn.length];
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(next ?? '', { headers })));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(303));
      expect(apps.asked.slice(asked).filter((path) => path === '/token')).toHaveLength(1);
      expect(apps.umbrella.signedIn.length - came).toBe(1);
      for (const { cookies } of answers.slice(0, 2)) {
        const cookie = cookies.find((line) => line.startsWith('__Host-app_session='))?.split(';')[0] ?? '';
        expect((await ask(`${apps.umbrella.url}/x`, { headers: { ...headers, cookie } })).status).toBe(200);
      }
    });

    it('ends with the gateway’s session, at the latest', async () => {
      const { apps, pass } = subject();
      const { browser, page } = await signedInAt(subject(), apps.umbrella);
      const cookie = browser.jar.value('__Host-app_session', apps.umbrella.url);
      await pass(12 * 3600 - 60, 'deaf');
      const headers = { cookie: `__Host-app_session=${cookie}`, accept: 'text/html' };
      expect((await subject().ask(`${apps.umbrella.url}/x`, { headers })).status).toBe(200);
      await pass(61);
      const over = await subject().ask(`${apps.umbrella.url}/x`, { headers });
      expect(over.status).toBe(302);
      expect(over.cookies).toContainEqual(expect.stringMatching(/^__Host-app_session=;.*Max-Age=0/));
      expect(page.status).toBe(200);
    });

    it('takes the next person’s session in the place of the last one’s, whose cookie is worth nothing then', async () => {
      const { apps, at, provider, uid } = subject();
      const { browser, tab } = await signedInAt(subject(), apps.umbrella);
      const copied = browser.jar.value('__Host-app_session', apps.umbrella.url);
      const { sid } = seen(tab.page);
      await tab.goto(`${at.gateway}/login?prompt=login`);
      await provider.signIn(tab, people.bob);
      const page = await tab.goto(`${apps.umbrella.url}/sso/login?return_to=/x`);
      expect(seen(page).uid).toBe(uid(people.bob));
      expect(seen(page).sid).not.toBe(sid);
      const headers = { cookie: `__Host-app_session=${copied}` };
      expect((await subject().ask(`${apps.umbrella.url}/x`, { headers })).status).toBe(401);
      expect(await sessionOf(browser, subject())).toMatchObject({ uid: uid(people.bob) });
    });

    it('that cannot keep its cookie is stopped by the gateway', async () => {
      const { apps, signedIn } = subject();
      const { browser, tab } = await signedIn();
      let page = tab.page;
      for (let i = 0; i < 4; i += 1) {
        page = await tab.goto(`${apps.umbrella.url}/x`);
        browser.jar.forget('__Host-app_session');
      }
      expect(page.status).toBe(429);
      expect(page.url.startsWith(subject().at.gateway)).toBe(true);
    });

    it('names the session otherwise than any other app', async () => {
      const { apps, at } = subject();
      const { browser, tab } = await signedInAt(subject(), apps.umbrella);
      const umbrella = seen(await tab.goto(`${apps.umbrella.url}/`));
      const hooli = seen(await tab.goto(`${apps.hooli.url}/`));
      expect(umbrella.uid).toBe(hooli.uid);
      expect(new Set([umbrella.sid, hooli.sid, domainCookieOf(browser, at.notes)?.sid]).size).toBe(3);
    });
  });

  handOffSdkPageSuite(start);
  handOffSdkSignOutSuite(start);
}
