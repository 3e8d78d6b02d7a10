import { describe, expect, it } from 'vitest';
import type { Greeting } from './guarded-app.testing.ts';
import { domainCookieOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const greetingOf = ({ body }: { readonly body: string }) => JSON.parse(body) as Greeting;
const generated = 'LambdaGeneratedResponse from cloudfront';

/** What is only where apps and gateway stand at CloudFront. */
export function cloudFrontSuite(name: string, start: StartSubject): void {
  describe(name, () => {
    describe('at CloudFront', () => {
      const subject = subjectFor(start);

      it('an app’s own sign-out leads through the gateway’s, and ends the session everywhere', async () => {
        const { at, provider, signedIn } = subject();
        const { browser, tab } = await signedIn(people.eve);
        const asked = await tab.goto(`${at.notes}/_sso/sign-out`);
        expect(asked.hops[0]).toMatchObject({ status: 303, cookies: [] });
        expect(asked.url).toBe(`${at.gateway}/logout?return_to=${encodeURIComponent(`${at.notes}/`)}`);
        await tab.submit();
        await provider.finishSignOut(tab);
        expect(domainCookieOf(browser, at.notes)).toBeUndefined();
        expect((await tab.goto(`${at.photos}/x`)).url).toContain(provider.origin);
      });

      it('an app’s sign-out is not begun by a prefetch, nor by what no form sends', async () => {
        const { at, signedIn } = subject();
        const { tab } = await signedIn();
        expect((await tab.load('prefetch', `${at.notes}/_sso/sign-out`)).status).toBe(503);
        expect((await tab.load('fetch', `${at.notes}/_sso/sign-out`, { method: 'DELETE' })).status).toBe(405);
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      });

      it.each(['/_sso/callback?code=x&state=y', '/_sso/refresh'])(
        '%s is a page of the app like any other',
        async (path) => {
          const { at, browser, provider, signedIn } = subject();
          const { tab } = await signedIn();
          expect(greetingOf(await tab.goto(`${at.notes}${path}`)).app).toBe(new URL(at.notes).host);
          expect((await browser().tab().goto(`${at.notes}${path}`)).url).toContain(provider.origin);
        },
      );

      it.each(['remote-user', 'Remote-User', 'remote_user', 'remote.user', 'x-auth-request-user'])(
        'nobody is who they claim to be by %s',
        async (claim) => {
          const { at, browser, signedIn, uid } = subject();
          const headers = { [claim]: 'mallory', 'remote-groups': 'admin' };
          const { tab } = await signedIn(people.bob);
          const known = await tab.goto(`${at.notes}/`, { headers });
          expect(greetingOf(known)).toMatchObject({ user: uid(people.bob), groups: 'editor' });
          const stranger = await browser().tab().goto(`${at.notes}/public/x`, { headers });
          expect(greetingOf(stranger)).toMatchObject({ user: '', groups: '' });
        },
      );

      it('an app’s answers are dressed on their way, and what check_auth says itself needs no dress', async () => {
        const { at, browser, signedIn } = subject();
        const { page } = await signedIn();
        expect(Object.fromEntries(page.headers)).toMatchObject({
          'content-type': 'application/json',
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
        });
        const sent = await browser().tab().goto(`${at.notes}/`, { stopAt: at.gateway });
        expect(Object.fromEntries(sent.headers)).toMatchObject({
          'cache-control': 'no-store',
          'x-content-type-options': 'nosniff',
          'x-cache': generated,
        });
      });

      it('the gateway’s errors are dressed too, and what it says itself stays', async () => {
        const { ask } = subject();
        const answer = await ask('/nothing', { headers: { accept: 'text/html' } });
        expect(answer.status).toBe(404);
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          // by http_headers: the gateway is not on https here
          'strict-transport-security': 'max-age=31536000',
          'referrer-policy': 'same-origin',
          'content-security-policy': expect.stringContaining("default-src 'none'"),
        });
      });

      it('every cookie of an answer arrives, each on a line of its own', async () => {
        const { signedIn } = subject();
        const { page } = await signedIn();
        const callback = page.hops.find(({ url }) => url.includes('/callback/'));
        expect(callback?.cookies.length).toBeGreaterThan(2);
        for (const line of callback?.cookies ?? []) expect(line.match(/; Path=/gi)).toHaveLength(1);
      });

      it('functions keep quiet in their logs about who came', () => {
        const text = subject()
          .log.map((line) => line.text)
          .join('\n');
        expect(text).not.toMatch(/eyJ|__Secure-sso=|ann@acme/);
      });
    });
  });
}
