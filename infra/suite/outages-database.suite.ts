import { afterEach, describe, expect, it } from 'vitest';
import { type Browser, textOf } from './browser.ts';
import { allIsWell, askedAbout, cookiesSet, domainCookieOf, sessionOf, untilAppsKnow } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const minute = 60;
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** Sessions or people cannot be read, and the people who are signed in are to notice as little as can be. */
export function databaseOutageSuite(start: StartSubject): void {
  describe.each(['store', 'directory'] as const)('while the %s cannot be reached', (which) => {
    const subject = subjectFor(start);
    const code = `${which}_unavailable`;
    const lose = () => subject().setAvailable(which, false);
    afterEach(() => allIsWell(subject()));
    const lifeOf = (browser: Browser) => (domainCookieOf(browser, subject().at.notes)?.exp ?? 0) - subject().now();
    const headerOf = (browser: Browser, ...names: string[]) =>
      names.map((name) => `${name}=${browser.jar.value(name, subject().at.gateway)}`).join('; ');

    it('says what is down to those who look after it', async () => {
      lose();
      const { status, body } = await subject().ask('/readyz');
      expect(status).toBe(503);
      expect(JSON.parse(body).down).toContain(which === 'store' ? 'store' : 'users');
      expect(await subject().ask('/healthz')).toMatchObject({ status: 200 });
    });

    it('goes on letting known cookies through', async () => {
      const { at, signedIn } = subject();
      const { tab } = await signedIn();
      lose();
      for (const path of ['/', '/team/x', '/write/x', '/public/x'])
        expect((await tab.goto(`${at.notes}${path}`)).status).toBe(200);
    });

    it('renews by short cookies for an hour, then says 503, and recovers with nothing ended', async () => {
      const { at, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const before = domainCookieOf(browser, at.notes);
      await pass(25 * minute);
      lose();
      for (let i = 0; i < 12; i++) {
        const page = await tab.goto(`${at.notes}/`);
        expect([i, page.status]).toEqual([i, 200]);
        expect(lifeOf(browser)).toBeGreaterThan(0);
        expect(lifeOf(browser)).toBeLessThanOrEqual(300);
        expect(await sessionOf(browser, subject())).toMatchObject({ email: 'ann@acme.test' });
        await pass(290);
      }
      await pass(10 * minute);
      const page = await tab.goto(`${at.notes}/`);
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).toBe('5');
      expect(textOf(page.body)).toContain(code);
      expect(cookiesSet(page)).toEqual([]);
      await allIsWell(subject());
      await tab.follow('Try again');
      expect(tab.page).toMatchObject({ url: `${at.notes}/`, status: 200 });
      expect(domainCookieOf(browser, at.notes)).toMatchObject({ sid: before?.sid, auth_time: before?.auth_time });
      expect(lifeOf(browser)).toBeGreaterThan(29 * minute);
    });

    it('does not stretch that hour for somebody who comes back late', async () => {
      const { at, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      lose();
      // expired half an hour after the start, and was not renewed for fifty minutes since
      await pass(80 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect(lifeOf(browser)).toBeLessThanOrEqual(300);
      await pass(15 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(503);
    });

    it('renews nothing for a cookie that was left behind long ago', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn();
      await pass(100 * minute);
      lose();
      expect((await tab.goto(`${at.notes}/`)).status).toBe(503);
    });

    it('renews on neither cookie alone, nor on two that do not belong together', async () => {
      const { at, ask, signedIn } = subject();
      const { browser: anns } = await signedIn(people.ann);
      const { browser: bobs } = await signedIn(people.bob);
      lose();
      const host = headerOf(anns, '__Host-sso');
      const domain = headerOf(anns, '__Secure-sso');
      for (const path of ['/refresh', '/login', '/']) {
        const alone = await ask(path, { headers: { cookie: host, ...navigation } });
        expect([path, alone.status, cookiesSet(alone)]).toEqual([path, 503, []]);
        const mixed = await ask(path, {
          headers: { cookie: `${host}; ${headerOf(bobs, '__Secure-sso')}`, ...navigation },
        });
        expect([path, mixed.status, cookiesSet(mixed)]).toEqual([path, 503, []]);
        const stolen = await ask(path, { headers: { cookie: domain, ...navigation } });
        expect(cookiesSet(stolen)).not.toContain('__Secure-sso');
      }
      const together = await ask('/refresh', { headers: { cookie: `${host}; ${domain}`, ...navigation } });
      expect(together.headers.get('location')).toBe(`${at.gateway}/`);
      expect(cookiesSet(together)).toContain('__Secure-sso');
    });

    it('finishes no sign-in that it cannot write down, and the person can begin again', async () => {
      const { at, browser, provider } = subject();
      const one = browser();
      const tab = one.tab();
      await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: `${at.notes}/kept` })}`);
      const { next = '' } = await provider.signIn(tab, people.ann, { stopAt: `${at.gateway}/callback` });
      lose();
      const page = await tab.click(next);
      if (which === 'directory' && provider.triggers) {
        // the token says it all
        expect(page).toMatchObject({ url: `${at.notes}/kept`, status: 200 });
        return;
      }
      expect(page.status).toBe(503);
      expect(textOf(page.body)).toContain(code);
      expect(cookiesSet(page)).toEqual([]);
      await allIsWell(subject());
      expect((await tab.follow('Try again')).url).toBe(`${at.notes}/kept`);
      expect(await sessionOf(one, subject())).toBeDefined();
    });

    it('signs out from the browser at least, and says where the session may live on', async () => {
      const { at, ask, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann, undefined, `${at.gateway}/`);
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      lose();
      await tab.submit();
      const page = await provider.finishSignOut(tab);
      expect(browser.jar.all().filter(({ name }) => /sso$/.test(name))).toEqual([]);
      if (which === 'store') {
        expect(page.status).toBe(503);
        expect(textOf(page.body)).toContain(code);
      } else {
        expect(page.url).toBe(`${at.gateway}/signed-out`);
        expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
      }
    });

    it('gives nobody back who signed out just before', async () => {
      const { at, ask, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann, undefined, `${at.gateway}/`);
      const cookie = headerOf(browser, '__Host-sso', '__Secure-sso');
      await tab.submit();
      await provider.finishSignOut(tab);
      lose();
      const answer = await ask('/refresh', { headers: { cookie, ...navigation } });
      expect(cookiesSet(answer)).not.toContain('__Secure-sso');
      expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
    });
  });

  describe('what an outage leaves unsure', () => {
    const subject = subjectFor(start);
    afterEach(() => allIsWell(subject()));

    it('is not let through: roles after a minute without news; being signed in still counts', async () => {
      const { at, front, pass, setAvailable, signedIn } = subject();
      const { browser, tab } = await signedIn();
      setAvailable('store', false);
      await pass(59);
      expect((await tab.goto(`${at.notes}/team/x`)).status).toBe(200);
      await pass(10);
      // who goes by the cookie alone has no news to miss
      const atApps = { news: 503, cookie: 200 }[front.appsGoBy];
      for (const url of [`${at.notes}/team/x`, `${at.notes}/write/x`]) {
        expect((await askedAbout(browser, url, subject())).status).toBe(503);
        expect((await tab.goto(url)).status).toBe(atApps);
      }
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      await allIsWell(subject());
      expect((await tab.goto(`${at.notes}/team/x`)).status).toBe(200);
    });

    it('is not let through: news of a person whom nobody can read', async () => {
      const { at, front, giveRoles, hear, setAvailable, signedIn } = subject();
      const { browser, tab } = await signedIn(people.bob);
      await giveRoles(people.bob, []);
      await hear();
      setAvailable('directory', false);
      const page = await askedAbout(browser, `${at.notes}/team/x`, subject());
      expect(page.status).toBe(503);
      expect(textOf(page.body)).toContain('directory_unavailable');
      const seen = async () => (await tab.goto(`${at.notes}/team/x`)).status;
      expect(await seen()).toBe({ news: 503, cookie: 200 }[front.appsGoBy]);
      await allIsWell(subject());
      await untilAppsKnow(subject(), browser, async () => expect(await seen()).toBe(200));
      expect((await tab.goto(`${at.notes}/team/x`)).status).toBe(403);
    });
  });
}
