import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { type Browser, textOf } from './browser.ts';
import { allIsWell, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people, type SuitePerson } from './people.testing.ts';
import { handOff, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** A person's page of their sessions, and who else would like to end them. */
export function sessionsSuite(start: StartSubject): void {
  describe('the page of sessions', () => {
    const subject = subjectFor(start);
    const page = (path = '/sessions') => `${subject().at.gateway}${path}`;
    const sidOf = (browser: Browser) => domainCookieOf(browser, subject().at.gateway)?.sid ?? '';
    const isIn = async (browser: Browser) => (await sessionOf(browser, subject())) !== undefined;
    /** Somebody signed in on two machines, and nowhere else. */
    const twice = async (person: SuitePerson) => {
      const laptop = await subject().signedIn(person, undefined, page());
      await laptop.tab.post(page('/sessions/end'), { others: 'all' });
      const phone = await subject().signedIn(person);
      return { laptop, phone };
    };
    afterEach(() => allIsWell(subject()));

    it('lists where somebody is signed in, and nobody else', async () => {
      const { laptop, phone } = await twice(people.ann);
      await subject().signedIn(people.bob);
      const { body, status, headers } = await laptop.tab.goto(page());
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).not.toContain('script-src');
      expect(body.match(/<li>/g)).toHaveLength(2);
      expect(body.match(/This browser/g)).toHaveLength(1);
      expect(textOf(body)).toContain('Chrome on Linux');
      expect(body).toContain(`value="${sidOf(phone.browser)}"`);
      expect(body).not.toContain(`value="${sidOf(laptop.browser)}"`);
    });

    it('is reached from the home page, and says so where there is nothing else', async () => {
      const { at } = subject();
      const { laptop, phone } = await twice(people.ann);
      await phone.tab.goto(`${at.gateway}/logout`);
      await phone.tab.submit();
      await laptop.tab.goto(`${at.gateway}/`);
      const shown = await laptop.tab.follow('Where you are signed in');
      expect(textOf(shown.body)).toContain('You are signed in nowhere else.');
      expect((await laptop.tab.follow('Back to your apps')).url).toBe(`${at.gateway}/`);
    });

    it('ends one session, here and at every process, and shows the rest', async () => {
      const { ask, at, hear } = subject();
      const { laptop, phone } = await twice(people.ann);
      const cookie = phone.browser.jar.header(new URL(at.gateway)) ?? '';
      await laptop.tab.goto(page());
      const shown = await laptop.tab.post(page('/sessions/end'), { sid: sidOf(phone.browser) });
      expect([shown.url, shown.status, shown.body.match(/<li>/g)?.length]).toEqual([page(), 200, 1]);
      expect(await isIn(phone.browser)).toBe(false);
      expect((await ask('/check', { headers: { cookie } })).status).toBe(401);
      await hear();
      expect((await ask('/check', { headers: { cookie, 'x-suite-process': 'second' } })).status).toBe(401);
      expect(await isIn(laptop.browser)).toBe(true);
    });

    it('ends all others at once, tells their apps, and takes back what the provider gave them', async () => {
      const { parties, tap } = subject();
      const { laptop, phone } = await twice(people.ann);
      const tablet = await subject().signedIn(people.ann);
      const sids: unknown[] = [];
      for (const { tab } of [laptop, phone, tablet]) {
        const answer = await redeem(subject(), parties.globex, await handOff(subject(), parties.globex, tab));
        sids.push(decodeJwt(JSON.parse(answer.body).id_token).sid);
      }
      const revoked = () => tap.calls.filter(({ path, status }) => path.includes('revo') && status === 200).length;
      const before = revoked();
      await laptop.tab.goto(page());
      await laptop.tab.post(page('/sessions/end'), { others: 'all' });
      expect([await isIn(laptop.browser), await isIn(phone.browser), await isIn(tablet.browser)]).toEqual([
        true,
        false,
        false,
      ]);
      const told = () => parties.told.map(({ token }) => decodeJwt(token).sid).filter((sid) => sids.includes(sid));
      await expect.poll(() => told().sort()).toEqual(sids.slice(1).sort());
      expect(revoked() - before).toBe(2);
    });

    it('leads to signing out for this browser’s own session', async () => {
      const { laptop } = await twice(people.ann);
      await laptop.tab.goto(page());
      const shown = await laptop.tab.post(page('/sessions/end'), { sid: sidOf(laptop.browser) });
      expect(textOf(shown.body)).toContain('Sign out of all apps?');
      expect(await isIn(laptop.browser)).toBe(true);
    });

    it('leads a visitor to sign in, and back', async () => {
      const { browser, provider } = subject();
      const tab = browser().tab();
      await tab.goto(page());
      expect(tab.page.url).toContain(provider.origin);
      expect((await provider.signIn(tab, people.cyd)).url).toBe(page());
    });

    it('refuses the session of somebody else as one that nobody knows', async () => {
      const { browser: theirs } = await subject().signedIn(people.bob);
      const { tab } = await subject().signedIn(people.ann, undefined, page());
      const answers = [];
      for (const sid of [sidOf(theirs), 'made-up', `${sidOf(theirs)}x`, "' or ''='"]) {
        const { status, body } = await tab.post(page('/sessions/end'), { sid });
        answers.push([status, textOf(body).replace(/Request .*/, '')]);
      }
      expect(new Set(answers.map(String)).size).toBe(1);
      expect(answers[0]).toEqual([404, expect.stringContaining('That is not one of your sign-ins')]);
      expect(await isIn(theirs)).toBe(true);
      expect((await tab.follow('See where you are signed in')).url).toBe(page());
    });

    it.each([
      ['a foreign page', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
      ['a foreign page, in an old browser', { origin: 'https://evil.test' }],
      ['an app of ours', { origin: 'notes', 'sec-fetch-site': 'same-site' }],
      ['a sibling that nobody registered', { origin: 'sibling', 'sec-fetch-site': 'same-site' }],
      ['a page that hides where it is', { origin: 'null' }],
      ['nobody', {}],
      ['a page that claims our origin', { origin: 'gateway', 'sec-fetch-site': 'cross-site' }],
    ])('ends nothing for %s, with every cookie', async (_, given: Record<string, string>) => {
      const { ask, at } = subject();
      const { laptop, phone } = await twice(people.ann);
      const { origin, ...more } = given;
      const origins: Record<string, string> = { ...at };
      const headers = {
        ...more,
        ...(origin === undefined ? {} : { origin: origins[origin] ?? origin }),
        'content-type': 'application/x-www-form-urlencoded',
        cookie: laptop.browser.jar.header(new URL(at.gateway)) ?? '',
      };
      for (const body of [`sid=${sidOf(phone.browser)}`, 'others=all']) {
        expect((await ask('/sessions/end', { method: 'POST', headers, body })).status).toBe(403);
      }
      expect(await isIn(phone.browser)).toBe(true);
    });

    it.each([
      ['nothing named', '', 400],
      ['both', 'sid=x&others=all', 400],
      ['a name twice', 'sid=x&sid=y', 400],
      ['more than a form of ours holds', `sid=${'x'.repeat(2000)}`, 413],
    ])('ends nothing with %s', async (_, body, status) => {
      const { ask, at } = subject();
      const { laptop, phone } = await twice(people.ann);
      const headers = {
        origin: at.gateway,
        'content-type': 'application/x-www-form-urlencoded',
        cookie: laptop.browser.jar.header(new URL(at.gateway)) ?? '',
      };
      expect((await ask('/sessions/end', { method: 'POST', headers, body })).status).toBe(status);
      expect((await ask('/sessions/end', { headers })).status).toBe(405);
      expect(await isIn(phone.browser)).toBe(true);
    });

    it('of a session that has ended ends nothing, and leads to sign in', async () => {
      const { ask, at } = subject();
      const { laptop, phone } = await twice(people.ann);
      const headers = {
        origin: at.gateway,
        'content-type': 'application/x-www-form-urlencoded',
        cookie: laptop.browser.jar.header(new URL(at.gateway)) ?? '',
      };
      await ask('/logout', { method: 'POST', headers });
      for (const body of [`sid=${sidOf(phone.browser)}`, 'others=all']) {
        const answer = await ask('/sessions/end', { method: 'POST', headers, body });
        expect([answer.status, answer.headers.get('location')]).toEqual([
          303,
          expect.stringContaining(`${at.gateway}/login`),
        ]);
      }
      expect(await isIn(phone.browser)).toBe(true);
    });

    it('says 503 while the store is down, and ends nothing', async () => {
      const { setAvailable } = subject();
      const { laptop, phone } = await twice(people.ann);
      await laptop.tab.goto(page());
      setAvailable('store', false);
      const posted = await laptop.tab.post(page('/sessions/end'), { sid: sidOf(phone.browser) });
      expect([posted.status, posted.headers.get('retry-after')]).toEqual([503, '5']);
      expect((await laptop.tab.goto(page())).status).toBe(503);
      await allIsWell(subject());
      expect([await isIn(laptop.browser), await isIn(phone.browser)]).toEqual([true, true]);
    });
  });
}
