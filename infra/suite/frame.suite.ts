import { afterEach, describe, expect, it } from 'vitest';
import { frameCodeSuite } from './frame-code.suite.ts';
import { frameMonitorSuite } from './frame-monitor.suite.ts';
import { framePageSuite } from './frame-page.suite.ts';
import { frameOf, ownFrame, signOut, thirdParty } from './frames.testing.ts';
import { allIsWell, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** The check frame: what pages on other domains learn, and what strangers don't. */
export function frameSuite(start: StartSubject): void {
  framePageSuite(start);
  frameCodeSuite(start);
  frameMonitorSuite(start);

  describe('a page on another domain', () => {
    const subject = subjectFor(start);
    afterEach(() => allIsWell(subject()));

    it.each([
      ['somebody is signed in, by the cookie', true, false, undefined, { state: 'signed-in' }],
      ['nobody is, where one would be seen', false, false, undefined, { state: 'signed-out' }],
      ['nothing, where cookies are blocked', true, true, undefined, { state: 'unknown', reason: 'storage-blocked' }],
      ['nothing, also of nobody', false, true, undefined, { state: 'unknown', reason: 'storage-blocked' }],
      ['the same by a cookie, whatever the browser says of access', true, false, false, { state: 'signed-in' }],
      [
        'of nobody, where the cookie of another site is blocked but access given',
        true,
        true,
        true,
        { state: 'signed-out' },
      ],
    ])('learns that %s', async (_, signedIn, blocked, hasAccess, says) => {
      const { parties, browser } = subject();
      const one = signedIn ? (await subject().signedIn()).browser : browser();
      const heard = await frameOf(subject(), one, parties.globex, { blocked }).ask(
        'check',
        hasAccess === undefined ? {} : { has_access: hasAccess },
      );
      expect([heard.status, heard.says]).toEqual([200, says]);
      expect(heard.headers.get('cache-control')).toBe('no-store');
      expect(heard.cookies).toEqual([]);
      for (const header of ['access-control-allow-origin', 'access-control-allow-credentials'])
        expect(heard.headers.has(header)).toBe(false);
    });

    it.each(['the person has signed out', 'the session has run out', 'the person is disabled', 'the row is gone'])(
      'learns that nobody is signed in once %s',
      async (what) => {
        const { config, parties, pass, removeRow, setState, signedIn } = subject();
        const who = what === 'the row is gone' ? people.eve : people.dan;
        const { browser } = await signedIn(who);
        const cookie = thirdParty(browser, subject().at.gateway);
        const frame = frameOf(subject(), browser, parties.globex);
        expect((await frame.ask('check')).says).toEqual({ state: 'signed-in' });
        if (what === 'the person has signed out') await signOut(subject(), browser);
        if (what === 'the session has run out') await pass(config.session.lifetime);
        if (what === 'the person is disabled') await setState(who, 'disabled');
        if (what === 'the row is gone') await removeRow(who);
        expect((await frame.ask('check', {}, { cookie })).says).toEqual({ state: 'signed-out' });
        await setState(people.dan, 'active');
        // it is over, not paused
        expect((await frame.ask('check', {}, { cookie })).says).toEqual({ state: 'signed-out' });
        expect(await sessionOf(browser, subject())).toBeUndefined();
      },
    );

    it.each(['store', 'directory'] as const)('hears that it can’t be told while the %s is down', async (which) => {
      const { parties, setAvailable, signedIn } = subject();
      const frame = frameOf(subject(), (await signedIn()).browser, parties.globex);
      setAvailable(which, false);
      const heard = await frame.ask('check');
      expect([heard.status, heard.says]).toEqual([503, { state: 'error', reason: 'unavailable' }]);
      expect(heard.headers.get('retry-after')).toBe('5');
      await allIsWell(subject());
      expect((await frame.ask('check')).says).toEqual({ state: 'signed-in' });
    });

    it('is told nothing by other cookies than the one that is for it', async () => {
      const { at, parties, signedIn } = subject();
      const { browser } = await signedIn();
      const value = (name: string) => browser.jar.value(name, at.gateway) ?? 'none';
      const [real, host] = [value('__Host-sso_xs'), value('__Host-sso')];
      const another = (await signedIn(people.bob)).browser.jar.value('__Host-sso_xs', at.gateway);
      expect([real, host, another]).not.toContain('none');
      const frame = frameOf(subject(), subject().browser(), parties.globex);
      for (const cookie of [
        `__Host-sso=${host}; __Secure-sso=${value('__Secure-sso')}`,
        `__Host-sso_xs=${host}`,
        `__Host-sso_xs=${real.slice(0, -1)}`,
        `__Host-sso_xs=${real}; __Host-sso_xs=${another}`,
        `__host-sso_xs=${real}`,
        `__Host-sso_xs="${real}"`,
        `__Host-sso_mon=${real}`,
      ])
        expect((await frame.ask('check', {}, { cookie })).says).toEqual({ state: 'signed-out' });
      expect((await frame.ask('check', {}, { cookie: `__Host-sso_xs=${real}` })).says).toEqual({ state: 'signed-in' });
      // and the other way round: what frames may see is worth nothing on our own pages
      expect(await sessionOfCookie(`__Host-sso_xs=${real}`)).toBe(401);
      expect(await sessionOfCookie(`__Host-sso=${real}`)).toBe(401);
    });

    const sessionOfCookie = async (cookie: string) => (await subject().ask('/session', { headers: { cookie } })).status;
  });

  describe('the questions of a frame', () => {
    const subject = subjectFor(start);
    const paths = ['check', 'watch', 'session-state'] as const;

    it.each<[string, (at: Record<string, string>) => Record<string, string | undefined>]>([
      ['an app', () => ({ origin: 'http://globex.localhost', 'sec-fetch-site': 'cross-site' })],
      ['a stranger', () => ({ origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' })],
      ['a sibling', ({ sibling }) => ({ origin: sibling, 'sec-fetch-site': 'same-site' })],
      ['a sibling that hides', () => ({ origin: undefined, 'sec-fetch-site': 'same-site' })],
      ['somebody who types', () => ({ origin: undefined, 'sec-fetch-site': 'none' })],
      ['a sandbox', () => ({ origin: 'null', 'sec-fetch-site': 'cross-site' })],
      ['a sandbox in an old browser', () => ({ origin: 'null', 'sec-fetch-site': undefined })],
      ['an app in an old browser', ({ notes }) => ({ origin: notes, 'sec-fetch-site': undefined })],
      ['a stranger in an old browser', () => ({ origin: 'https://evil.test', 'sec-fetch-site': undefined })],
      ['nobody at all', () => ({ origin: undefined, 'sec-fetch-site': undefined })],
      ['a stranger who says to be us', ({ gateway }) => ({ origin: gateway, 'sec-fetch-site': 'cross-site' })],
      ['a sibling who says to be us', ({ gateway }) => ({ origin: gateway, 'sec-fetch-site': 'same-site' })],
    ])('are not answered to %s', async (_, headers) => {
      const { at, parties, signedIn } = subject();
      const frame = frameOf(subject(), (await signedIn()).browser, parties.globex);
      for (const path of paths) {
        const heard = await frame.ask(path, {}, headers(at));
        expect([heard.status, heard.says]).toEqual([403, { state: 'error', reason: 'bad-request' }]);
        expect(heard.headers.has('access-control-allow-origin')).toBe(false);
      }
    });

    it.each([
      ['Fetch Metadata without Origin', { origin: undefined }],
      ['Origin without Fetch Metadata', { 'sec-fetch-site': undefined }],
    ])('are answered to our frame by %s alone', async (_, headers) => {
      const { parties, signedIn } = subject();
      const frame = frameOf(subject(), (await signedIn()).browser, parties.globex);
      expect((await frame.ask('check', {}, headers)).says).toEqual({ state: 'signed-in' });
    });

    it.each<[string, Record<string, unknown>]>([
      ['no app', { client_id: undefined }],
      ['an app that is a list', { client_id: ['globex'] }],
      ['no page', { parent_origin: undefined }],
      ['no nonce', { nonce: undefined }],
      ['a short nonce', { nonce: 'n'.repeat(21) }],
      ['a long nonce', { nonce: 'n'.repeat(65) }],
      ['a nonce of other characters', { nonce: `${'n'.repeat(22)}\n` }],
      ['an unknown want', { want: 'token' }],
      ['no want', { want: undefined }],
      ['access that is a word', { has_access: 'true' }],
      ['no word on access', { has_access: undefined }],
      ['something more', { admin: true }],
      ['what is for a code, with no code wanted', { code_challenge: 'c'.repeat(43) }],
      ['a code without a challenge', { want: 'code', redirect_uri: 'x' }],
      ['a code without an address', { want: 'code', code_challenge: 'c'.repeat(43) }],
    ])('are refused with %s', async (_, changes) => {
      const { parties, signedIn } = subject();
      const frame = frameOf(subject(), (await signedIn()).browser, parties.globex);
      const heard = await frame.ask('check', changes);
      expect([heard.status, heard.says]).toEqual([400, { state: 'error', reason: 'bad-request' }]);
    });

    it.each<[string, Record<string, unknown>, number]>([
      ['an unknown app', { client_id: 'nobody' }, 400],
      ['a name of Object.prototype', { client_id: '__proto__' }, 400],
      ['an app that takes no hand-off', { client_id: 'notes' }, 400],
      ['a stranger', { parent_origin: 'https://evil.test' }, 403],
      ['another app', { client_id: 'spa' }, 403],
      ['a page without an origin', { parent_origin: 'null' }, 403],
      ['an address in place of an origin', { parent_origin: 'http://globex.localhost/callback' }, 403],
      ['the gateway', { parent_origin: 'self' }, 403],
    ])('are refused on behalf of %s', async (_, changes, status) => {
      const { at, parties, signedIn } = subject();
      const frame = frameOf(subject(), (await signedIn()).browser, parties.globex);
      const heard = await frame.ask(
        'check',
        changes.parent_origin === 'self' ? { parent_origin: at.gateway } : changes,
      );
      expect([heard.status, heard.says]).toEqual([status, { state: 'error', reason: 'origin-not-registered' }]);
    });

    it.each<[string, string, string, number]>([
      ['a form', 'application/x-www-form-urlencoded', 'client_id=globex', 400],
      ['JSON by another name', 'text/plain', '{}', 400],
      ['no JSON', 'application/json', '{"client_id":', 400],
      ['null', 'application/json', 'null', 400],
      ['a list', 'application/json', '[]', 400],
      ['nothing', 'application/json', '', 400],
      ['more than 8 KB', 'application/json', JSON.stringify({ client_id: 'x'.repeat(9000) }), 413],
    ])('are refused as %s', async (_, type, body, status) => {
      const { at, ask } = subject();
      for (const path of paths) {
        const headers = { ...ownFrame(at.gateway), 'content-type': type };
        const answer = await ask(`/frame/${path}`, { method: 'POST', headers, body });
        expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { state: 'error', reason: 'bad-request' }]);
      }
    });

    it('are posted; a foreign page’s preflight gets no leave', async () => {
      const { ask } = subject();
      for (const path of paths) {
        for (const method of ['GET', 'PUT', 'OPTIONS']) {
          const headers = { origin: 'https://evil.test', 'access-control-request-method': 'POST' };
          const answer = await ask(`/frame/${path}`, { method, headers });
          expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
          expect(answer.headers.has('access-control-allow-origin')).toBe(false);
        }
      }
    });
  });
}
