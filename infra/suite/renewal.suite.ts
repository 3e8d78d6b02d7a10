import { describe, expect, it } from 'vitest';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, type StoreUnderTest, subjectFor, testOf } from './subject.testing.ts';

const minute = 60;
const hour = 3600;

/** How a sign-in goes on through the day, and how it ends. */
export function renewalSuite(start: StartSubject, store: StoreUnderTest = 'shared'): void {
  const itShared = testOf(store);
  describe('staying signed in', () => {
    const subject = subjectFor(start);
    const refreshes = () => subject().tap.calls.filter(({ grant }) => grant === 'refresh_token');

    it('renews at /refresh, and keeps session, person and end', async () => {
      const { at, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const before = domainCookieOf(browser, at.notes);
      await pass(5 * minute);
      const page = await tab.click(`${at.gateway}/refresh?return_to=${encodeURIComponent(`${at.notes}/x?y=1`)}`);
      expect(page.url).toBe(`${at.notes}/x?y=1`);
      const after = domainCookieOf(browser, at.notes);
      expect(after).toMatchObject({ sid: before?.sid, sub: before?.sub, auth_time: before?.auth_time });
      expect((after?.exp ?? 0) - (before?.exp ?? 0)).toBeGreaterThanOrEqual(5 * minute);
    });

    it('leaves a fresh cookie alone', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn();
      await pass(19 * minute);
      expect((await tab.goto(`${at.notes}/`)).hops).toHaveLength(1);
    });

    it('renews on the way to a page in the last ten minutes, unnoticed', async () => {
      const { at, pass, provider, signedIn } = subject();
      const { browser, tab } = await signedIn();
      await pass(25 * minute);
      const page = await tab.goto(`${at.notes}/page?a=1`);
      expect(page).toMatchObject({ url: `${at.notes}/page?a=1`, status: 200 });
      expect(page.hops.map((hop) => new URL(hop.url).origin)).toEqual([at.notes, at.gateway, at.notes]);
      expect(page.hops.map((hop) => hop.url).join()).not.toContain(provider.origin);
      const cookie = domainCookieOf(browser, at.notes);
      expect((cookie?.exp ?? 0) - subject().now()).toBeGreaterThan(29 * minute);
    });

    it.each(['fetch', 'image', 'prefetch', 'iframe'] as const)(
      'does not send a %s to renew, but lets it through',
      async (how) => {
        const { at, pass, signedIn } = subject();
        const { tab } = await signedIn();
        await pass(25 * minute);
        const answer = await tab.load(how, `${at.notes}/data`);
        expect(answer.status).toBe(200);
      },
    );

    it('renews after the cookie has run out, and tells a fetch by then', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn();
      await pass(50 * minute);
      const refused = await tab.load('fetch', `${at.notes}/data`);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(JSON.parse(refused.body)).toMatchObject({ code: 'session_expired' });
      expect(JSON.parse(refused.body).login).toContain(`${at.gateway}/login?return_to=`);
      const page = await tab.goto(`${at.notes}/data`);
      expect(page.hops.map((hop) => new URL(hop.url).origin)).toEqual([at.notes, at.gateway, at.notes]);
      expect((await tab.load('fetch', `${at.notes}/data`)).status).toBe(200);
    });

    it('asks the provider again an hour after it was last asked, once', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn();
      const before = refreshes().length;
      await pass(59 * minute);
      await tab.goto(`${at.notes}/`);
      expect(refreshes()).toHaveLength(before);
      for (let i = 0; i < 3; i++) {
        await pass(25 * minute);
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      }
      expect(refreshes()).toHaveLength(before + 1);
      // by the rotated token
      await pass(hour);
      await tab.goto(`${at.notes}/`);
      expect(refreshes().slice(before)).toEqual([
        expect.objectContaining({ status: 200 }),
        expect.objectContaining({ status: 200 }),
      ]);
    });

    it('lets a gateway page renew by itself', async () => {
      const { at, pass, signedIn } = subject();
      const { browser, tab } = await signedIn(people.bob, undefined, `${at.gateway}/`);
      const before = domainCookieOf(browser, at.notes);
      await pass(28 * minute);
      await tab.goto(`${at.gateway}/`);
      expect(domainCookieOf(browser, at.notes)?.exp).toBeGreaterThan(before?.exp ?? 0);
    });

    it('ends after twelve hours, however often it was renewed', async () => {
      const { at, pass, provider, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const begun = domainCookieOf(browser, at.notes)?.iat ?? 0;
      for (let i = 0; i < 24; i++) {
        await pass(29 * minute);
        expect((await tab.goto(`${at.notes}/`)).hops.length, `renewal ${i}`).toBeGreaterThan(1);
        expect(domainCookieOf(browser, at.notes)?.exp).toBeLessThanOrEqual(begun + 12 * hour);
      }
      // in the very last minutes, too, a page is a page
      for (const wait of [18 * minute, 4 * minute]) {
        await pass(wait);
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      }
      const old = browser.jar.header(new URL(at.gateway)) ?? '';
      await pass(10 * minute);
      expect(await sessionOf(browser, subject())).toBeUndefined();
      const kept = await subject().ask('/session', { headers: { cookie: old } });
      expect(kept.status).toBe(401);
      const page = await tab.goto(`${at.notes}/`, { stopAt: provider.origin });
      expect(page.next).toContain(provider.origin);
    });

    it('ends when the provider says that it is over, and only then', async () => {
      const { at, pass, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.dan);
      await provider.endGrants(people.dan);
      await pass(30 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      await pass(35 * minute);
      const page = await tab.goto(`${at.notes}/`, { stopAt: provider.origin });
      expect(page.next).toContain(provider.origin);
      expect(page.hops.flatMap(cookiesSet)).not.toContain('__Secure-sso');
      expect(await sessionOf(browser, subject())).toBeUndefined();
    });

    itShared('asks the provider once where two processes renew at the same moment, and both succeed', async () => {
      const { at, browser, ask, pass, signedIn } = subject();
      const { browser: one } = await signedIn(people.eve, browser());
      await pass(61 * minute);
      const before = refreshes().length;
      const cookie = one.jar.header(new URL(at.gateway)) ?? '';
      const headers = { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      const path = `/refresh?return_to=${encodeURIComponent(at.photos)}`;
      const answers = await Promise.all(
        [{}, { 'x-suite-process': 'second' }, {}, { 'x-suite-process': 'second' }].map((process) =>
          ask(path, { headers: { ...headers, ...process } }),
        ),
      );
      for (const answer of answers) {
        expect(answer.headers.get('location')).toBe(`${at.photos}/`);
        expect(cookiesSet(answer)).toContain('__Secure-sso');
      }
      expect(refreshes()).toHaveLength(before + 1);
      await pass(61 * minute);
      expect(await sessionOf(one, subject())).toBeDefined();
      expect(refreshes()).toHaveLength(before + 2);
    });
  });
}
