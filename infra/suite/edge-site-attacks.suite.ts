import { describe, expect, it } from 'vitest';
import { writeSiteCookie } from '../../gateway/runtimes/lambda-edge/site-cookie.ts';
import { systemClock } from '../../shared/clock.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { textOf } from './browser.ts';
import type { EdgeSite } from './edge-site.testing.ts';
import { answerTo, isIn, names } from './edge-site-looking.testing.ts';
import { people } from './people.testing.ts';

/** What an attacker tries at a site that signs people in by itself. */
export function siteAttackSuite(the: () => EdgeSite): void {
  describe('an attacker', () => {
    it.each([
      ['another origin', 'https://evil.test/'],
      ['a host that begins like ours', 'AT.evil.test/'],
      ['a user named like us', 'http://docs.acme.localhost@evil.test/'],
      ['a host below ours', 'http://x.docs.acme.localhost/'],
      ['no scheme', '//evil.test/'],
      ['a backslash', 'http:\\\\evil.test'],
      ['a script', 'javascript:alert(1)'],
      ['an address of these functions', 'AT/_sso/sign-out'],
      ['an address that renews, which would never end', 'AT/_sso/refresh'],
    ])('can’t have a person returned to %s', async (_, to) => {
      const target = encodeURIComponent(to.replace('AT', the().at));
      const page = await the().browser().tab().goto(`${the().at}/_sso/refresh?return_to=${target}`);
      expect(page).toMatchObject({ status: 400, cookies: [] });
    });

    it('can’t finish their own sign-in in somebody else’s browser', async () => {
      const mallory = the().browser().tab();
      await mallory.goto(`${the().at}/x`);
      const back = await the().provider.signIn(mallory, people.eve, { stopAt: `${the().at}/callback` });
      expect(back.next).toContain('code=');
      const victim = the().browser();
      const page = await victim.tab().goto(back.next ?? '');
      expect(page.status).toBe(400);
      expect(textOf(page.body)).toContain('login_attempt_missing');
      expect(names(victim, the())).toEqual([]);
    });

    it('can’t use an answer twice', async () => {
      const browser = the().browser();
      const tab = browser.tab();
      await tab.goto(`${the().at}/x`);
      const back = await the().provider.signIn(tab, people.ann, { stopAt: `${the().at}/callback` });
      const cookie = browser.jar.header(new URL(the().at)) ?? '';
      const path = (back.next ?? '').slice(the().at.length);
      const headers = { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      const before = the().calls.length;
      const [one, other] = await Promise.all([the().ask(path, { headers }), the().ask(path, { headers })]);
      expect([one?.status, other?.status].sort()).toEqual([302, 400]);
      // and the provider was asked for one
      expect(the().calls.length - before).toBe(1);
    });

    it.each([
      ['a state that is there twice', 'code=x&state=a&state=b'],
      ['no state', 'code=x'],
      ['a made-up state', 'code=x&state=made-up'],
      ['a long query', `code=${'x'.repeat(8000)}&state=a`],
    ])('gets nothing for %s', async (_, query) => {
      const page = await the().browser().tab().goto(`${the().at}/callback/acme?${query}`);
      expect(page).toMatchObject({ status: 400, cookies: [] });
    });

    it('gets nowhere with an endless query: CloudFront takes no address that long', async () => {
      const page = await the()
        .browser()
        .tab()
        .goto(`${the().at}/callback/acme?code=${'x'.repeat(9000)}&state=a`);
      expect(page).toMatchObject({ status: 413, cookies: [] });
    });

    it('gets nothing for a code of another client or a made-up one', async () => {
      const tab = the().browser().tab();
      const begun = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
      const page = await tab.goto(answerTo(begun, { code: 'made-up' }, the()));
      expect(page.status).toBe(400);
      expect(textOf(page.body)).toContain('login_attempt_used');
    });

    it('burns no answer with HEAD or POST', async () => {
      expect((await the().ask('/callback/acme?code=x&state=y', { method: 'HEAD' })).status).toBe(405);
      expect((await the().ask('/callback/acme?code=x&state=y', { method: 'POST' })).status).toBe(405);
    });

    it('renews nothing with a stolen statement alone', async () => {
      const { browser } = await the().signedIn();
      const stolen = browser.jar.value('__Host-site', the().at) ?? '';
      const thief = the().browser();
      thief.toss(the().at, `__Host-site=${stolen}; Path=/; Secure`);
      const tab = thief.tab();
      expect(isIn(await tab.goto(`${the().at}/x`), the())).toBe(true);
      the().pass(1700);
      const page = await tab.goto(`${the().at}/x`);
      expect(page.url.startsWith(the().provider.origin)).toBe(true);
      expect(names(thief, the())).not.toContain('__Host-site');
    });

    it('gets nothing for a sealed session with a changed letter', async () => {
      const { browser } = await the().signedIn();
      const sealed = browser.jar.value('__Host-site_session', the().at) ?? '';
      const changed = sealed.slice(0, -3) + (sealed.endsWith('AAA') ? 'BBB' : 'AAA');
      const thief = the().browser();
      thief.toss(the().at, `__Host-site_session=${changed}; Path=/; Secure`);
      const page = await thief.tab().goto(`${the().at}/x`, { stopAt: the().provider.origin });
      expect(page.next).toBeDefined();
    });

    it('can’t keep a browser going to and fro: the fourth time it is a page', async () => {
      const { browser, tab } = await the().signedIn();
      const expired = writeSiteCookie(
        { site: the().at },
        the().key,
        {
          uid: asUserId('x'),
          sid: asSessionId('x'),
          authTime: 1,
          iat: systemClock() - 4000,
          exp: systemClock() - 2000,
          permissionVersion: 1,
        },
        systemClock() + 1000,
      );
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) {
        browser.toss(the().at, expired);
        statuses.push((await tab.goto(`${the().at}/x`)).status);
      }
      expect(statuses).toEqual([200, 200, 200, 429]);
      expect(textOf(tab.page.body)).toContain('login_loop');
    });

    it('learns no secret from a log', () => {
      const all = the().lines.join('\n');
      expect(all).not.toMatch(/eyJ|code=|refresh_token"/);
    });
  });
}
