import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { ask } from './exchange.ts';
import type { HandOffApp } from './hand-off-apps.testing.ts';
import {
  attemptsIn,
  challengeOf,
  codeFor,
  cookiesFor,
  isSignedIn,
  postTo,
  signedInAt,
} from './hand-off-sdk.testing.ts';
import { cookiesSet } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What attackers try at apps that have our filter. */
export function handOffSdkAttacksSuite(start: StartSubject): void {
  describe('an attacker at an app that has our filter', () => {
    const subject = subjectFor(start);
    /** A browser in which somebody is signed in at the gateway, and the app's callback with a code in it. */
    const atCallback = async (app: HandOffApp, person = people.ann) => {
      const { browser, tab } = await subject().signedIn(person);
      const { next } = await tab.goto(`${app.url}/x`, { stopAt: `${app.url}/sso` });
      return { browser, tab, url: new URL(next ?? 'none:') };
    };
    const changed = (url: URL, changes: Readonly<Record<string, string | undefined>>) => {
      const other = new URL(url);
      for (const [name, value] of Object.entries(changes)) {
        if (value === undefined) other.searchParams.delete(name);
        else other.searchParams.set(name, value);
      }
      return other;
    };

    it('signs nobody in by a link with a code of his own (login CSRF)', async () => {
      const { umbrella } = subject().apps;
      const eve = await atCallback(umbrella, people.eve);
      const victim = subject().browser();
      const tab = victim.tab();
      await tab.goto(`${subject().at.foreign}/`);
      const page = await tab.click(eve.url.href);
      expect([page.status, cookiesSet(page)]).toEqual([400, []]);
      expect(textOf(page.body)).toContain('was not started in this browser');
      // nor where the victim has an attempt of its own
      await tab.goto(`${umbrella.url}/x`, { stopAt: subject().at.gateway });
      const [own = ''] = attemptsIn(victim, umbrella);
      expect((await tab.click(eve.url.href)).status).toBe(400);
      expect(attemptsIn(victim, umbrella)).toEqual([own]);
    });

    it.each<[string, (url: URL) => URL]>([
      ['another state', (url) => changed(url, { state: 'x'.repeat(22) })],
      ['no state', (url) => changed(url, { state: undefined })],
      ['an empty state', (url) => changed(url, { state: '' })],
      ['another issuer (mix-up)', (url) => changed(url, { iss: 'https://evil.test' })],
      ['the issuer with a slash', (url) => changed(url, { iss: `${url.searchParams.get('iss')}/` })],
      ['no issuer', (url) => changed(url, { iss: undefined })],
      ['two states', (url) => new URL(`${url.href}&state=x`)],
      ['two codes', (url) => new URL(`${url.href}&code=x`)],
      ['no code', (url) => changed(url, { code: undefined })],
      ['a code of junk', (url) => changed(url, { code: 'a b\r\nc' })],
      ['a code without end', (url) => changed(url, { code: 'x'.repeat(5000) })],
      ['an unknown code', (url) => changed(url, { code: 'x'.repeat(43) })],
    ])('gets nothing by a callback with %s', async (_, forge) => {
      const { umbrella } = subject().apps;
      const { browser, tab, url } = await atCallback(umbrella);
      const page = await tab.goto(forge(url).href);
      expect([page.status, cookiesSet(page)]).toEqual([400, []]);
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(await isSignedIn(cookiesFor(browser, umbrella), umbrella)).toBe(false);
    });

    it('that mixes up the answers of two tabs has them both refused', async () => {
      const { umbrella } = subject().apps;
      const { browser, tab, url } = await atCallback(umbrella);
      const { next } = await tab.goto(`${umbrella.url}/y`, { stopAt: `${umbrella.url}/sso` });
      const other = new URL(next ?? '');
      const code = other.searchParams.get('code') ?? '';
      expect((await tab.goto(changed(url, { code }).href)).status).toBe(400);
      // the mistake has used the code up
      expect((await tab.goto(other.href)).status).toBe(400);
      expect(await isSignedIn(cookiesFor(browser, umbrella), umbrella)).toBe(false);
    });

    it('replays a callback in vain', async () => {
      const { apps, pass } = subject();
      const { browser, tab, url } = await atCallback(apps.hooli);
      const stolen = cookiesFor(browser, apps.hooli);
      expect((await tab.goto(url.href)).status).toBe(200);
      expect((await tab.goto(url.href)).status).toBe(400);
      await pass(31);
      const answer = await ask(url, { headers: { cookie: stolen, accept: 'text/html' } });
      expect([answer.status, cookiesSet(answer)]).toEqual([400, []]);
      expect(textOf(answer.body)).toContain('already used');
      expect(await isSignedIn(cookiesFor(browser, apps.hooli), apps.hooli)).toBe(true);
    });

    it.each(['fetch', 'iframe', 'image', 'prefetch'] as const)('starts and ends nothing by %s', async (how) => {
      const { umbrella } = subject().apps;
      const { browser, tab, url } = await atCallback(umbrella);
      await tab.goto(`${subject().at.foreign}/`);
      for (const address of [url.href, `${umbrella.url}/sso/login`, `${umbrella.url}/sso/logout`]) {
        const answer = await tab.load(how, address);
        expect([401, 403, 503]).toContain(answer.status);
        expect(answer.cookies).toEqual([]);
      }
      expect(await isSignedIn(cookiesFor(browser, umbrella), umbrella)).toBe(false);
    });

    it.each<[string, Readonly<Record<string, string>>]>([
      ['another site', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
      ['another site in an old browser', { origin: 'https://evil.test', 'sec-fetch-site': '' }],
      ['the gateway', { origin: 'gateway', 'sec-fetch-site': 'cross-site' }],
      ['a sibling of the app', { origin: 'http://evil.umbrella.localhost', 'sec-fetch-site': 'same-site' }],
      ['the app over another port', { origin: 'http://umbrella.localhost:1', 'sec-fetch-site': 'same-site' }],
      ['somebody who says he is the app, in a frame', { 'sec-fetch-site': 'cross-site' }],
      ['a page that hides', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ])('posts to no endpoint from %s', async (_, { origin, 'sec-fetch-site': site = '' }) => {
      const { apps, at } = subject();
      const { browser } = await signedInAt(subject(), apps.umbrella);
      for (const path of ['/challenge', '/callback', '/end', '/logout']) {
        const answer = await ask(`${apps.umbrella.url}/sso${path}`, {
          method: 'POST',
          headers: {
            cookie: cookiesFor(browser, apps.umbrella),
            origin: origin === 'gateway' ? at.gateway : (origin ?? apps.umbrella.origin),
            'content-type': 'application/json',
            ...(site && { 'sec-fetch-site': site }),
          },
          body: '{"code":"x"}',
        });
        expect([path, answer.status, answer.cookies]).toEqual([path, 403, []]);
        expect(answer.headers.get('access-control-allow-origin')).toBe(null);
      }
      expect(await isSignedIn(cookiesFor(browser, apps.umbrella), apps.umbrella)).toBe(true);
    });

    it('that does not say where it comes from redeems nothing, and ends nothing', async () => {
      const { umbrella } = subject().apps;
      const { browser } = await signedInAt(subject(), umbrella);
      const cookie = cookiesFor(browser, umbrella);
      for (const [path, status] of [
        ['/challenge', 403],
        ['/callback', 403],
        ['/end', 403],
        ['/logout', 303],
      ] as const) {
        const answer = await ask(`${umbrella.url}/sso${path}`, { method: 'POST', headers: { cookie } });
        expect([path, answer.status, answer.cookies]).toEqual([path, status, []]);
      }
      expect(await isSignedIn(cookie, umbrella)).toBe(true);
    });

    it.each(['first', 'second'])('posts what is no code in vain, to the %s process', async (process) => {
      const { hooli } = subject().apps;
      const { browser, tab } = await subject().signedIn(people.ann);
      const more = { 'x-suite-process': process };
      const bodies: readonly ((nonce: string) => unknown)[] = [
        () => 'not JSON',
        () => '',
        () => '[]',
        () => 'null',
        () => '"code"',
        () => ({}),
        (nonce) => ({ nonce }),
        (nonce) => ({ code: 7, nonce }),
        (nonce) => ({ code: ['x'], nonce }),
        (nonce) => ({ code: { toString: 'x' }, nonce }),
        () => ({ code: 'x', nonce: 'x'.repeat(22) }),
        (nonce) => ({ code: 'x'.repeat(600), nonce }),
        () => ({ code: 'x', nonce: 'x'.repeat(5000) }),
        () => ({ code: 'x', more: 'x'.repeat(200_000) }),
        () => '{"__proto__":{"code":"x"}}',
      ];
      for (const body of bodies) {
        const { nonce } = await challengeOf(hooli, browser, more);
        const answer = await postTo(hooli, '/sso/callback', browser, body(nonce), more);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        expect(cookiesSet(answer)).toEqual([]);
      }
      const challenge = await challengeOf(hooli, browser, more);
      const code = await codeFor(subject(), tab, challenge);
      const text = { ...more, 'content-type': 'text/plain' };
      expect((await postTo(hooli, '/sso/callback', browser, JSON.stringify({ code }), text)).status).toBe(400);
      // and the server still reads what comes on the same connection
      expect((await postTo(hooli, '/sso/callback', browser, { code, nonce: challenge.nonce }, more)).status).toBe(200);
    });

    it('makes no page redeem a code that was not made for it', async () => {
      const { umbrella } = subject().apps;
      const eve = await subject().signedIn(people.eve);
      const evil = await codeFor(subject(), eve.tab, await challengeOf(umbrella, eve.browser));
      const victim = subject().browser();
      const { nonce } = await challengeOf(umbrella, victim);
      for (const body of [{ code: evil }, { code: evil, nonce }]) {
        const answer = await postTo(umbrella, '/sso/callback', victim, body);
        expect([answer.status, cookiesSet(answer)]).toEqual([400, []]);
        await challengeOf(umbrella, victim);
      }
    });

    it('finds no use for a page’s attempt in a redirect, nor the other way round', async () => {
      const { umbrella } = subject().apps;
      const { browser, tab, url } = await atCallback(umbrella);
      const challenge = await challengeOf(umbrella, browser);
      const code = await codeFor(subject(), tab, challenge);
      const asRedirect = changed(url, { code, state: challenge.nonce });
      expect((await tab.goto(asRedirect.href)).status).toBe(400);
      const page = { code: url.searchParams.get('code'), nonce: url.searchParams.get('state') };
      expect((await postTo(umbrella, '/sso/callback', browser, page)).status).toBe(400);
    });

    it('is shown nothing of what he put into an error', async () => {
      const { umbrella } = subject().apps;
      const { tab, url } = await atCallback(umbrella);
      const changes = { code: undefined, error: '<script>x</script>', error_description: '<b>Call 555</b>' };
      const page = await tab.goto(changed(url, changes).href);
      expect(page.status).toBe(403);
      expect(page.body).not.toMatch(/script>x|555/);
    });
  });
}
