import { afterEach, describe, expect, it } from 'vitest';
import { type Browser, textOf } from './browser.ts';
import { askedAbout, sessionOf, untilAppsKnow } from './looking.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const minute = 60;

/** How soon what was decided about a person or a session holds everywhere. */
export function revocationSuite(start: StartSubject): void {
  describe('a session that has ended', () => {
    const subject = subjectFor(start);
    const second = { 'x-suite-process': 'second' };

    it('is refused at once by the process that ended it, and by the others with the next news', async () => {
      const { at, ask, hear, provider, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      await tab.goto(`${at.gateway}/logout`);
      await tab.submit();
      await provider.finishSignOut(tab);
      expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
      // what asks the store knows without news
      expect(await ask('/session', { headers: { cookie, ...second } })).toMatchObject({ status: 401 });
      await hear();
      expect(await ask('/check', { headers: { cookie, ...second } })).toMatchObject({ status: 401 });
    });

    it('ends alone: the same person’s other browser goes on', async () => {
      const { at, hear, provider, signedIn } = subject();
      const laptop = await signedIn(people.bob);
      const phone = await signedIn(people.bob);
      await laptop.tab.goto(`${at.gateway}/logout`);
      await laptop.tab.submit();
      await provider.finishSignOut(laptop.tab);
      await hear();
      expect((await phone.tab.goto(`${at.notes}/`)).status).toBe(200);
      expect(await sessionOf(phone.browser, subject())).toBeDefined();
    });

    it('is not revived by an answer that was under way', async () => {
      const { at, ask, signedIn, tap } = subject();
      const { browser } = await signedIn();
      const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
      await subject().pass(61 * minute);
      const before = tap.calls.length;
      const navigation = { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      const renewing = ask('/refresh', { headers: navigation });
      // the renewal waits for the provider while the person signs out elsewhere
      await expect.poll(() => tap.calls.length, { interval: 1 }).toBeGreaterThan(before);
      await ask('/logout', { method: 'POST', headers: { cookie, origin: at.gateway, ...second } });
      await renewing;
      await subject().hear();
      expect(await sessionOf(browser, subject())).toBeUndefined();
      expect(await ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
    });
  });

  describe('a person who may do more, or less, or nothing any more', () => {
    const subject = subjectFor(start);
    const statusAt = async (browser: Browser, path: string) =>
      (await browser.tab().goto(`${subject().at.notes}${path}`)).status;
    const changed: SuitePerson[] = [];
    afterEach(async () => {
      for (const person of changed.splice(0)) {
        await subject().giveRoles(person, person.roles);
        await subject().setState(person, 'active');
      }
      await subject().hear();
    });
    const giveRoles = async (person: SuitePerson, roles: readonly string[]) => {
      changed.push(person);
      await subject().giveRoles(person, roles);
      await subject().hear();
    };
    const setState = async (person: SuitePerson, state: 'disabled' | 'deleted') => {
      changed.push(person);
      await subject().setState(person, state);
      await subject().hear();
    };

    it('loses a page with the role, without signing in again', async () => {
      const { browser } = await subject().signedIn(people.bob);
      expect(await statusAt(browser, '/team/x')).toBe(200);
      expect(await statusAt(browser, '/write/x')).toBe(200);
      await giveRoles(people.bob, []);
      await untilAppsKnow(subject(), browser, async () => {
        expect(await statusAt(browser, '/team/x')).toBe(200);
        expect(await statusAt(browser, '/write/x')).toBe(200);
      });
      expect(await statusAt(browser, '/team/x')).toBe(403);
      expect(await statusAt(browser, '/write/x')).toBe(403);
      expect(await statusAt(browser, '/')).toBe(200);
    });

    it('gains a page with the role, and the app hears of it', async () => {
      const { at, signedIn } = subject();
      const { browser, tab } = await signedIn(people.cyd);
      expect(await statusAt(browser, '/team/x')).toBe(403);
      await giveRoles(people.cyd, ['editor']);
      const still = async () => expect(await statusAt(browser, '/team/x')).toBe(403);
      await untilAppsKnow(subject(), browser, still, 'end');
      const page = await tab.goto(`${at.notes}/team/x`);
      expect(page.status).toBe(200);
      expect(JSON.parse(page.body)).toMatchObject({ groups: 'editor' });
      await tab.goto(`${at.gateway}/`);
      expect(await statusAt(browser, '/team/x')).toBe(200);
    });

    it('with more roles than a cookie holds is let in by them where somebody can be asked, and nowhere else', async () => {
      const { at, front, signedIn } = subject();
      const roles = Array.from({ length: 60 }, (_, i) => `${'long-name-of-a-role-'.repeat(3)}${i}`);
      changed.push(people.bob);
      await subject().giveRoles(people.bob, ['editor', ...roles]);
      const { browser } = await signedIn(people.bob);
      expect(await statusAt(browser, '/')).toBe(200);
      const atApps = { news: 200, cookie: 403 }[front.appsGoBy];
      expect(await statusAt(browser, '/team/x')).toBe(atApps);
      expect((await askedAbout(browser, `${at.notes}/team/x`, subject())).status).toBe(204);
    });

    it.each(['disabled', 'deleted'] as const)('is out of every browser once apps know of being %s', async (state) => {
      const { at, provider, signedIn } = subject();
      const laptop = await signedIn(people.dan);
      const phone = await signedIn(people.dan);
      await setState(people.dan, state);
      const fetched = async ({ tab }: typeof laptop) => (await tab.load('fetch', `${at.notes}/`)).status;
      const still = async () => expect([await fetched(laptop), await fetched(phone)]).toEqual([200, 200]);
      await untilAppsKnow(subject(), phone.browser, still, 'end');
      for (const { browser, tab } of [laptop, phone]) {
        expect((await tab.load('fetch', `${at.notes}/`)).status).toBe(401);
        const page = await browser.tab().goto(`${at.notes}/`);
        expect([at.gateway, provider.origin]).toContain(new URL(page.url).origin);
        expect(await sessionOf(browser, subject())).toBeUndefined();
      }
    });

    it.each([
      ['disabled', 'account_disabled'],
      ['deleted', 'account_disabled'],
    ] as const)('is told of being %s at the next renewal, and every session is over', async (state, code) => {
      const { at, signedIn } = subject();
      const laptop = await signedIn(people.dan);
      const phone = await signedIn(people.dan);
      changed.push(people.dan);
      await subject().setState(people.dan, state);
      const page = await laptop.tab.goto(`${at.gateway}/refresh`);
      expect(page.status).toBe(403);
      expect(textOf(page.body)).toContain(code);
      for (const { browser } of [laptop, phone]) expect(await sessionOf(browser, subject())).toBeUndefined();
      const cookie = phone.browser.jar.header(new URL(at.gateway)) ?? '';
      expect(await subject().ask('/check', { headers: { cookie } })).toMatchObject({ status: 401 });
      // whoever comes back afterwards signs in anew
      await subject().setState(people.dan, 'active');
      expect(await sessionOf(phone.browser, subject())).toBeUndefined();
    });

    it('cannot sign in while disabled, and is told so', async () => {
      await setState(people.dan, 'disabled');
      const { browser, page } = await subject().signedIn(people.dan);
      expect(page.status).not.toBe(302);
      expect(textOf(page.body)).toContain('This account is disabled');
      expect(await sessionOf(browser, subject())).toBeUndefined();
    });

    it('keeps no page that needs a role while news are missing for over a minute; being signed in is enough elsewhere', async () => {
      const { at, front, hear, pass, signedIn } = subject();
      const { browser } = await signedIn(people.ann);
      await pass(50, 'deaf');
      expect(await statusAt(browser, '/team/x')).toBe(200);
      await pass(20, 'deaf');
      const page = await askedAbout(browser, `${at.notes}/team/x`, subject());
      expect(page.status).toBe(503);
      expect(page.headers.get('retry-after')).toBe('5');
      expect(textOf(page.body)).toContain('permissions_stale');
      // who goes by the cookie alone has no news to miss
      const atApps = { news: 503, cookie: 200 }[front.appsGoBy];
      expect(await statusAt(browser, '/team/x')).toBe(atApps);
      expect(await statusAt(browser, '/write/x')).toBe(atApps);
      expect(await statusAt(browser, '/')).toBe(200);
      expect(await statusAt(browser, '/public/x')).toBe(200);
      await hear();
      expect(await statusAt(browser, '/team/x')).toBe(200);
    });

    // last: the row does not come back
    it('whose row is gone is told so at the next renewal, and every session is over', async () => {
      const { at, removeRow, signedIn } = subject();
      const { browser, tab } = await signedIn(people.eve);
      const other = await signedIn(people.eve);
      await removeRow(people.eve);
      const page = await tab.goto(`${at.gateway}/refresh`);
      expect(page.status).toBe(403);
      expect(textOf(page.body)).toContain('account_unknown');
      for (const one of [browser, other.browser]) expect(await sessionOf(one, subject())).toBeUndefined();
    });
  });
}
