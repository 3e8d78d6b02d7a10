import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { writeSiteCookie } from '../../gateway/runtimes/lambda-edge/site-cookie.ts';
import { systemClock } from '../../shared/clock.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { type Browser, type Page, textOf } from './browser.ts';
import type { Seen } from './cloudfront-server.testing.ts';
import { type EdgeSite, edgeSiteFor, type StartEdgeSite } from './edge-site.testing.ts';
import { people } from './people.testing.ts';

const seen = (page: Pick<Page, 'body'>): Seen => JSON.parse(page.body) as Seen;
const statement = (browser: Browser, site: EdgeSite) => {
  const token = browser.jar.value('__Host-site', site.at);
  return token === undefined ? undefined : decodeJwt(token);
};
const names = (browser: Browser, site: EdgeSite) =>
  browser.jar
    .sent(new URL(site.at))
    .map(({ name }) => name)
    .sort();
/** An answer of the provider to a request that a tab was about to send there. */
function answerTo({ next }: Page, parameters: Record<string, string>, { at, provider }: EdgeSite): string {
  const state = new URL(next ?? '').searchParams.get('state') ?? '';
  const iss = String(provider.config.issuer);
  return `${at}/callback/acme?${new URLSearchParams({ ...parameters, state, iss })}`;
}
/** The tab shows the origin's answer. */
const isIn = (page: Page, site: EdgeSite) =>
  page.status === 200 && page.url.startsWith(site.at) && page.body.startsWith('{');

/** What a person does, and what an attacker tries, at a site that signs people in by itself. */
export function edgeSiteSuite(name: string, start: StartEdgeSite): void {
  describe(name, () => {
    const the = edgeSiteFor(start);
    afterEach(() => the().fail());

    describe('signing in', () => {
      it('leads back to exactly the page that was asked for', async () => {
        const { page, browser } = await the().signedIn(people.ann, the().browser(), '/reports/a%20b?tab=2&q=%E2%82%AC');
        expect(page.url).toBe(`${the().at}/reports/a%20b?tab=2&q=%E2%82%AC`);
        const { headers } = seen(page);
        expect(headers['remote-email']).toBe(people.ann.email);
        expect(headers['remote-user']).toBe(statement(browser, the())?.sub);
        if (the().provider.triggers) expect(headers['remote-groups']).toBe('admin');
        else expect(headers['remote-user']).toBe(people.ann.sub);
      });

      it('leaves two cookies of that one host, which no script reads', async () => {
        const { browser } = await the().signedIn();
        expect(names(browser, the())).toEqual(['__Host-site', '__Host-site_session']);
        for (const cookie of browser.jar.sent(new URL(the().at)))
          expect(cookie).toMatchObject({ hostOnly: true, secure: true, httpOnly: true, sameSite: 'lax', path: '/' });
      });

      it('says nothing of a gateway: issuer, audience and type are the site’s own', async () => {
        const { browser } = await the().signedIn();
        const token = browser.jar.value('__Host-site', the().at) ?? '';
        const { iat = 0, auth_time, ...claims } = statement(browser, the()) ?? {};
        expect(claims).toMatchObject({ iss: the().at, aud: the().at });
        expect(iat - Number(auth_time)).toBeLessThan(30);
        const [header = ''] = token.split('.');
        expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({
          typ: 'site+jwt',
          alg: 'ES256',
        });
      });

      it('hides the refresh token in what only these functions open', async () => {
        const { browser } = await the().signedIn();
        const all = browser.jar.header(new URL(the().at)) ?? '';
        expect(all).not.toMatch(/refresh_token|refreshToken/);
        expect(browser.jar.value('__Host-site_session', the().at)).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
      });

      it('asks the provider with state, nonce and PKCE', async () => {
        const tab = the().browser().tab();
        const page = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
        const asked = new URL(page.next ?? '').searchParams;
        expect(asked.get('code_challenge_method')).toBe('S256');
        expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);
        expect((asked.get('state') ?? '').length).toBeGreaterThan(30);
        expect((asked.get('nonce') ?? '').length).toBeGreaterThan(30);
        expect(asked.get('redirect_uri')).toBe(`${the().at}/callback/acme`);
      });

      it('works in two tabs at once', async () => {
        const browser = the().browser();
        const [one, other] = [browser.tab(), browser.tab()];
        await one.goto(`${the().at}/one`);
        await other.goto(`${the().at}/other`);
        expect(await the().provider.signIn(one, people.bob)).toMatchObject({ url: `${the().at}/one` });
        const second = await other.goto(`${the().at}/other`);
        expect(second.url).toBe(`${the().at}/other`);
        expect(isIn(second, the())).toBe(true);
      });

      it('that is cancelled or made up ends on a page, with a code', async () => {
        const tab = the().browser().tab();
        const begun = await tab.goto(`${the().at}/x`, { stopAt: the().provider.origin });
        const page = await tab.goto(answerTo(begun, { error: 'access_denied' }, the()));
        expect(page.status).toBe(403);
        expect(textOf(page.body)).toContain('login_cancelled');
      });
    });

    describe('roles', () => {
      it('keep out who has none', async () => {
        const { tab } = await the().signedIn(people.cyd);
        const page = await tab.goto(`${the().at}/admin/x`);
        expect(page.status).toBe(403);
        expect(textOf(page.body)).toContain('does not have access');
      });
    });

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
        ['an endless query', `code=${'x'.repeat(9000)}&state=a`],
      ])('gets nothing for %s', async (_, query) => {
        const page = await the().browser().tab().goto(`${the().at}/callback/acme?${query}`);
        expect(page).toMatchObject({ status: 400, cookies: [] });
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

    it('dresses the answers of the origin, and keeps what it set', async () => {
      const page = await the().browser().tab().goto(`${the().at}/open/x`);
      expect(page.status).toBe(200);
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(page.headers.get('cache-control')).toBe('max-age=604800');
    });
  });
}
