import { afterEach, describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';
import type { Fault } from './tap.testing.ts';

const minute = 60;
const faults: readonly Fault[] = ['down', 'error', 'html', 'garbage'];

/** The provider fails, and the people who are signed in are to notice as little as can be. */
export function providerOutageSuite(start: StartSubject): void {
  describe('while the provider cannot be reached', () => {
    const subject = subjectFor(start);
    afterEach(() => subject().tap.fail());
    const login = () =>
      `${subject().at.gateway}/login?${new URLSearchParams({ return_to: `${subject().at.notes}/kept` })}`;
    const lifeOf = (browser: Parameters<typeof domainCookieOf>[0]) =>
      (domainCookieOf(browser, subject().at.notes)?.exp ?? 0) - subject().now();

    // first: nothing is known of the provider yet
    it.each(faults)('a sign-in that begins says so, and works by its own link afterwards (%s)', async (fault) => {
      const { ask, browser, pass, provider, tap } = subject();
      // what was learnt is asked for anew after an hour; the cool-down after a failure is over in three seconds
      tap.fail(fault);
      await pass(3);
      const tab = browser().tab();
      const page = await tab.goto(login());
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).toBe('10');
      expect(textOf(page.body)).toContain('provider_unavailable');
      expect(page.cookies).toEqual([]);
      expect(await ask('/readyz')).toMatchObject({ status: 503, body: expect.stringContaining('provider acme') });
      expect(await ask('/healthz')).toMatchObject({ status: 200 });
      if (fault !== faults.at(-1)) return;
      tap.fail();
      await pass(3);
      await tab.follow('Try again');
      expect((await provider.signIn(tab, people.ann)).url).toBe(`${subject().at.notes}/kept`);
      expect(await ask('/readyz')).toMatchObject({ status: 200 });
    });

    it.each(faults)('a sign-in that ends signs nobody in, and can be begun again (%s)', async (fault) => {
      const { at, browser, provider, tap } = subject();
      const one = browser();
      const tab = one.tab();
      await tab.goto(login());
      const { next = '' } = await provider.signIn(tab, people.ann, { stopAt: `${at.gateway}/callback` });
      tap.fail(fault);
      const page = await tab.click(next);
      expect(page.status).toBe(503);
      expect(textOf(page.body)).toContain('provider_unavailable');
      expect(cookiesSet(page)).toEqual([]);
      tap.fail();
      // the provider remembers the person
      expect((await tab.follow('Try again')).url).toBe(`${at.notes}/kept`);
      expect(await sessionOf(one, subject())).toBeDefined();
    });

    it.each(faults)('a session goes on with short cookies, an hour long, and recovers (%s)', async (fault) => {
      const { at, pass, signedIn, tap } = subject();
      const { browser, tab } = await signedIn();
      const sid = domainCookieOf(browser, at.notes)?.sid;
      await pass(61 * minute);
      tap.fail(fault);
      for (let i = 0; i < 11; i++) {
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
        expect(lifeOf(browser)).toBeGreaterThan(0);
        expect(lifeOf(browser)).toBeLessThanOrEqual(300);
        await pass(5 * minute);
      }
      await pass(10 * minute);
      const page = await tab.goto(`${at.notes}/`);
      expect(page.status).toBe(503);
      expect(textOf(page.body)).toContain('provider_unavailable');
      expect(cookiesSet(page)).toEqual([]);
      // nothing has ended
      tap.fail();
      await pass(20);
      expect((await tab.follow('Try again')).url).toBe(`${at.notes}/`);
      expect(domainCookieOf(browser, at.notes)?.sid).toBe(sid);
      expect(lifeOf(browser)).toBeGreaterThan(29 * minute);
    });

    it('a session that needs no word of it renews in full', async () => {
      const { at, pass, signedIn, tap } = subject();
      const { browser, tab } = await signedIn();
      tap.fail('down');
      await pass(25 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect(lifeOf(browser)).toBeGreaterThan(29 * minute);
      expect((await tab.goto(`${at.gateway}/`)).status).toBe(200);
    });

    it('a sign-out ends the session here', async () => {
      const { at, ask, signedIn, tap } = subject();
      const { browser } = await signedIn();
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      tap.fail('down');
      const answer = await ask('/logout', { method: 'POST', headers: { cookie, origin: at.gateway } });
      expect(answer.status).toBe(303);
      for (const path of ['/session', '/check'])
        expect(await ask(path, { headers: { cookie } })).toMatchObject({ status: 401 });
    });
  });
}

/** Costs five real seconds, so that one provider is enough. */
export function silentProviderSuite(start: StartSubject): void {
  describe('a provider that never answers', () => {
    const subject = subjectFor(start);

    it('is given up after some seconds, and the session goes on', async () => {
      const { ask, at, now, pass, signedIn, tap } = subject();
      const { browser, tab } = await signedIn();
      await pass(61 * minute);
      // its addresses are learnt anew, so that only the refresh hangs
      await ask('/readyz');
      tap.fail('silent');
      const began = performance.now();
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(7000);
      expect((domainCookieOf(browser, at.notes)?.exp ?? 0) - now()).toBeLessThanOrEqual(300);
    }, 20_000);
  });
}
