import { describe, expect, it } from 'vitest';
import type { EdgeSite } from './edge-site.testing.ts';
import { isIn, names, statement } from './edge-site-looking.testing.ts';
import { people } from './people.testing.ts';

/** How a sign-in goes on through the day, without a gateway that could renew it. */
export function siteRenewalSuite(the: () => EdgeSite): void {
  describe('renewal', () => {
    it('happens on a page load in the last ten minutes, and returns to that page', async () => {
      const { browser, tab } = await the().signedIn();
      const before = statement(browser, the());
      the().pass(1150);
      expect((await tab.goto(`${the().at}/early`)).hops).toHaveLength(1);
      the().pass(100);
      const page = await tab.goto(`${the().at}/late?x=1`);
      expect(page.url).toBe(`${the().at}/late?x=1`);
      expect(page.hops.map(({ url }) => new URL(url).pathname)).toEqual(['/late', '/_sso/refresh', '/late']);
      const after = statement(browser, the());
      expect(after?.exp).toBeGreaterThan(before?.exp ?? 0);
      expect(after).toMatchObject({ sid: before?.sid, sub: before?.sub, email: before?.email });
    });

    it('goes on for as long as the session lasts, at a provider that rotates too, and not longer', async () => {
      const { browser, tab } = await the().signedIn(people.bob);
      const first = statement(browser, the());
      let page = tab.page;
      for (let i = 0; i < 24; i++) {
        the().pass(1790);
        page = await tab.goto(`${the().at}/`);
        expect(isIn(page, the()), `renewal ${i}`).toBe(true);
        expect(statement(browser, the())?.sid, `renewal ${i}`).toBe(first?.sid);
        expect(statement(browser, the())?.exp).toBeLessThanOrEqual((first?.iat ?? 0) + 43_200);
      }
      the().pass(43_200 - 24 * 1790 + 60);
      expect(names(browser, the())).toEqual([]);
    });

    it('after the cookie expired needs no sign-in', async () => {
      const { tab } = await the().signedIn();
      the().pass(7200);
      const page = await tab.goto(`${the().at}/x`);
      expect(page.hops.every(({ url }) => url.startsWith(the().at))).toBe(true);
      expect(isIn(page, the())).toBe(true);
    });

    it('is refused once the provider ended the grant: sign in again', async () => {
      const { browser, tab } = await the().signedIn(people.dan);
      const before = statement(browser, the());
      await the().provider.endGrants(people.dan);
      the().pass(1300);
      await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
      expect(names(browser, the()).filter((name) => !name.includes('login'))).toEqual([]);
      expect(before).toBeDefined();
    });

    it('is for page loads alone', async () => {
      const { browser } = await the().signedIn();
      const cookie = browser.jar.header(new URL(the().at)) ?? '';
      const fetching = { cookie, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
      const answer = await the().ask('/_sso/refresh?return_to=x', { headers: fetching });
      expect(answer.status).toBe(400);
      const to = encodeURIComponent(`${the().at}/`);
      expect((await the().ask(`/_sso/refresh?return_to=${to}`, { headers: fetching })).status).toBe(401);
      const prefetch = { cookie, 'sec-purpose': 'prefetch', accept: 'text/html' };
      const prefetched = await the().ask(`/_sso/refresh?return_to=${to}`, { headers: prefetch });
      expect(prefetched).toMatchObject({ status: 503, cookies: [] });
    });
  });
}
