import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const hostile = [
  'https://evil.test/',
  'https://evil.test',
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  'https:evil.test',
  'https:/evil.test',
  'https:///evil.test',
  'http://evilacme.localhost/',
  'http://acme.localhost.evil.test/',
  'http://notes.acme.localhost.evil.test/',
  'http://notes.acme.localhost@evil.test/',
  'http://user@notes.acme.localhost/',
  'http://evil.test\\.acme.localhost/',
  'http://evil.test#.acme.localhost/',
  'http://evil.test?.acme.localhost/',
  'http://evil.test%2f.acme.localhost/',
  'http://evil.test;.acme.localhost/',
  'http://notes.acme.localhost.:1/',
  'javascript:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  ' https://notes.acme.localhost/',
  'http://notes.acme.localhost/\r\nSet-Cookie: a=b',
  'http://notes.acme.localhost:1/',
  'https://127.0.0.1/',
  'notes.acme.localhost',
  '/path',
  `http://notes.acme.localhost/${'x'.repeat(1100)}`,
];

/** How a sign-in may begin, and what begins none. */
export function attemptsSuite(start: StartSubject): void {
  describe('beginning a sign-in', () => {
    const subject = subjectFor(start);
    const loginAttempts = (names: readonly string[]) => names.filter((name) => name.startsWith('__Host-sso_login_'));

    it.each(hostile)('never leads to %j', async (returnTo) => {
      const { at, browser, signedIn } = subject();
      const query = new URLSearchParams({ return_to: returnTo });
      const { tab: known } = await signedIn();
      for (const tab of [browser().tab(), known]) {
        for (const path of ['/login', '/refresh', '/logout', '/signed-out']) {
          const page = await tab.goto(`${at.gateway}${path}?${query}`, { stopAt: 'http' });
          expect([path, page.status]).toEqual([path, 400]);
          expect(page.headers.has('location')).toBe(false);
          expect(page.cookies).toEqual([]);
          expect(textOf(page.body)).toContain('return_url_refused');
          expect(page.body).not.toContain('evil.test');
        }
      }
    });

    it('keeps the last of sixty unfinished sign-ins, and the browser’s cookies small', async () => {
      const { at, provider, browser } = subject();
      const one = browser();
      const tabs = await Promise.all(
        Array.from({ length: 60 }, async (_, i) => ({ tab: one.tab(), url: `${at.notes}/${'long/'.repeat(100)}${i}` })),
      );
      for (const { tab, url } of tabs) {
        const page = await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: url })}`, {
          stopAt: provider.origin,
        });
        expect(page.status).toBe(302);
        expect((page.sent.cookie ?? '').length).toBeLessThan(7500);
      }
      const kept = one.jar.sent(new URL(at.gateway)).filter(({ name }) => name.startsWith('__Host-sso_login_'));
      expect(kept.length).toBeLessThanOrEqual(5);
      expect(kept.reduce((bytes, { name, value }) => bytes + name.length + value.length, 0)).toBeLessThanOrEqual(3072);
      const last = tabs.at(-1);
      if (!last) throw new Error('no tab');
      await last.tab.click(last.tab.page.next ?? '');
      expect((await provider.signIn(last.tab, people.ann)).url).toBe(last.url);
      expect((one.jar.header(new URL(at.gateway)) ?? '').length).toBeLessThan(7500);
    });

    it.each([
      ['a fetch', 'fetch', 'GET', 401],
      ['a fetch by POST', 'fetch', 'POST', 401],
      ['an iframe', 'iframe', 'GET', 401],
      ['an image', 'image', 'GET', 401],
      ['a prefetch', 'prefetch', 'GET', 503],
    ] as const)('does not happen in %s', async (_, how, method, status) => {
      const { at, browser } = subject();
      const tab = browser().tab();
      await tab.goto(at.sibling);
      for (const path of ['/login', '/refresh']) {
        const url = `${at.gateway}${path}?return_to=${encodeURIComponent(at.notes)}`;
        const answer = await tab.load(how, url, { method });
        expect([path, answer.status]).toEqual([path, status]);
        expect(answer.cookies).toEqual([]);
        if (how === 'prefetch' || how === 'iframe') continue;
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(JSON.parse(answer.body).login).toContain(`${at.gateway}/login?return_to=`);
      }
    });

    it.each([
      ['a form', {}],
      ['a form of another site', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ])('does not happen by POST in %s', async (_, post) => {
      const { at, browser } = subject();
      const tab = browser().tab();
      await tab.goto(at.foreign);
      const page = await tab.post(`${at.gateway}/login?return_to=${encodeURIComponent(at.notes)}`, {}, post);
      expect(page.status).toBe(401);
      expect(page.cookies).toEqual([]);
    });

    it.each([
      ['an old browser’s navigation', { accept: 'text/html' }, 302],
      ['a program', { accept: 'application/json' }, 401],
      ['a caller that says nothing', {}, 401],
    ])('goes by Accept where there is no Fetch Metadata: %s', async (_, headers, status) => {
      const { at, ask } = subject();
      const answer = await ask(`/login?return_to=${encodeURIComponent(at.notes)}`, { headers });
      expect(answer.status).toBe(status);
      expect(loginAttempts(cookiesSet(answer))).toHaveLength(status === 302 ? 1 : 0);
    });

    it('never goes by the Host or the forwarded host that a request names', async () => {
      const { at, ask, askDirectly, front, provider } = subject();
      const accept = 'text/html';
      for (const host of [
        'evil.test',
        'evil.test:80',
        'acme.localhost',
        new URL(at.notes).host.replace('notes', 'x'),
      ]) {
        expect([host, (await ask('/login', { headers: { accept, host } })).status]).toEqual([host, front.strangeHost]);
        const answer = await askDirectly('/login', { headers: { accept, host } });
        expect([host, answer.status]).toEqual([host, 421]);
        expect(answer.cookies).toEqual([]);
        expect(answer.body).not.toContain('evil.test');
      }
      const spoofed = {
        accept,
        'x-forwarded-host': 'evil.test',
        'x-forwarded-proto': 'https',
        'x-original-url': '/evil',
        forwarded: 'host=evil.test;proto=https',
      };
      const login = await ask('/login', { headers: spoofed });
      const location = new URL(login.headers.get('location') ?? '');
      expect(location.origin).toBe(provider.origin);
      expect(location.searchParams.get('redirect_uri')).toBe(`${at.gateway}/callback/acme`);
      const home = await ask('/', { headers: spoofed });
      expect(home.headers.get('location')).toContain(`${at.gateway}/login?`);
    });

    it('is not asked of a caller who only claims to be a proxy', async () => {
      const { at, ask } = subject();
      const headers = {
        'x-forwarded-host': new URL(at.notes).host,
        'x-forwarded-proto': 'http',
        'x-forwarded-uri': '/public/x',
        'x-forwarded-method': 'GET',
      };
      const answer = await ask('/check', { headers });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'forwarded_refused' });
    });
  });

  describe('a sign-in that runs in circles', () => {
    const subject = subjectFor(start);

    // first: a provider with a clock of its own is believed only while ours has not moved
    it('does not count a person who signs in again and again', async () => {
      const { at, browser, provider } = subject();
      const tab = browser().tab();
      for (let i = 0; i < 6; i++) {
        await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: `${at.notes}/`, prompt: 'login' })}`);
        expect((await provider.signIn(tab, people.ann)).url).toBe(`${at.notes}/`);
      }
    });

    it('stops at the fourth return within a minute, names the causes, and works again afterwards', async () => {
      const { at, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const back = `${at.gateway}/login?return_to=${encodeURIComponent(`${at.notes}/`)}`;
      for (let i = 0; i < 3; i++) expect((await tab.click(back)).url).toBe(`${at.notes}/`);
      const page = await tab.click(back);
      expect(page.status).toBe(429);
      expect(page.headers.get('retry-after')).toBe('60');
      for (const cause of ['Cookies are blocked', 'clock is wrong', 'overwrites the cookie', 'Notes'])
        expect(textOf(page.body)).toContain(cause);
      expect(cookiesSet(page)).toEqual([]);
      expect((await tab.goto(back)).url).toBe(`${at.notes}/`);
      await pass(61);
      for (let i = 0; i < 3; i++) expect((await tab.click(back)).url).toBe(`${at.notes}/`);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it('counts each app by itself, and nothing that is older than a minute', async () => {
      const { at, pass, signedIn } = subject();
      const { tab } = await signedIn();
      await pass(61);
      for (let i = 0; i < 9; i++) {
        for (const app of [at.notes, at.photos]) {
          const page = await tab.click(`${at.gateway}/login?return_to=${encodeURIComponent(`${app}/`)}`);
          expect(page.url).toBe(`${app}/`);
        }
        await pass(25);
      }
    });

    it('stops an app that refuses a cookie which a sibling tosses, and says that this may be the cause', async () => {
      const { at, signedIn } = subject();
      const { browser: bobs } = await signedIn(people.bob);
      const { browser, tab } = await signedIn(people.ann);
      const tossed = bobs.jar.value('__Secure-sso', at.notes) ?? '';
      browser.toss(at.sibling, `__Secure-sso=${tossed}; Domain=acme.localhost; Path=/page; Secure`);
      const page = await tab.goto(`${at.notes}/page`);
      expect(page.status).toBe(429);
      expect(textOf(page.body)).toContain('Another app overwrites the cookie');
      expect(page.hops.length).toBeLessThan(12);
      // elsewhere the person is who she was
      expect((await tab.goto(`${at.notes}/other`)).status).toBe(200);
      expect(domainCookieOf(browser, `${at.notes}/other`)?.sub).toBe(subject().uid(people.ann));
    });
  });
}
