import { describe, expect, it } from 'vitest';
import { ask } from './exchange.ts';
import { attemptsIn, cookiesFor, isSignedIn, seen, signedInAt } from './hand-off-sdk.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Addresses, cookies and methods that somebody made up, at apps that have our filter. */
export function handOffSdkForgeriesSuite(start: StartSubject): void {
  describe('a forger at an app that has our filter', () => {
    const subject = subjectFor(start);

    it.each([
      '//evil.test',
      '///evil.test',
      '/\\evil.test',
      '\\\\evil.test',
      '/\t/evil.test',
      '/%09/../..//evil.test',
      '/.//evil.test',
      '/x/..//evil.test',
      'https://evil.test/',
      'https:/evil.test',
      'evil.test',
      'javascript:alert(1)',
      '@evil.test',
      '/ x',
      '/x\r\nSet-Cookie: a=b',
      '/x\\..\\',
      '',
      '/sso/login',
      '/sso/login?return_to=/',
      '/x/../sso/logout',
      `/${'x'.repeat(1024)}`,
    ])('sends nobody elsewhere by return_to=%j', async (path) => {
      const { umbrella, vehement } = subject().apps;
      const tab = (await subject().signedIn()).tab;
      for (const app of [umbrella, vehement]) {
        const query = new URLSearchParams({ return_to: path });
        for (const address of [`${app.url}/sso/login?${query}`, `${app.url}/sso/login?return_to=/shop/&${query}`]) {
          const page = await tab.goto(address);
          expect([page.status, page.hops.length, page.cookies]).toEqual([400, 1, []]);
        }
      }
      // an app below the same host is another one
      expect((await tab.goto(`${vehement.url}/sso/login?return_to=/other/`)).status).toBe(400);
      expect((await tab.goto(`${vehement.url}/sso/login?return_to=/shopping`)).status).toBe(400);
    });

    it.each([
      ['//evil.test/x', '//evil.test/x'],
      ['/%2f%2fevil.test', '/%2f%2fevil.test'],
      ['/%5cevil.test', '/%5cevil.test'],
      ['/x?return_to=https://evil.test', '/x?return_to=https://evil.test'],
    ])('sends nobody elsewhere by the page %s', async (path, expected) => {
      const { umbrella } = subject().apps;
      const page = await (await subject().signedIn()).tab.goto(umbrella.origin + path);
      expect([page.url, seen(page).path]).toEqual([umbrella.origin + expected, expected]);
    });

    it('takes no address from Host or what proxies say', async () => {
      const { umbrella } = subject().apps;
      const headers = {
        accept: 'text/html',
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.test',
      };
      const location = new URL((await ask(`${umbrella.url}/x`, { headers })).headers.get('location') ?? '');
      expect(location.origin).toBe(subject().at.gateway);
      expect(location.searchParams.get('redirect_uri')).toBe(`${umbrella.url}/sso/callback`);
      expect(location.href).not.toContain('evil');
    });

    it('fills no browser with attempts', async () => {
      const { umbrella } = subject().apps;
      const browser = subject().browser();
      const tab = browser.tab();
      for (let i = 0; i < 12; i += 1)
        await tab.goto(`${umbrella.url}/x?${'y'.repeat(i * 80)}`, { stopAt: subject().at.gateway });
      expect(attemptsIn(browser, umbrella).length).toBeLessThanOrEqual(5);
      expect(cookiesFor(browser, umbrella).length).toBeLessThan(3200);
    });

    it.each<[string, (cookie: string) => string]>([
      [
        'a changed character',
        (cookie) => cookie.replace(/.{9}$/, (end) => (end[0] === 'A' ? 'B' : 'A') + end.slice(1)),
      ],
      ['a character more', (cookie) => `${cookie}A`],
      ['a character less', (cookie) => cookie.slice(0, -1)],
      ['another one beside it', (cookie) => `${cookie}; __Host-app_session=x`],
      ['nothing in it', () => '__Host-app_session='],
      ['15 KB in it', () => `__Host-app_session=${'A'.repeat(15_000)}`],
    ])('is nobody by a session cookie with %s', async (_, forge) => {
      const { umbrella } = subject().apps;
      const { browser } = await signedInAt(subject(), umbrella);
      const cookie = `__Host-app_session=${browser.jar.value('__Host-app_session', umbrella.url)}`;
      expect(await isSignedIn(cookie, umbrella)).toBe(true);
      expect(await isSignedIn(forge(cookie), umbrella)).toBe(false);
    });

    it('is nobody by the session of another app, or by an attempt in its place', async () => {
      const { hooli, umbrella } = subject().apps;
      const { browser, tab } = await signedInAt(subject(), hooli);
      expect(await isSignedIn(cookiesFor(browser, hooli), umbrella)).toBe(false);
      await tab.goto(`${umbrella.url}/x`, { stopAt: subject().at.gateway });
      const [name = ''] = attemptsIn(browser, umbrella);
      const attempt = browser.jar.value(name, umbrella.url);
      expect(await isSignedIn(`__Host-app_session=${attempt}`, umbrella)).toBe(false);
    });

    it('reads no session from another site', async () => {
      const { umbrella } = subject().apps;
      const { browser } = await signedInAt(subject(), umbrella);
      const headers = { cookie: cookiesFor(browser, umbrella), origin: 'https://evil.test' };
      for (const more of [{}, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
        const answer = await ask(`${umbrella.url}/sso/session`, { headers: { ...headers, ...more } });
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      }
    });

    it.each([
      ['GET', 'challenge', 'POST'],
      ['GET', 'end', 'POST'],
      ['POST', 'login', 'GET'],
      ['POST', 'session', 'GET'],
      ['PUT', 'callback', 'GET, POST'],
      ['OPTIONS', 'callback', 'GET, POST'],
    ])('gets 405 for %s %s', async (method, name, allow) => {
      const headers = { origin: 'https://evil.test', 'access-control-request-method': 'POST' };
      const answer = await ask(`${subject().apps.umbrella.url}/sso/${name}`, { method, headers });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
      expect(answer.headers.get('access-control-allow-origin')).toBe(null);
    });
  });
}
