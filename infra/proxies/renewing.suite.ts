import { describe, expect, it } from 'vitest';
import { readDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import type { Browser } from '../suite/browser.ts';
import { ask } from '../suite/exchange.ts';
import { people } from '../suite/people.testing.ts';
import { answeringWith } from './upstream.testing.ts';
import type { ProxyWorld } from './world.testing.ts';

const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };
/** What an app might say itself. */
const said = [
  ['Set-Cookie', 'app=1; Path=/'],
  ['Set-Cookie', 'theme=dark'],
  ['Cache-Control', 'public, max-age=600'],
  ['X-App', 'stays'],
] as const;

/** What becomes of a page that stays open and only fetches, behind a proxy that asks a gateway which renews. */
export function renewing(given: () => { readonly world: ProxyWorld }): void {
  describe('a page that stays open and only fetches', () => {
    const api = (headers: readonly (readonly [string, string])[] = said) =>
      `${given().world.app}/api?${answeringWith(headers)}`;
    const cookieOf = (browser: Browser) => {
      const { config, keyring, now } = given().world;
      const expected = {
        keys: keyring.domainCookie.all,
        typ: 'sso+jwt',
        issuer: config.publicUrl,
        audience: config.cookie.domain,
      } as const;
      const reading = readDomainCookie(given().world.cookieOf(browser), '__Secure-sso', expected, now());
      return reading.kind === 'valid' ? reading.cookie : undefined;
    };
    const names = (cookies: readonly string[]) => cookies.map((line) => line.slice(0, line.indexOf('=')));

    it("has its cookie renewed, beside the app's own cookies, on an answer that no cache keeps", async () => {
      const { world } = given();
      const { browser, tab } = await world.signIn(people.dan, '/dashboard');
      const plain = await tab.load('fetch', api());
      expect([plain.status, names(plain.cookies)]).toEqual([200, ['app', 'theme']]);
      expect(plain.headers.get('cache-control')).toBe('public, max-age=600');

      const before = cookieOf(browser);
      await world.pass(1500);
      const image = await tab.load('image', api());
      expect([image.status, names(image.cookies)]).toEqual([200, ['app', 'theme']]);
      expect(image.headers.get('cache-control')).toBe('public, max-age=600');

      const renewed = await tab.load('fetch', api());
      expect([renewed.status, names(renewed.cookies)]).toEqual([200, ['app', 'theme', '__Secure-sso']]);
      expect(renewed.headers.get('cache-control')).toMatch(/private, no-store$/);
      expect(renewed.headers.get('x-app')).toBe('stays');
      expect(world.upstream.last('Remote-User')).toEqual([world.uid(people.dan)]);
      const after = cookieOf(browser);
      expect([after?.sid, (after?.exp ?? 0) - (before?.exp ?? 0) >= 1500]).toEqual([before?.sid, true]);

      const next = await tab.load('fetch', api());
      expect([next.status, names(next.cookies)]).toEqual([200, ['app', 'theme']]);
      expect(next.headers.get('cache-control')).toBe('public, max-age=600');
    });

    it('goes on so for hours, and its person goes on to the next page by the gateway', async () => {
      const { world } = given();
      const { browser, tab } = await world.signIn(people.dan, '/dashboard');
      for (let i = 0; i < 6; i++) {
        await world.pass(1500);
        expect((await tab.load('fetch', `${world.app}/api`)).status).toBe(200);
      }
      expect(cookieOf(browser)?.iat).toBeGreaterThanOrEqual(world.now() - 5);
      await world.pass(1500);
      await tab.goto(`${world.app}/next`);
      const hops = tab.page.hops.map(({ url }) => new URL(url).pathname);
      expect([tab.page.status, hops]).toEqual([200, ['/next', '/refresh', '/next']]);
    });

    it.each([
      ['posts', 'POST', 200],
      ['is told that it may not', 'GET', 403],
      ['is told that nothing changed', 'GET', 304],
      ['is told that the app has failed', 'GET', 500],
    ])('is renewed also where it %s, however long the answer and the cookie', async (_, method, status) => {
      const { world } = given();
      await world.giveRoles(
        people.dan,
        Array.from({ length: 40 }, (_, i) => `${'department.'.repeat(4)}${i}`),
      );
      const cookie = world.cookieOf((await world.signIn(people.dan)).browser);
      await world.pass(1500);
      const answer = await ask(`${world.app}/api?status=${status}&${answeringWith(said)}`, {
        method,
        headers: { cookie, ...fetching, 'x-filling': 'x'.repeat(6000) },
        ...(method === 'POST' ? { body: 'x'.repeat(300_000) } : {}),
      });
      await world.giveRoles(people.dan, people.dan.roles);
      expect([answer.status, names(answer.cookies)]).toEqual([status, ['app', 'theme', '__Secure-sso']]);
      expect(answer.cookies.at(-1)?.length).toBeGreaterThan(3000);
      expect(answer.headers.get('cache-control')).toMatch(/private, no-store$/);
    });

    it('has the cookie of its own person, whatever a hostile app says', async () => {
      const { world } = given();
      const { browser, tab } = await world.signIn(people.dan, '/dashboard');
      const eve = world.cookieOf((await world.signIn(people.eve)).browser);
      const evil = [
        ['Set-Cookie', `${eve}; Domain=acme.localhost; Path=/; Secure; HttpOnly`],
        ['Cache-Control', 'public, max-age=600, immutable'],
        ['CDN-Cache-Control', 'public, max-age=600'],
        ['Connection', 'close, Set-Cookie, Cache-Control, CDN-Cache-Control'],
      ] as const;
      await world.pass(1500);
      const answer = await tab.load('fetch', api(evil));
      expect(answer.status).toBe(200);
      expect(cookieOf(browser)?.uid).toBe(world.uid(people.dan));
      for (const name of ['cache-control', 'cdn-cache-control']) {
        const value = answer.headers.get(name);
        // what is gone says nothing; Cache-Control never is
        if (name === 'cache-control' || value !== null) expect(value).toMatch(/private, no-store$/);
      }
    });

    it('is told 401 once its person has signed out elsewhere, and is not renewed', async () => {
      const { world } = given();
      const { browser, tab } = await world.signIn(people.dan);
      const cookie = world.cookieOf(browser);
      await world.pass(1500);
      await tab.goto(`${world.gateway}/logout`);
      await tab.submit();
      await world.finishSignOut(tab);
      const answer = await ask(api(), { headers: { cookie, ...fetching } });
      expect([answer.status, names(answer.cookies)]).toEqual([401, []]);
    });
  });
}
