import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import type { EdgeSite } from './edge-site.testing.ts';
import { answerTo, isIn, statement } from './edge-site-looking.testing.ts';
import { people } from './people.testing.ts';

/** The provider fails, and the people who are signed in are to notice as little as can be. */
export function siteOutageSuite(the: () => EdgeSite): void {
  describe('while the provider is down', () => {
    it.each(['error', 'cut', 'silent'] as const)(
      '(%s) sessions go on by five-minute cookies',
      async (how) => {
        const { browser, tab } = await the().signedIn();
        the().pass(1300);
        the().fail(how);
        const began = performance.now();
        const page = await tab.goto(`${the().at}/x`);
        // CloudFront gives up after five seconds
        expect(performance.now() - began).toBeLessThan(4800);
        expect(isIn(page, the())).toBe(true);
        const { iat = 0, exp = 0, degraded_since } = statement(browser, the()) ?? {};
        expect(exp - iat).toBe(300);
        expect(degraded_since).toBe(iat);
        the().fail();
        the().pass(290);
        await tab.goto(`${the().at}/x`);
        expect(statement(browser, the())).not.toHaveProperty('degraded_since');
      },
      20_000,
    );

    it('for an hour, then no longer', async () => {
      const { tab } = await the().signedIn();
      the().pass(1300);
      the().fail('error');
      for (let i = 0; i < 12; i++) {
        expect(isIn(await tab.goto(`${the().at}/x`), the()), `after ${i * 295} s`).toBe(true);
        the().pass(295);
      }
      the().pass(120);
      const page = await tab.goto(`${the().at}/x`);
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).toBe('10');
      the().fail();
      expect(isIn(await tab.goto(`${the().at}/x`), the())).toBe(true);
    });

    it('nobody is renewed who shows no statement of that session', async () => {
      const { browser, tab } = await the().signedIn();
      const other = await the().signedIn(people.bob);
      browser.jar.forget('__Host-site');
      const foreign = other.browser.jar.value('__Host-site', the().at);
      browser.toss(the().at, `__Host-site=${foreign}; Path=/; Secure`);
      the().pass(1300);
      the().fail('error');
      expect((await tab.goto(`${the().at}/x`)).status).toBe(503);
    });

    it('new sign-ins are asked to wait, by a page', async () => {
      // a sandbox that has met the provider still knows where to send people
      const tab = the().browser().tab();
      const begun = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
      the().fail('cut');
      const page = await tab.goto(answerTo(begun, { code: 'x' }, the()));
      expect(page.status).toBe(503);
      expect(textOf(page.body)).toContain('provider_unavailable');
    });
  });
}
