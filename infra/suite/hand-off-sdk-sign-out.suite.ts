import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import { textOf } from './browser.ts';
import { cookiesFor, postTo, seen, signedInAt } from './hand-off-sdk.testing.ts';
import { cookiesSet, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Who signs out anywhere is signed out at apps that have our filter, and what outages do to them. */
export function handOffSdkSignOutSuite(start: StartSubject): void {
  describe('signing out, and an app that has our filter', () => {
    const subject = subjectFor(start);
    const names = ['umbrella', 'hooli', 'vehement'] as const;
    const signOutAtGateway = async (browser: Browser) => {
      const { at, ask } = subject();
      const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', origin: at.gateway };
      expect((await ask('/logout', { method: 'POST', headers })).status).toBe(303);
    };
    /** Whom an app takes the owner of these cookies for. */
    const whoIs = async (app: { readonly url: string }, cookie: string) => {
      const { status, body } = await subject().ask(`${app.url}/public/x`, { headers: { cookie } });
      return status === 200 ? seen({ body }).uid : status;
    };

    it.each(names)('anywhere is known to %s by the next request, wherever its cookie is', async (id) => {
      const { apps, uid } = subject();
      const { browser, tab } = await signedInAt(subject(), apps[id]);
      const cookie = cookiesFor(browser, apps[id]);
      expect(await whoIs(apps[id], cookie)).toBe(uid(people.ann));
      await signOutAtGateway(browser);
      await expect.poll(() => whoIs(apps[id], cookie)).toBe(null);
      const session = await tab.load('fetch', `${apps[id].url}/sso/session`);
      expect(JSON.parse(session.body)).toMatchObject({ signed_in: false });
      expect(session.cookies).toContainEqual(expect.stringMatching(/^__Host-app_session=;.*Max-Age=0/));
      const page = await tab.goto(`${apps[id].url}/admin`, { stopAt: subject().at.gateway });
      expect(page.status).toBe(302);
    });

    it('in one browser leaves the same person’s other browser alone', async () => {
      const { apps, uid } = subject();
      const [laptop, phone] = [await signedInAt(subject(), apps.umbrella), await signedInAt(subject(), apps.umbrella)];
      await signOutAtGateway(laptop.browser);
      await expect.poll(() => whoIs(apps.umbrella, cookiesFor(laptop.browser, apps.umbrella))).toBe(null);
      expect(await whoIs(apps.umbrella, cookiesFor(phone.browser, apps.umbrella))).toBe(uid(people.ann));
    });

    it.each(names)('at %s is a sign-out everywhere, asks nothing, and ends where the app said', async (id) => {
      const { apps, provider } = subject();
      const other = id === 'umbrella' ? apps.hooli : apps.umbrella;
      const { browser, tab } = await signedInAt(subject(), apps[id]);
      await tab.goto(`${other.url}/`);
      const cookies = [cookiesFor(browser, apps[id]), cookiesFor(browser, other)] as const;
      await tab.goto(`${apps[id].url}/public/`);
      await tab.post(`${apps[id].url}/sso/logout`, {});
      const page = await provider.finishSignOut(tab);
      expect([page.url, seen(page).uid]).toEqual([`${apps[id].url}/bye`, null]);
      expect(await sessionOf(browser, subject())).toBeUndefined();
      await expect.poll(() => whoIs(apps[id], cookies[0])).toBe(null);
      await expect.poll(() => whoIs(other, cookies[1])).toBe(null);
    });

    it('here alone leaves the rest, and can be undone by signing in', async () => {
      const { apps, uid } = subject();
      const { browser, tab } = await signedInAt(subject(), apps.hooli);
      const copied = cookiesFor(browser, apps.hooli);
      const answer = await postTo(apps.hooli, '/sso/end', browser);
      expect([answer.status, answer.body]).toEqual([204, '']);
      expect(await whoIs(apps.hooli, copied)).toBe(null);
      expect(await sessionOf(browser, subject())).toBeDefined();
      // the same session of the gateway, and so the same sid
      const again = await tab.goto(`${apps.hooli.url}/x`);
      expect(seen(again).uid).toBe(uid(people.ann));
      expect(await whoIs(apps.hooli, copied)).toBe(null);
    });

    it.each([
      ['a link', async (url: string, { tab }: Awaited<ReturnType<typeof signedInAt>>) => await tab.click(url)],
      [
        'a form of a page that hides itself',
        async (url: string, { tab }: Awaited<ReturnType<typeof signedInAt>>) =>
          await tab.post(url, {}, { referrer: 'no-referrer' }),
      ],
    ])('by %s is asked about first', async (_, leave) => {
      const { apps, uid } = subject();
      const one = await signedInAt(subject(), apps.umbrella);
      const page = await leave(`${apps.umbrella.url}/sso/logout`, one);
      expect(textOf(page.body)).toContain('Sign out of all apps?');
      expect(seen(await one.tab.goto(`${apps.umbrella.url}/x`)).uid).toBe(uid(people.ann));
    });

    it('while a sign-in is on its way lets none come to life', async () => {
      const { apps } = subject();
      const { browser, tab } = await subject().signedIn(people.dan);
      // the code is there, and the app has not redeemed it
      const { next } = await tab.goto(`${apps.umbrella.url}/x`, { stopAt: `${apps.umbrella.url}/sso` });
      await signOutAtGateway(browser);
      const back = await tab.goto(next ?? '', { stopAt: subject().at.gateway });
      expect([back.status, cookiesSet(back)]).toEqual([400, []]);
    });

    describe('while something is down', () => {
      it('the logout store: nobody is let in, and nothing has ended', async () => {
        const { apps, uid } = subject();
        const { browser, tab } = await signedInAt(subject(), apps.umbrella);
        apps.setReachable('store', false);
        try {
          const page = await tab.goto(`${apps.umbrella.url}/x`);
          expect([page.status, page.headers.get('retry-after'), page.cookies]).toEqual([503, '5', []]);
          expect(textOf(page.body)).toContain('Sessions cannot be read right now.');
          expect((await tab.load('fetch', `${apps.umbrella.url}/api`)).status).toBe(503);
          expect((await tab.load('fetch', `${apps.umbrella.url}/sso/session`)).status).toBe(503);
          expect(seen(await tab.goto(`${apps.umbrella.url}/public/`)).uid).toBe(null);
          expect((await postTo(apps.umbrella, '/sso/end', browser)).status).toBe(503);
          // a visitor has nothing that could have ended
          const visitor = await subject()
            .browser()
            .tab()
            .goto(`${apps.umbrella.url}/x`, { stopAt: subject().at.gateway });
          expect(visitor.status).toBe(302);
        } finally {
          apps.setReachable('store', true);
        }
        expect(seen(await tab.goto(`${apps.umbrella.url}/x`)).uid).toBe(uid(people.ann));
      });

      it('the logout store: the gateway tells again, and then it is known', async () => {
        const { apps, deliver, pass } = subject();
        const { browser } = await signedInAt(subject(), apps.umbrella);
        const cookie = cookiesFor(browser, apps.umbrella);
        apps.setReachable('store', false);
        await signOutAtGateway(browser);
        await deliver();
        apps.setReachable('store', true);
        await expect
          .poll(async () => {
            await pass(20);
            await deliver();
            return await whoIs(apps.umbrella, cookie);
          })
          .toBe(null);
      });

      it('the logout store: who signs out is not held up', async () => {
        const { apps, provider } = subject();
        const { browser, tab } = await signedInAt(subject(), apps.umbrella);
        await tab.goto(`${apps.umbrella.url}/public/`);
        apps.setReachable('store', false);
        try {
          await tab.post(`${apps.umbrella.url}/sso/logout`, {});
          await provider.finishSignOut(tab);
        } finally {
          apps.setReachable('store', true);
        }
        expect(await sessionOf(browser, subject())).toBeUndefined();
        expect(browser.jar.value('__Host-app_session', apps.umbrella.url)).toBeUndefined();
      });

      it('the gateway: who is signed in stays so, and who is coming can try again', async () => {
        const { apps, uid } = subject();
        const { tab: known } = await signedInAt(subject(), apps.hooli);
        const { browser, tab } = await subject().signedIn(people.bob);
        const { next } = await tab.goto(`${apps.hooli.url}/x`, { stopAt: `${apps.hooli.url}/sso` });
        apps.setReachable('gateway', false);
        try {
          expect(seen(await known.goto(`${apps.hooli.url}/x`)).uid).toBe(uid(people.ann));
          const page = await tab.goto(next ?? '');
          expect([page.status, page.headers.get('retry-after'), cookiesSet(page)]).toEqual([503, '10', []]);
        } finally {
          apps.setReachable('gateway', true);
        }
        expect(seen(await tab.goto(next ?? '')).uid).toBe(uid(people.bob));
        expect(decodeJwt(browser.jar.value('__Secure-sso', subject().at.notes) ?? '').sub).toBe(uid(people.bob));
      });
    });
  });
}
