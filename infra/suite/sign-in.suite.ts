import { describe, expect, it } from 'vitest';
import { textOf } from './browser.ts';
import { domainCookieOf, sessionOf } from './looking.testing.ts';
import { newcomer, people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** What people do when they sign in, and what they come to see. */
export function signInSuite(start: StartSubject): void {
  describe('signing in', () => {
    const subject = subjectFor(start);
    const loginTo = (url: string, more: Record<string, string> = {}) =>
      `${subject().at.gateway}/login?${new URLSearchParams({ return_to: url, ...more })}`;

    it('leads from an app through the provider back to exactly the page that was asked for', async () => {
      const { at, provider, browser } = subject();
      const tab = browser().tab();
      const wanted = `${at.notes}/deep/page?x=1&y=a%20b&z=%C3%AB`;
      await tab.goto(wanted);
      expect(tab.page.url).toContain(provider.origin);
      const page = await provider.signIn(tab, people.ann);
      expect(page).toMatchObject({ url: wanted, status: 200 });
      expect(JSON.parse(page.body)).toMatchObject({ user: subject().uid(people.ann), groups: 'admin' });
    });

    it('keeps the fragment of an address, and knows `rd` as another name of `return_to`', async () => {
      const { at, provider, browser } = subject();
      const tab = browser().tab();
      await tab.goto(`${at.gateway}/login?rd=${encodeURIComponent(`${at.photos}/album#third`)}`);
      expect((await provider.signIn(tab, people.bob)).url).toBe(`${at.photos}/album#third`);
    });

    it('shows the home page with the person and the apps', async () => {
      const { at, provider, browser } = subject();
      const tab = browser().tab();
      await tab.goto(`${at.gateway}/`);
      const page = await provider.signIn(tab, people.ann);
      expect(page.url).toBe(`${at.gateway}/`);
      expect(textOf(page.body)).toContain('Ann Almond');
      for (const [name, home] of [
        ['Notes', at.notes],
        ['Photos', at.photos],
      ]) {
        expect(textOf(page.body)).toContain(name);
        expect(page.body).toContain(`href="${home}/"`);
      }
    });

    it('tells who is there at /session', async () => {
      const { at, signedIn, now, uid } = subject();
      const { tab } = await signedIn(people.bob, undefined, `${at.gateway}/`);
      const answer = await tab.load('fetch', '/session');
      expect(answer.status).toBe(200);
      expect(answer.cookies).toEqual([]);
      const session = JSON.parse(answer.body);
      expect(session).toMatchObject({ uid: uid(people.bob), email: 'bob@acme.test', name: 'Bob Berry' });
      expect(session).toMatchObject({ roles: ['editor'], permissions: ['notes:read', 'notes:write'] });
      expect(Math.abs(session.auth_time - now())).toBeLessThan(30);
      expect(session.ends_at - now()).toBeGreaterThan(11 * 3600);
    });

    it('returns at once for somebody whom the gateway knows, without the provider', async () => {
      const { at, provider, signedIn } = subject();
      const { tab } = await signedIn();
      const page = await tab.goto(loginTo(`${at.photos}/`));
      expect(page.url).toBe(`${at.photos}/`);
      expect(page.hops.map((hop) => new URL(hop.url).origin)).not.toContain(provider.origin);
    });

    it('opens every app with one sign-in', async () => {
      const { at, signedIn } = subject();
      const { tab } = await signedIn();
      const page = await tab.goto(`${at.photos}/albums`);
      expect(page.hops).toHaveLength(1);
      expect(page.status).toBe(200);
    });

    it('passes login_hint and prompt on, and nothing that was not asked for', async () => {
      const { at, provider, browser } = subject();
      const tab = browser().tab();
      const visit = { stopAt: provider.origin };
      const hinted = await tab.goto(loginTo(at.notes, { login_hint: 'ann@acme.test', prompt: 'login' }), visit);
      const { searchParams } = new URL(hinted.next ?? '');
      expect(searchParams.get('login_hint')).toBe('ann@acme.test');
      expect(searchParams.get('prompt')).toBe('login');
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      const plain = new URL((await tab.goto(loginTo(at.notes), visit)).next ?? '').searchParams;
      expect(plain.has('login_hint') || plain.has('prompt')).toBe(false);
      expect(plain.get('redirect_uri')).toBe(`${at.gateway}/callback/acme`);
    });

    it.each([
      ['an unknown prompt', { prompt: 'none login' }, 400],
      ['an unknown provider', { provider: 'nobody' }, 404],
      ['a login_hint without end', { login_hint: 'x'.repeat(300) }, 400],
    ])('refuses %s with a page', async (_, more, status) => {
      const page = await subject().browser().tab().goto(loginTo(subject().at.notes, more));
      expect(page.status).toBe(status);
      expect(page.headers.get('content-type')).toContain('text/html');
      expect(page.cookies).toEqual([]);
    });

    it('answers a cancelled sign-in with a page that has a way on', async () => {
      const { at, provider, browser } = subject();
      const one = browser();
      const tab = one.tab();
      await tab.goto(loginTo(`${at.notes}/kept?place=1`));
      const page = await tab.follow('Cancel');
      expect(page.status).toBe(403);
      expect(textOf(page.body)).toContain('login_cancelled');
      expect(domainCookieOf(one, at.notes)).toBeUndefined();
      await tab.follow('Sign in again');
      expect((await provider.signIn(tab, people.ann)).url).toBe(`${at.notes}/kept?place=1`);
    });

    it('says so where nobody is signed in and prompt=none forbids to ask', async () => {
      const page = await subject()
        .browser()
        .tab()
        .goto(loginTo(subject().at.notes, { prompt: 'none' }));
      expect(page.status).toBe(401);
      expect(textOf(page.body)).toContain('not_signed_in');
    });

    it('lets two tabs finish, in whatever order', async () => {
      const { at, provider, browser } = subject();
      const one = browser();
      const [first, second] = [one.tab(), one.tab()];
      await first.goto(`${at.notes}/first`);
      await second.goto(`${at.photos}/second`);
      expect((await provider.signIn(second, people.ann)).url).toBe(`${at.photos}/second`);
      expect((await provider.signIn(first, people.ann)).url).toBe(`${at.notes}/first`);
      expect((await first.goto(`${at.notes}/again`)).hops).toHaveLength(1);
      expect(await sessionOf(one, subject())).toMatchObject({ email: 'ann@acme.test' });
    });

    it('ends the first session with the second sign-in, and nothing of the first works any more', async () => {
      const { at, provider, signedIn, ask } = subject();
      const { browser, tab } = await signedIn();
      const before = browser.jar.header(new URL(at.gateway)) ?? '';
      const first = domainCookieOf(browser, at.notes);
      await tab.goto(loginTo(at.notes, { prompt: 'login' }));
      await provider.signIn(tab, people.ann);
      expect(domainCookieOf(browser, at.notes)?.sid).not.toBe(first?.sid);
      for (const path of ['/session', '/check'])
        expect(await ask(path, { headers: { cookie: before } })).toMatchObject({ status: 401 });
    });

    it('switches the person on one browser', async () => {
      const { at, provider, signedIn, uid } = subject();
      const { browser, tab } = await signedIn(people.ann);
      await tab.goto(loginTo(`${at.notes}/`, { prompt: 'login' }));
      const page = await provider.signIn(tab, people.bob);
      expect(JSON.parse(page.body)).toMatchObject({ user: uid(people.bob), groups: 'editor' });
      expect(await sessionOf(browser, subject())).toMatchObject({ uid: uid(people.bob) });
    });

    it('makes a row for somebody new, with what the provider says of them', async () => {
      const { at, signedIn } = subject();
      const { browser, page } = await signedIn(newcomer, undefined, `${at.notes}/`);
      expect(page.status).toBe(200);
      const session = await sessionOf(browser, subject());
      expect(session).toMatchObject({ email: 'fay@acme.test', name: 'Fay Fennel', roles: [], permissions: [] });
    });

    it('signs a returning person in without asking, where the provider remembers them', async () => {
      const { at, provider, signedIn } = subject();
      const { browser } = await signedIn();
      for (const name of ['__Host-sso', '__Secure-sso']) browser.jar.forget(name);
      const page = await browser.tab().goto(`${at.notes}/`);
      expect(page.url).toBe(`${at.notes}/`);
      expect(page.hops.map((hop) => new URL(hop.url).origin)).toContain(provider.origin);
    });

    it('says 403 to somebody who lacks the role, and lets in who has it', async () => {
      const { at, signedIn } = subject();
      const { tab: cyd } = await signedIn(people.cyd);
      const refused = await cyd.goto(`${at.notes}/team/plan`);
      expect(refused.status).toBe(403);
      expect(textOf(refused.body)).toContain('forbidden');
      expect((await cyd.goto(`${at.notes}/public/page`)).status).toBe(200);
      const { tab: bob } = await signedIn(people.bob);
      expect((await bob.goto(`${at.notes}/team/plan`)).status).toBe(200);
      expect((await bob.goto(`${at.notes}/write/it`)).status).toBe(200);
    });
  });
}
