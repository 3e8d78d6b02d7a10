import { afterEach, describe, expect, it } from 'vitest';
import type { Seconds } from '../../shared/clock.ts';
import { type HostSession, readHostSession, writeHostSession } from '../../shared/cookies/host-session.ts';
import { createKeyring, generateKeyFile, type Keyring } from '../../shared/keys/keyring.ts';
import { cookiesSet, domainCookieOf, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { absentSuite } from './storeless-absent.suite.ts';
import { type StartSubject, type Subject, subjectFor } from './subject.testing.ts';

const minute = 60;
const hour = 3600;

/** The `Cookie` header of a browser with that session. */
const write = async (session: HostSession, { sealing }: Keyring, now: Seconds): Promise<string> =>
  (await writeHostSession(session, '__Host-sso', sealing, now)).split(';')[0] ?? '';

/** What a gateway does whose sessions are all in their cookies, and what it can't. */
export function storelessSuite(start: StartSubject): void {
  absentSuite(start);

  describe('a gateway without a store', () => {
    const subject = subjectFor(start);
    const refreshes = () => subject().tap.calls.filter(({ grant }) => grant === 'refresh_token');
    const second = { 'x-suite-process': 'second' };

    afterEach(async () => {
      const { giveRoles, setAvailable, setState, tap } = subject();
      tap.fail();
      setAvailable('directory', true);
      await setState(people.bob, 'active');
      await giveRoles(people.bob, people.bob.roles);
    });

    it('signs in once for all apps, and each process knows it without the other', async () => {
      const { at, browser, signedIn, uid } = subject();
      const { tab, browser: one } = await signedIn(people.ann, browser('second'));
      expect(JSON.parse(tab.page.body)).toMatchObject({ user: uid(people.ann), groups: 'admin' });
      expect(await sessionOf(one, subject())).toMatchObject({ uid: uid(people.ann) });
      expect((await tab.goto(`${at.photos}/`)).hops).toHaveLength(1);
      const cookie = one.jar.header(new URL(at.gateway)) ?? '';
      for (const process of [{}, second]) {
        const answer = await subject().ask('/session', { headers: { cookie, ...process } });
        expect(JSON.parse(answer.body)).toMatchObject({ uid: uid(people.ann), email: people.ann.email });
      }
    });

    it('renews from the host cookie alone, never from a domain cookie', async () => {
      const { at, ask, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const before = domainCookieOf(browser, at.notes);
      await pass(40 * minute);
      expect((await tab.goto(`${at.notes}/x`)).status).toBe(200);
      const after = domainCookieOf(browser, at.notes);
      expect(after).toMatchObject({ sid: before?.sid, sub: before?.sub });
      expect(after?.exp).toBeGreaterThan(before?.exp ?? 0);
      const stolen = `__Secure-sso=${browser.jar.value('__Secure-sso', at.notes)}`;
      expect(await ask('/session', { headers: { cookie: stolen } })).toMatchObject({ status: 401 });
    });

    it.each<[string, (world: Subject, session: HostSession) => Promise<string>]>([
      [
        'of a gateway with a store',
        async ({ keyring, now }, { carried, ...session }) => write(session, keyring, now()),
      ],
      [
        'that other keys sealed',
        async ({ now }, session) => write(session, createKeyring(JSON.stringify(generateKeyFile('EdDSA'))), now()),
      ],
      [
        'with a letter changed',
        async ({ keyring, now }, session) => {
          const cookie = await write(session, keyring, now());
          const at = cookie.length - 40;
          return `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`;
        },
      ],
      [
        'beside another’s',
        async ({ keyring, now }, session) =>
          `${await write(session, keyring, now())}; ${await write(session, keyring, now())}`,
      ],
      [
        'whose session is over',
        async ({ keyring, now }, session) => write({ ...session, endsAt: now() - 1 }, keyring, now() - 60),
      ],
    ])('is shown nobody by a cookie %s', async (_, make) => {
      const { at, ask, keyring, now, signedIn } = subject();
      const { browser } = await signedIn();
      const session = await readHostSession(
        browser.jar.header(new URL(at.gateway)),
        '__Host-sso',
        keyring.sealing,
        now(),
      );
      if (!session) throw new Error('nobody is signed in');
      expect(await ask('/session', { headers: { cookie: await write(session, keyring, now()) } })).toMatchObject({
        status: 200,
      });
      const cookie = await make(subject(), session);
      for (const process of [{}, second])
        expect(await ask('/session', { headers: { cookie, ...process } })).toMatchObject({ status: 401 });
    });

    it('asks the provider once an hour by the token that the cookie carries, and notes the answer there', async () => {
      const { at, keyring, now, pass, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const confirmed = async () => {
        const header = browser.jar.header(new URL(at.gateway));
        return (await readHostSession(header, '__Host-sso', keyring.sealing, now()))?.carried?.providerConfirmedAt ?? 0;
      };
      const began = await confirmed();
      const before = refreshes().length;
      await pass(61 * minute);
      await tab.goto(`${at.notes}/`);
      expect(refreshes()).toHaveLength(before + 1);
      expect(await confirmed()).toBeGreaterThanOrEqual(began + 61 * minute);
      for (let i = 0; i < 2; i++) {
        await pass(25 * minute);
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      }
      expect(refreshes()).toHaveLength(before + 1);
      await pass(hour);
      await tab.goto(`${at.notes}/`);
      expect(refreshes()).toHaveLength(before + 2);
      expect(subject().log.filter(({ text }) => text.includes('rotates'))).toEqual([]);
    });

    it.each([
      ['GET', ['__Host-sso']],
      ['POST', ['__Host-sso', '__Secure-sso']],
    ] as const)('hands out what the cookie now carries at %s /session too', async (method, set) => {
      const { at, ask, pass, signedIn } = subject();
      const { browser } = await signedIn();
      await pass(61 * minute);
      const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', origin: at.gateway };
      const before = refreshes().length;
      const answer = await ask('/session', { method, headers });
      expect([answer.status, cookiesSet(answer).sort()]).toEqual([200, set]);
      const next = answer.cookies.map((line) => line.split(';')[0]).join('; ');
      const again = await ask('/session', { method, headers: { ...headers, cookie: next } });
      expect([again.status, cookiesSet(again)]).toEqual([200, set.filter((name) => name !== '__Host-sso')]);
      expect(refreshes()).toHaveLength(before + 1);
    });

    it('ends with the grant at the provider, and does not come back', async () => {
      const { at, pass, provider, signedIn } = subject();
      const { browser, tab } = await signedIn(people.dan);
      await provider.endGrants(people.dan);
      await pass(61 * minute);
      await tab.goto(`${at.notes}/`, { stopAt: `${provider.origin}/` });
      expect(tab.page.next).toContain(provider.origin);
      expect(browser.jar.value('__Host-sso', at.gateway)).toBeUndefined();
    });

    it('renews with what was last known while the provider is down, for an hour', async () => {
      const { at, now, pass, signedIn, tap } = subject();
      const { browser, tab } = await signedIn();
      await pass(55 * minute);
      await tab.goto(`${at.notes}/`);
      tap.fail('down');
      await pass(26 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect((domainCookieOf(browser, at.notes)?.exp ?? 0) - now()).toBeLessThanOrEqual(5 * minute);
      await pass(61 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(503);
      tap.fail();
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
    });

    it('renews with what was last known while the directory is down, and ends nothing', async () => {
      const { at, now, pass, setAvailable, signedIn } = subject();
      const { browser, tab } = await signedIn();
      await pass(25 * minute);
      setAvailable('directory', false);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
      expect((domainCookieOf(browser, at.notes)?.exp ?? 0) - now()).toBeLessThanOrEqual(5 * minute);
      await pass(2 * hour);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(503);
      setAvailable('directory', true);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
    });

    it('takes new roles at the next renewal, and lets nobody wait for news of them', async () => {
      const { at, giveRoles, pass, signedIn } = subject();
      const { tab } = await signedIn(people.bob, undefined, `${at.notes}/team/x`);
      expect(tab.page.status).toBe(200);
      await giveRoles(people.bob, []);
      // far longer than news may be old elsewhere: what a cookie says holds for as long as the cookie
      await pass(10 * minute);
      expect((await tab.goto(`${at.notes}/team/x`)).status).toBe(200);
      await pass(15 * minute);
      expect((await tab.goto(`${at.notes}/team/x`)).status).toBe(403);
    });

    it('refuses a disabled person at the next renewal, and takes the cookies away', async () => {
      const { at, ask, pass, setState, signedIn } = subject();
      const { browser, tab } = await signedIn(people.bob);
      const copy = browser.jar.header(new URL(at.gateway)) ?? '';
      await setState(people.bob, 'disabled');
      await pass(25 * minute);
      expect((await tab.goto(`${at.notes}/`)).status).toBe(403);
      expect(browser.jar.all().map(({ name }) => name)).not.toContain('__Host-sso');
      expect(domainCookieOf(browser, at.notes)).toBeUndefined();
      for (const [status, process] of [
        [401, {}],
        [403, second],
      ] as const)
        expect(await ask('/session', { headers: { cookie: copy, ...process } })).toMatchObject({ status });
    });

    it('ends for good at its end, however often it was renewed', async () => {
      const { at, pass, provider, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const begun = domainCookieOf(browser, at.notes)?.iat ?? 0;
      const copy = browser.jar.header(new URL(at.gateway)) ?? '';
      for (let i = 0; i < 24; i++) {
        await pass(29 * minute);
        expect((await tab.goto(`${at.notes}/`)).status).toBe(200);
        expect(domainCookieOf(browser, at.notes)?.exp).toBeLessThanOrEqual(begun + 12 * hour);
      }
      await pass(hour);
      expect(await subject().ask('/session', { headers: { cookie: copy } })).toMatchObject({ status: 401 });
      await tab.goto(`${at.notes}/`, { stopAt: provider.origin });
      expect(tab.page.next).toContain(provider.origin);
    });

    it('signs out of this browser and the provider; a copy opens at other processes until the provider is asked', async () => {
      const { at, ask, pass, provider, signedIn, tap } = subject();
      const { browser, tab } = await signedIn(people.cyd, undefined, `${at.gateway}/`);
      const copy = browser.jar.header(new URL(at.gateway)) ?? '';
      await tab.submit();
      await provider.finishSignOut(tab);
      expect(tab.page.url).toBe(`${at.gateway}/signed-out`);
      expect(tab.page.hops.map(({ url }) => new URL(url).origin)).toContain(provider.origin);
      expect(browser.jar.all().filter(({ domain }) => domain.includes('acme'))).toEqual([]);
      expect(tap.calls.some(({ path, status }) => path.includes('revo') && status === 200)).toBe(true);
      await tab.goto(`${at.notes}/`);
      expect(tab.page.body).toContain('name="password"');
      for (const path of ['/session', '/check'])
        expect(await ask(path, { headers: { cookie: copy } }), path).toMatchObject({ status: 401 });
      // nothing is there that could tell the other process
      expect(await ask('/session', { headers: { cookie: copy, ...second } })).toMatchObject({ status: 200 });
      await pass(61 * minute);
      for (const process of [{}, second])
        expect(await ask('/session', { headers: { cookie: copy, ...process } })).toMatchObject({ status: 401 });
    });
  });
}

/** The mistake of configuration that nobody would notice until people are signed out for no reason. */
export function rotatingSuite(start: StartSubject): void {
  describe('a gateway without a store, at a provider that rotates refresh tokens', () => {
    const subject = subjectFor(start);

    it('says so in its log, once a process, and goes on by the newest token', async () => {
      const { at, log, pass, signedIn } = subject();
      const { tab } = await signedIn();
      for (let i = 0; i < 3; i++) {
        await pass(61 * minute);
        expect((await tab.goto(`${at.notes}/`)).hops.map(({ url }) => new URL(url).origin)).toEqual([
          at.notes,
          at.gateway,
          at.notes,
        ]);
      }
      const said = log.filter(({ event }) => event.includes('rotates refresh tokens'));
      expect(said.map(({ level }) => level)).toEqual(['error']);
    });
  });
}
