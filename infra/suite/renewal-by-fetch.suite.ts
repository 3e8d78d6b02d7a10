import { afterEach, describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import { allIsWell, cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, type StoreUnderTest, subjectFor, testOf } from './subject.testing.ts';

const minute = 60;

/** `POST /session`: how apps whose pages only fetch keep their people signed in, and what others try there. */
export function renewalByFetchSuite(start: StartSubject, store: StoreUnderTest = 'shared'): void {
  const itShared = testOf(store);
  describe('renewing by a page’s fetch', () => {
    const subject = subjectFor(start);
    afterEach(() => allIsWell(subject()));
    const everyCookie = (browser: Browser) => browser.jar.header(new URL(subject().at.gateway)) ?? '';
    const post = (headers: Record<string, string>) => subject().ask('/session', { method: 'POST', headers });
    const corsOf = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control'));

    it('gives an app below the parent domain a fresh cookie, and says until when', async () => {
      const { at, pass, now, signedIn, uid } = subject();
      const { browser, tab } = await signedIn(people.ann);
      const before = domainCookieOf(browser, at.notes);
      await pass(25 * minute);
      const answer = await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' });
      expect(answer.sent).toMatchObject({ origin: at.notes, 'sec-fetch-site': 'same-site' });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(at.notes);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
      expect(answer.headers.get('vary')).toContain('Origin');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(cookiesSet(answer)).toEqual(['__Secure-sso']);
      expect(answer.cookies).toHaveLength(1);
      const after = domainCookieOf(browser, at.notes);
      expect(after).toMatchObject({ sid: before?.sid, sub: uid(people.ann) });
      expect((after?.exp ?? 0) - now()).toBeGreaterThan(29 * minute);
      expect(JSON.parse(answer.body)).toEqual({
        ...((await sessionOf(browser, subject())) as object),
        expires_at: after?.exp,
      });
    });

    it('gives a cookie back that had run out, but nothing past the end of the session', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn(people.ann);
      await pass(5 * 3600);
      const late = await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' });
      expect(late.status).toBe(200);
      await pass(7 * 3600 - 10 * minute);
      const last = JSON.parse((await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' })).body);
      expect(last.expires_at).toBe(last.ends_at);
      await pass(10 * minute);
      const over = await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' });
      expect([over.status, over.cookies]).toEqual([401, []]);
    });

    it('answers the preflight of a registered app, and of no other', async () => {
      const { at, ask } = subject();
      const ask4 = (origin: string) =>
        ask('/session', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
      const answer = await ask4(at.notes);
      expect(answer.status).toBe(204);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': at.notes,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
        vary: 'Origin',
      });
      for (const origin of [at.sibling, at.foreign, 'null', 'https://evil.test', `${at.notes}.evil.test`]) {
        expect([origin, corsOf((await ask4(origin)).headers)]).toEqual([origin, []]);
      }
    });

    it('says 401 to a visitor, in a way that the app can read', async () => {
      const { at } = subject();
      const answer = await post({ origin: at.notes, 'sec-fetch-site': 'same-site' });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_signed_in', login: `${at.gateway}/login` });
      expect(answer.headers.get('access-control-allow-origin')).toBe(at.notes);
      expect(answer.headers.get('vary')).toContain('Origin');
      expect(answer.cookies).toEqual([]);
    });

    it('renews nothing on the strength of a domain cookie, or of the cookie that crosses sites', async () => {
      const { at, signedIn } = subject();
      const { browser } = await signedIn(people.ann);
      for (const name of ['__Secure-sso', '__Host-sso_xs']) {
        const cookie = `${name}=${browser.jar.value(name, at.gateway)}`;
        const answer = await post({ origin: at.notes, 'sec-fetch-site': 'same-site', cookie });
        expect([name, answer.status, answer.cookies]).toEqual([name, 401, []]);
      }
    });

    it.each([
      ['a stranger', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
      ['a stranger whose browser says nothing of sites', { origin: 'https://evil.test' }],
      ['a sibling that nobody registered', { origin: 'sibling', 'sec-fetch-site': 'same-site' }],
      ['a registered app on another domain', { origin: 'globex', 'sec-fetch-site': 'cross-site' }],
      ['a page that hides where it is', { origin: 'null', 'sec-fetch-site': 'same-site' }],
      ['nobody', {}],
      ['a page that claims our origin', { origin: 'gateway', 'sec-fetch-site': 'same-site' }],
      ['a form', { origin: 'sibling', 'content-type': 'text/plain', 'sec-fetch-mode': 'navigate' }],
    ])('is refused to %s, with every cookie', async (_, given: Record<string, string>) => {
      const { at, parties, signedIn } = subject();
      const { browser } = await signedIn(people.ann);
      const origins: Record<string, string> = { ...at, globex: parties.globex.origin };
      const { origin, ...more } = given;
      const known = origin === undefined ? {} : { origin: origins[origin] ?? origin };
      const answer = await post({ ...more, ...known, cookie: everyCookie(browser) });
      expect(answer.status).toBe(403);
      expect(answer.cookies).toEqual([]);
      expect(corsOf(answer.headers)).toEqual([]);
      expect(answer.body).not.toContain('ann@');
    });

    itShared('finds nobody for a registered app on another domain: the cookies stay at home', async () => {
      const { parties, signedIn, at } = subject();
      const { tab } = await signedIn(people.ann, undefined, `${at.notes}/`);
      await tab.goto(`${parties.globex.origin}/`);
      const answer = await tab.load('fetch', `${at.gateway}/session`, { method: 'POST' });
      expect(answer.sent.cookie ?? '').not.toMatch(/__Host-sso=|__Secure-sso=/);
      expect([answer.status, answer.cookies]).toEqual([403, []]);
      // an old browser says nothing of sites
      const old = await post({ origin: parties.globex.origin, cookie: answer.sent.cookie ?? '' });
      expect([old.status, old.cookies]).toEqual([401, []]);
    });

    itShared('never gives a session back that has ended, however it ended', async () => {
      const { at, ask, setState, signedIn } = subject();
      const out = await signedIn(people.bob);
      const headers = { origin: at.notes, 'sec-fetch-site': 'same-site', cookie: everyCookie(out.browser) };
      await ask('/logout', { method: 'POST', headers: { origin: at.gateway, cookie: headers.cookie } });
      for (const process of [{}, { 'x-suite-process': 'second' }]) {
        const answer = await post({ ...headers, ...process });
        expect([answer.status, answer.cookies]).toEqual([401, []]);
      }
      const disabled = await signedIn(people.bob);
      await setState(people.bob, 'disabled');
      const refused = await post({ ...headers, cookie: everyCookie(disabled.browser) });
      expect([refused.status, JSON.parse(refused.body).code, refused.cookies]).toEqual([403, 'account_disabled', []]);
      await setState(people.bob, 'active');
      expect((await post({ ...headers, cookie: everyCookie(disabled.browser) })).status).toBe(401);
    });

    itShared('keeps people signed in without the store, for a little while', async () => {
      const { at, now, setAvailable, signedIn } = subject();
      const { browser } = await signedIn(people.ann);
      setAvailable('store', false);
      const answer = await post({ origin: at.notes, 'sec-fetch-site': 'same-site', cookie: everyCookie(browser) });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body).expires_at - now()).toBeLessThanOrEqual(5 * minute);
    });
  });
}
