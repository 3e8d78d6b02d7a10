import { describe, expect, it } from 'vitest';
import { accounts } from './fedcm.testing.ts';
import { allIsWell } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** How a browser knows whether to ask, and where it sends people to sign in. */
export function fedcmLoginSuite(start: StartSubject): void {
  describe('FedCM: signing in and out', () => {
    const subject = subjectFor(start);

    describe('the login status', () => {
      it('is told with the answer that signs in, and with the one that signs out', async () => {
        const { at, provider, signedIn } = subject();
        const { page, tab } = await signedIn(people.ann);
        const callback = page.hops.find(({ url }) => new URL(url).pathname.startsWith('/callback/'));
        expect(callback?.headers.get('set-login')).toBe('logged-in');
        await tab.goto(`${at.gateway}/logout`);
        expect(tab.page.headers.has('set-login')).toBe(false);
        const out = await tab.submit();
        expect(out.hops[0]?.headers.get('set-login')).toBe('logged-out');
        await provider.finishSignOut(tab);
      });

      it('is told with every other sign-out that clears the cookies, also where the store is down', async () => {
        const { ask, at, setAvailable, signedIn } = subject();
        const { browser } = await signedIn(people.ann);
        const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', origin: at.gateway };
        setAvailable('store', false);
        const failed = await ask('/logout', { method: 'POST', headers });
        expect([failed.status, failed.headers.get('set-login')]).toEqual([503, 'logged-out']);
        await allIsWell(subject());
        expect((await ask('/logout', { method: 'POST', headers })).headers.get('set-login')).toBe('logged-out');
      });
    });

    describe('the browser’s own window', () => {
      it('leads through the sign-in to a page that closes it by its one script', async () => {
        const { at, browser, provider } = subject();
        const tab = browser().tab();
        await tab.goto(`${at.gateway}/fedcm/login?login_hint=ann%40acme.test`);
        expect(tab.page.url).toContain(provider.origin);
        const page = await provider.signIn(tab, people.ann);
        expect([page.url, page.status]).toEqual([`${at.gateway}/fedcm/signed-in`, 200]);
        expect(page.headers.get('set-login')).toBe('logged-in');
        const scripts = [...page.body.matchAll(/<script>([^<]*)<\/script>/g)].map(([, script]) => script);
        expect(scripts).toEqual(['globalThis.IdentityProvider?.close()']);
        const policy = page.headers.get('content-security-policy') ?? '';
        expect(policy).toMatch(/; script-src 'sha256-[\w+/]{43}='; /);
        expect(policy).toContain("frame-ancestors 'none'");
      });

      it('closes at once for somebody who is signed in, and gives back what the browser had lost', async () => {
        const { at, signedIn } = subject();
        const { browser, tab } = await signedIn(people.ann);
        browser.jar.forget('__Host-sso_xs');
        expect((await accounts(subject(), browser)).status).toBe(401);
        const page = await tab.goto(`${at.gateway}/fedcm/login`);
        expect(page.url).toBe(`${at.gateway}/fedcm/signed-in`);
        expect((await accounts(subject(), browser)).status).toBe(200);
      });

      it('of nobody says so, and runs no script', async () => {
        const { ask } = subject();
        const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
        const answer = await ask('/fedcm/signed-in', { headers: navigation });
        expect(answer.status).toBe(401);
        expect(answer.headers.has('set-login')).toBe(false);
        expect(answer.body).not.toContain('<script');
        expect(answer.headers.get('content-security-policy')).not.toContain('script-src');
      });
    });
  });
}
