import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import type { EdgeSite } from './edge-site.testing.ts';
import { names } from './edge-site-looking.testing.ts';
import { people } from './people.testing.ts';

/** What people do when they leave, and who does not make them. */
export function siteSignOutSuite(the: () => EdgeSite): void {
  describe('signing out', () => {
    it('expires every cookie, ends the grant, and goes through the provider’s own sign-out', async () => {
      const { browser, tab } = await the().signedIn(people.eve);
      const sealed = browser.jar.value('__Host-site_session', the().at) ?? '';
      await tab.goto(`${the().at}/x`);
      const asked = await tab.goto(`${the().at}/_sso/sign-out`);
      expect(asked.status).toBe(200);
      expect(textOf(asked.body)).toContain('Sign out of docs.acme.localhost');
      expect(asked.headers.get('content-security-policy')).toContain(new URL(the().provider.origin).origin);
      const posted = await tab.submit();
      expect(posted.hops.some(({ url }) => url.startsWith(the().provider.origin))).toBe(true);
      const page = await the().provider.finishSignOut(tab);
      expect(page.url).toBe(`${the().at}/signed-out`);
      expect(textOf(page.body)).toContain('You are signed out');
      expect(names(browser, the())).toEqual([]);
      // the provider asks for a password again
      const again = await tab.goto(`${the().at}/x`);
      expect(again.url.startsWith(the().provider.origin)).toBe(true);
      // and a copy of the sealed session renews nothing any more
      const thief = the().browser();
      thief.toss(the().at, `__Host-site_session=${sealed}; Path=/; Secure`);
      const stolen = await thief.tab().goto(`${the().at}/x`);
      expect(stolen.url.startsWith(the().provider.origin)).toBe(true);
    });

    it('removes attempts and counters too', async () => {
      const { browser, tab } = await the().signedIn();
      const host = new URL(the().at);
      browser.toss(the().at, '__Host-site_login_AAAAAAAAAAAAAAAA=x; Path=/; Secure');
      browser.toss(the().at, '__Host-site_bounces=x; Path=/; Secure');
      browser.toss(the().at, 'theme=dark; Path=/');
      await tab.goto(`${the().at}/_sso/sign-out`);
      await tab.submit({}, { stopAt: the().provider.origin });
      expect(browser.jar.sent(host).map(({ name }) => name)).toEqual(['theme']);
    });

    it('works while the provider is down, for this browser', async () => {
      const { browser, tab } = await the().signedIn();
      await tab.goto(`${the().at}/_sso/sign-out`);
      the().fail('error');
      await tab.submit({}, { stopAt: the().provider.origin });
      expect(names(browser, the())).toEqual([]);
    });

    it('of nobody leads to the page that says so', async () => {
      const page = await the().browser().tab().goto(`${the().at}/_sso/sign-out`);
      expect(page.url).toBe(`${the().at}/signed-out`);
    });

    it('is not done for another site, nor unasked', async () => {
      const { browser } = await the().signedIn();
      const cookie = browser.jar.header(new URL(the().at)) ?? '';
      const post = (headers: Record<string, string>) =>
        the().ask('/_sso/sign-out', { method: 'POST', headers: { cookie, ...headers } });
      const foreign = await post({ origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' });
      expect(foreign).toMatchObject({ status: 403, cookies: [] });
      const sibling = await post({ origin: 'http://notes.acme.localhost', 'sec-fetch-site': 'same-site' });
      expect(sibling).toMatchObject({ status: 403, cookies: [] });
      const hidden = await post({ origin: 'null' });
      expect(hidden).toMatchObject({ status: 303, cookies: [] });
      expect(hidden.headers.get('location')).toBe(`${the().at}/_sso/sign-out`);
      expect(await post({})).toMatchObject({ status: 303, cookies: [] });
      expect((await the().ask('/_sso/sign-out', { headers: { cookie } })).cookies).toEqual([]);
      expect((await the().ask('/_sso/sign-out', { method: 'PUT', headers: { cookie } })).status).toBe(405);
    });
  });
}
