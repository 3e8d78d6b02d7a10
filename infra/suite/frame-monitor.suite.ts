import { describe, expect, it } from 'vitest';
import { codeWanted, frameOf, idTokenFor, signOut } from './frames.testing.ts';
import { people } from './people.testing.ts';
import { handOff } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** The monitor cookie and `session_state`: how a page notices the end of a session, and how little else they are good for. */
export function frameMonitorSuite(start: StartSubject): void {
  const unknown = { state: 'unknown', reason: 'storage-blocked' };

  describe('a page whose frame sees no cookie', () => {
    const subject = subjectFor(start);
    /** A page of an app that was handed somebody over, in a browser that blocks what it can. */
    const handedOver = async (person = people.ann) => {
      const { globex } = subject().parties;
      const { browser } = await subject().signedIn(person);
      const frame = frameOf(subject(), browser, globex, { blocked: true });
      return { browser, frame, ...(await idTokenFor(subject(), globex, browser)) };
    };

    it('gets a cookie for its ticket, on its own site alone', async () => {
      const { config } = subject();
      const { frame, ticket, claims } = await handedOver();
      expect((await frame.ask('check')).says).toEqual(unknown);
      const heard = await frame.ask('watch', { ticket });
      expect([heard.status, heard.says]).toEqual([200, { state: 'signed-in' }]);
      expect(heard.cookies).toHaveLength(1);
      const [cookie = ''] = heard.cookies;
      expect(cookie).toMatch(
        /^__Host-sso_mon=[\w.-]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=None; Partitioned$/,
      );
      const left = Number(claims.session_expiry) - subject().now();
      expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(left + 1);
      expect(left).toBeLessThanOrEqual(config.session.lifetime);
      expect((await frame.ask('check')).says).toEqual({ state: 'signed-in' });
    });

    it('never gets a code by it', async () => {
      const { parties } = subject();
      const { frame, ticket } = await handedOver();
      await frame.ask('watch', { ticket });
      for (const has_access of [true, false]) {
        const { says } = await frame.ask('check', { ...codeWanted(parties.globex).fields, has_access });
        expect(says).not.toHaveProperty('code');
        expect(says).toEqual(has_access ? { state: 'signed-out' } : { state: 'signed-in', reason: 'storage-blocked' });
      }
    });

    it('notices a sign-out, and a minute later nothing again', async () => {
      const { parties, pass } = subject();
      const { browser, frame, ticket } = await handedOver();
      await frame.ask('watch', { ticket });
      await signOut(subject(), browser);
      const tabs = frameOf(subject(), browser, parties.globex, { blocked: true });
      for (const [name, value] of frame.partition) tabs.partition.set(name, value);
      for (let i = 0; i < 3; i += 1) {
        expect((await frame.ask('check')).says).toEqual({ state: 'signed-out' });
        await pass(15);
      }
      // somebody may have signed in again since, elsewhere: that it can't know
      await pass(20);
      expect((await frame.ask('check')).says).toEqual(unknown);
      // a tab that slept meanwhile has the old cookie only in this imitation, and still hears
      expect((await tabs.ask('check')).says).toEqual({ state: 'signed-out' });
    });

    it.each(['disabled', 'replaced'])('notices that the session was ended otherwise: %s', async (how) => {
      const { setState, signedIn } = subject();
      const { browser, frame, ticket } = await handedOver(people.dan);
      await frame.ask('watch', { ticket });
      if (how === 'disabled') await setState(people.dan, 'disabled');
      else {
        const { at, provider } = subject();
        const tab = browser.tab();
        await tab.goto(`${at.gateway}/login?${new URLSearchParams({ return_to: `${at.notes}/`, prompt: 'login' })}`);
        await provider.signIn(tab, people.eve);
      }
      expect((await frame.ask('check')).says).toEqual({ state: 'signed-out' });
      await setState(people.dan, 'active');
      await signedIn(people.dan);
    });

    it('hears at once where the session has ended before the ticket came', async () => {
      const { browser, frame, ticket } = await handedOver();
      await signOut(subject(), browser);
      const heard = await frame.ask('watch', { ticket });
      expect([heard.says, heard.cookies]).toEqual([{ state: 'signed-out' }, []]);
    });

    it('gets none for a ticket that is old, made up, or another app’s', async () => {
      const { parties, pass } = subject();
      const { browser, frame, ticket, claims } = await handedOver();
      const others = await idTokenFor(subject(), parties.spa, browser);
      const xs = browser.jar.value('__Host-sso_xs', subject().at.gateway);
      for (const wrong of [others.ticket, `${ticket}x`, ticket.slice(1), xs, claims.sid, '', 'x'.repeat(5000), 1]) {
        const heard = await frame.ask('watch', { ticket: wrong });
        expect([heard.status, heard.says]).toEqual([400, { state: 'error', reason: 'bad-request' }]);
        expect(heard.cookies).toEqual([]);
      }
      await pass(301);
      expect((await frame.ask('watch', { ticket })).says).toEqual({ state: 'error', reason: 'bad-request' });
    });

    it('shares it with no other app, and on another site it says no more than whether the session lives', async () => {
      const { parties } = subject();
      const { browser, frame, ticket } = await handedOver();
      await frame.ask('watch', { ticket });
      const value = frame.partition.get('__Host-sso_mon') ?? '';
      const spa = frameOf(subject(), browser, parties.spa, { blocked: true });
      spa.partition.set('__Host-sso_mon', value);
      expect((await spa.ask('check')).says).toEqual(unknown);
      // a thief of the ticket, in a partition and a browser of their own
      const origin = parties.globex.origin.replace('//', '//www.');
      const thief = frameOf(subject(), subject().browser(), parties.globex, { blocked: true, origin });
      expect((await thief.ask('watch', { ticket })).says).toEqual({ state: 'signed-in' });
      const wanted = { ...codeWanted(parties.globex).fields, redirect_uri: `${origin}/callback` };
      expect((await thief.ask('check', wanted)).says).toEqual({ state: 'signed-in', reason: 'storage-blocked' });
      const headers = { cookie: `__Host-sso=${value}; __Host-sso_xs=${value}; __Secure-sso=${value}` };
      expect((await subject().ask('/session', { headers })).status).toBe(401);
      expect((await thief.ask('check', {}, headers)).says).toEqual(unknown);
    });

    it('hears that it can’t be told while the store is down', async () => {
      const { setAvailable } = subject();
      const { frame, ticket } = await handedOver();
      await frame.ask('watch', { ticket });
      setAvailable('store', false);
      try {
        for (const path of ['check', 'watch'] as const) {
          const heard = await frame.ask(path, path === 'watch' ? { ticket } : {});
          expect([heard.status, heard.says]).toEqual([503, { state: 'error', reason: 'unavailable' }]);
          expect(heard.headers.get('retry-after')).toBe('5');
        }
      } finally {
        setAvailable('store', true);
      }
      expect((await frame.ask('check')).says).toEqual({ state: 'signed-in' });
    });
  });

  describe('a session_state', () => {
    const subject = subjectFor(start);
    const shape = /^[\w-]{43}\.[\w-]{22}$/;
    const given = async (blocked = false) => {
      const { parties, signedIn } = subject();
      const { browser, tab } = await signedIn();
      const frame = frameOf(subject(), browser, parties.globex, { blocked });
      return { browser, tab, frame, ...(await idTokenFor(subject(), parties.globex, browser)) };
    };

    it('comes with every code, and with no error', async () => {
      const { parties } = subject();
      const { tab, sessionState } = await given();
      expect(sessionState).toMatch(shape);
      const again = await handOff(subject(), parties.globex, tab, { prompt: 'none' });
      expect(again.answer.get('session_state')).toMatch(shape);
      expect(again.answer.get('session_state')).not.toBe(sessionState);
      const nobody = await handOff(subject(), parties.globex, subject().browser().tab(), { prompt: 'none' });
      expect([nobody.answer.get('error'), nobody.answer.get('session_state')]).toEqual(['login_required', null]);
    });

    it('is unchanged until the person signs out, or somebody else signs in', async () => {
      const { signedIn } = subject();
      const { browser, frame, sessionState: session_state } = await given();
      expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'unchanged' });
      await signOut(subject(), browser);
      expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'changed' });
      await signedIn(people.bob, browser);
      expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'changed' });
    });

    it('of another app or another page is a change', async () => {
      const { parties } = subject();
      const { browser, sessionState: session_state } = await given();
      const origin = parties.globex.origin.replace('//', '//www.');
      for (const frame of [
        frameOf(subject(), browser, parties.spa),
        frameOf(subject(), browser, parties.globex, { origin }),
      ])
        expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'changed' });
    });

    it('is an error, and no change, where no cookie is seen; with a monitor it is known', async () => {
      const { parties, signedIn } = subject();
      const { browser, frame, ticket, sessionState: session_state } = await given(true);
      const blocked = { state: 'error', reason: 'storage-blocked' };
      expect((await frame.ask('session-state', { session_state })).says).toEqual(blocked);
      await frame.ask('watch', { ticket });
      expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'unchanged' });
      // of a session that another cookie may be about
      const { sessionState: other } = await given(true);
      expect((await frame.ask('session-state', { session_state: other })).says).toEqual(blocked);
      await signOut(subject(), browser);
      expect((await frame.ask('session-state', { session_state })).says).toEqual({ state: 'changed' });
      // the next sign-in: of that the old monitor knows nothing
      await signedIn(people.ann, browser);
      const next = await idTokenFor(subject(), parties.globex, browser);
      expect((await frame.ask('session-state', { session_state: next.sessionState })).says).toEqual(blocked);
    });

    it('that is none is refused', async () => {
      const { frame, sessionState } = await given();
      for (const session_state of ['', 'x', `${sessionState}.x`, `${sessionState}\n`, null, 'x'.repeat(9000)]) {
        const heard = await frame.ask('session-state', { session_state });
        expect([[400, 413].includes(heard.status), heard.says.reason]).toEqual([true, 'bad-request']);
      }
    });
  });
}
