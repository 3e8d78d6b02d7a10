import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { cookiesSet, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, type StoreUnderTest, subjectFor, testOf } from './subject.testing.ts';

/** What people do when they leave, what comes after them, and what others try in their name. */
export function signOutSuite(start: StartSubject, store: StoreUnderTest = 'shared'): void {
  const itShared = testOf(store);
  describe('signing out', () => {
    const subject = subjectFor(start);
    const names = ['__Host-sso', '__Secure-sso'];
    const revocations = () => subject().tap.calls.filter(({ path }) => path.includes('revo'));

    it('asks first, ends everything on confirmation, and says so', async () => {
      const { at, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann, undefined, `${at.gateway}/`);
      await tab.goto(`${at.gateway}/logout`);
      expect(textOf(tab.page.body)).toContain('Sign out of all apps?');
      expect(await sessionOf(browser, subject())).toBeDefined();
      const before = revocations().length;
      await tab.submit();
      const page = await provider.finishSignOut(tab);
      expect(page.url).toBe(`${at.gateway}/signed-out`);
      expect(textOf(page.body)).toContain('You are signed out');
      expect(browser.jar.all().filter(({ name }) => names.includes(name))).toEqual([]);
      expect(revocations().slice(before)).toEqual([expect.objectContaining({ status: 200 })]);
    });

    it('goes through the button on the home page', async () => {
      const { at, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.ann, undefined, `${at.gateway}/`);
      await tab.submit();
      await provider.finishSignOut(tab);
      expect(tab.page.url).toBe(`${at.gateway}/signed-out`);
      expect(await sessionOf(browser, subject())).toBeUndefined();
    });

    it('takes the post of a registered app, and comes back to it once the provider is done', async () => {
      const { at, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.bob);
      await tab.post(`${at.gateway}/logout`, { return_to: `${at.notes}/public/bye?x=1` });
      const page = await provider.finishSignOut(tab);
      expect(page.url).toBe(`${at.notes}/public/bye?x=1`);
      // signed out at the provider, too: the next one is asked for a password
      await tab.goto(`${at.notes}/`);
      expect(tab.page.url).toContain(provider.origin);
      expect(tab.page.body).toContain('name="password"');
      expect(browser.jar.all().map(({ name }) => name)).not.toContain('__Host-sso_after_logout');
    });

    it('leaves the confirmation by Cancel, still signed in', async () => {
      const { at, signedIn } = subject();
      const { tab } = await signedIn();
      await tab.goto(`${at.gateway}/logout?return_to=${encodeURIComponent(`${at.notes}/here`)}`);
      const page = await tab.follow('Cancel');
      expect(page).toMatchObject({ url: `${at.notes}/here`, status: 200 });
    });

    it.each([
      ['nobody is signed in', undefined],
      ['the cookie is not ours', '__Host-sso=made-up'],
    ])('says signed out where %s', async (_, cookie) => {
      const { at, ask } = subject();
      const headers = { origin: at.gateway, ...(cookie && { cookie }) };
      const posted = await ask('/logout', { method: 'POST', headers });
      expect(posted.status).toBe(303);
      expect(posted.headers.get('location')).toBe(`${at.gateway}/signed-out`);
      expect(cookiesSet(posted)).toEqual([]);
      const asked = await ask('/logout', { headers: { accept: 'text/html', ...(cookie && { cookie }) } });
      expect(asked.headers.get('location')).toBe(`${at.gateway}/signed-out`);
    });

    itShared(
      'leaves nothing for the machine’s next person: no old cookie works anywhere, and no page was stored',
      async () => {
        const { at, ask, provider, signedIn } = subject();
        const { browser, tab } = await signedIn(people.ann, undefined, `${at.gateway}/`);
        const seen = [tab.page, await tab.load('fetch', '/session'), await tab.goto(`${at.gateway}/logout`)];
        for (const page of seen) expect(page.headers.get('cache-control')).toBe('no-store');
        const old = browser.jar.header(new URL(at.gateway)) ?? '';
        await tab.submit();
        await provider.finishSignOut(tab);
        const replay = { cookie: old, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
        for (const path of ['/session', '/check']) {
          const answer = await ask(path, { headers: replay });
          // a navigation to /check is sent to sign in; /session is for programs
          expect(answer.status, path).toBe(path === '/check' ? 302 : 401);
        }
        for (const path of ['/', '/refresh', '/login']) {
          const answer = await ask(path, { headers: replay });
          expect([answer.status, cookiesSet(answer).filter((name) => names.includes(name))], path).toEqual([302, []]);
          expect(answer.headers.get('location'), path).not.toBe(`${at.gateway}/`);
        }
        // the Back button asks anew, and finds the way to sign in
        const back = await tab.goto(`${at.notes}/`);
        expect(back.url).toContain(provider.origin);
      },
    );
  });

  describe('signing somebody else out', () => {
    const subject = subjectFor(start);

    it.each([
      ['a form on a foreign site', 'foreign', {}, 403],
      ['a form on a sibling that nobody registered', 'sibling', {}, 403],
      ['a form on a page that hides where it is', 'foreign', { referrer: 'no-referrer' }, 403],
      ['a form on a sibling that hides where it is', 'sibling', { referrer: 'no-referrer' }, 200],
      ['a plain-text form of a sibling', 'sibling', { type: 'text/plain' }, 403],
    ] as const)('fails by %s', async (_, from, post, status) => {
      const { at, signedIn } = subject();
      const { browser, tab } = await signedIn();
      await tab.goto(at[from]);
      const page = await tab.post(`${at.gateway}/logout`, {}, post);
      expect(page.status).toBe(status);
      // at most the person is asked
      if (status === 200) expect(textOf(page.body)).toContain('Sign out of all apps?');
      expect(page.cookies).toEqual([]);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it.each([
      ['a foreign Origin', { origin: 'https://evil.test' }, 403],
      ['a foreign Origin that begins like ours', { origin: 'http://auth.acme.localhost.evil.test' }, 403],
      [
        'our Origin, from a page that the browser calls same-site',
        { origin: 'own', 'sec-fetch-site': 'same-site' },
        403,
      ],
      ['an app’s Origin, cross-site', { origin: 'notes', 'sec-fetch-site': 'cross-site' }, 403],
      ['no Origin, cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
      ['Origin null', { origin: 'null' }, 303],
      ['no Origin at all', {}, 303],
      ['JSON and a foreign Origin', { origin: 'https://evil.test', 'content-type': 'application/json' }, 403],
    ])('fails by a post with every cookie and %s', async (_, headers: Record<string, string>, status) => {
      const { at, ask, signedIn } = subject();
      const { browser } = await signedIn();
      const origin = { own: at.gateway, notes: at.notes }[headers.origin ?? ''] ?? headers.origin;
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      const answer = await ask('/logout', {
        method: 'POST',
        headers: { cookie, ...headers, ...(origin === undefined ? {} : { origin }) },
      });
      expect(answer.status).toBe(status);
      if (status === 303) expect(answer.headers.get('location')).toBe(`${at.gateway}/logout`);
      expect(answer.cookies).toEqual([]);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it.each(['fetch', 'iframe', 'image', 'prefetch'] as const)('fails by a GET in %s', async (how) => {
      const { at, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const answer = await tab.load(how, `${at.gateway}/logout`);
      expect(answer.cookies).toEqual([]);
      expect(await sessionOf(browser, subject())).toBeDefined();
    });

    it.each(['https://evil.test/', 'javascript:alert(1)', '//evil.test'])(
      'refuses to sign out towards %s, and says so',
      async (returnTo) => {
        const { at, ask, signedIn } = subject();
        const { browser } = await signedIn();
        const headers = {
          cookie: browser.jar.header(new URL(at.gateway)) ?? '',
          origin: at.gateway,
          accept: 'text/html',
          'content-type': 'application/x-www-form-urlencoded',
        };
        const body = new URLSearchParams({ return_to: returnTo }).toString();
        const answer = await ask('/logout', { method: 'POST', headers, body });
        expect(answer.status).toBe(400);
        expect(answer.body).toContain('return_url_refused');
        expect(await sessionOf(browser, subject())).toBeDefined();
      },
    );

    it('takes no form without end', async () => {
      const { at, ask } = subject();
      const headers = { origin: at.gateway, 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await ask('/logout', { method: 'POST', headers, body: `x=${'y'.repeat(10_000)}` });
      expect(answer.status).toBe(413);
    });
  });
}
