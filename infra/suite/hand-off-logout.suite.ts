import { randomUUID } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Browser, Tab } from './browser.ts';
import { sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** How apps on other domains hear that a session has ended. */
export function logoutSuite(start: StartSubject): void {
  describe('the end of a session', () => {
    const subject = subjectFor(start);

    /** Somebody signed in at some apps, and what each of these calls the session. */
    const signedInAt = async (parties: readonly Party[], person = people.ann, browser?: Browser) => {
      const signedIn = await subject().signedIn(person, browser);
      const sids = new Map<string, unknown>();
      for (const party of parties) {
        const answer = await redeem(
          subject(),
          party,
          await credentialsFor(party, signedIn.tab),
          await assertionOf(party),
        );
        sids.set(party.id, decodeJwt(JSON.parse(answer.body).id_token).sid);
      }
      return { ...signedIn, sids };
    };
    const credentialsFor = async (party: Party, tab: Tab) => await handOff(subject(), party, tab);
    const assertionOf = async (party: Party): Promise<Record<string, string | undefined>> => {
      if (party.id !== 'signer') return {};
      const { at, now, parties } = subject();
      const client_assertion = await new SignJWT({ jti: randomUUID(), exp: now() + 60 })
        .setProtectedHeader({ alg: 'ES256', kid: 'signer-1' })
        .setIssuer('signer')
        .setSubject('signer')
        .setAudience(at.gateway)
        .sign(parties.signer.privateKey);
      return { client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
    };
    /** Apps that were told of one of these sessions, each as often as it was. */
    const toldOf = (sids: ReadonlyMap<string, unknown>): string[] =>
      subject()
        .parties.told.filter(({ id, token }) => decodeJwt(token).sid === sids.get(id))
        .map(({ id }) => id)
        .sort();
    const signOut = async (browser: Browser, more: Record<string, string> = {}) => {
      const { at, ask } = subject();
      const headers = { cookie: browser.jar.header(new URL(at.gateway)) ?? '', origin: at.gateway, ...more };
      return await ask('/logout', { method: 'POST', headers });
    };

    it('is told by a signed token to every app that was given tokens, and to no other', async () => {
      const { at, now, parties, uid } = subject();
      const { browser, sids } = await signedInAt([parties.globex, parties.signer]);
      await signOut(browser);
      await expect.poll(() => toldOf(sids)).toEqual(['globex', 'signer']);
      expect(parties.told.map(({ id }) => id)).not.toContain('spa');
      const keys = createRemoteJWKSet(new URL(`${at.gateway}/.well-known/jwks.json`));
      for (const { id, token, contentType } of parties.told) {
        const alg = id === 'signer' ? 'ES256' : 'RS256';
        const checks = { issuer: at.gateway, audience: id, typ: 'logout+jwt', algorithms: [alg] };
        const { payload } = await jwtVerify(token, keys, { ...checks, currentDate: new Date(now() * 1000) });
        expect(payload).toMatchObject({ sub: uid(people.ann), sid: sids.get(id), jti: expect.any(String) });
        expect(payload.events).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {} });
        expect(payload).not.toHaveProperty('nonce');
        expect(contentType).toBe('application/x-www-form-urlencoded');
      }
    });

    it('of one browser leaves the person’s other browser signed in there', async () => {
      const { parties } = subject();
      const laptop = await signedInAt([parties.globex]);
      const phone = await signedInAt([parties.globex]);
      await signOut(laptop.browser);
      await expect.poll(() => toldOf(laptop.sids)).toEqual(['globex']);
      expect(toldOf(phone.sids)).toEqual([]);
      expect(await sessionOf(phone.browser, subject())).toBeDefined();
    });

    it.each<[string, (one: { browser: Browser; tab: Tab }) => Promise<unknown>]>([
      [
        'by the next sign-in in that browser',
        async ({ browser, tab }) => {
          const { at, provider } = subject();
          await tab.goto(`${at.gateway}/login?prompt=login`);
          await provider.signIn(tab, people.bob);
          expect(await sessionOf(browser, subject())).toMatchObject({ uid: subject().uid(people.bob) });
        },
      ],
      [
        'because the person was disabled',
        async ({ tab }) => {
          await subject().setState(people.dan, 'disabled');
          await tab.goto(`${subject().at.gateway}/refresh`);
          await subject().setState(people.dan, 'active');
        },
      ],
      [
        'because the provider ended what it had granted',
        async ({ tab }) => {
          await subject().provider.endGrants(people.dan);
          await subject().pass(61 * 60);
          await tab.goto(`${subject().at.gateway}/refresh`);
        },
      ],
    ])('is told also where it came %s', async (_, end) => {
      const one = await signedInAt([subject().parties.globex], people.dan);
      await end(one);
      await expect.poll(() => toldOf(one.sids)).toEqual(['globex']);
    });

    it('keeps nobody waiting for an app that does not answer', async () => {
      const { parties } = subject();
      parties.answerWith('globex', 'silence');
      try {
        const { browser, sids } = await signedInAt([parties.globex, parties.spa]);
        const begin = performance.now();
        expect((await signOut(browser)).status).toBe(303);
        expect(performance.now() - begin).toBeLessThan(2000);
        await expect.poll(() => toldOf(sids)).toEqual(['globex', 'spa']);
        expect(await sessionOf(browser, subject())).toBeUndefined();
      } finally {
        parties.answerWith('globex');
      }
    });

    it.each([
      ['broken', 500],
      ['confused', 400],
      ['sending us elsewhere', 302],
    ])('is told again, by another process, to an app that was %s', async (_, status) => {
      const { deliver, parties, pass } = subject();
      parties.answerWith('globex', status);
      const { browser, sids } = await signedInAt([parties.globex]);
      await signOut(browser);
      await expect.poll(() => toldOf(sids)).toEqual(['globex']);
      await deliver();
      expect(toldOf(sids)).toHaveLength(1);
      parties.answerWith('globex');
      // the first process writes down what came of it a moment after the app has answered
      const toldAgain = async () => {
        await pass(5);
        await deliver();
        return toldOf(sids).length;
      };
      await expect.poll(toldAgain).toBe(2);
      const jtis = parties.told.filter(({ token }) => decodeJwt(token).sid === sids.get('globex'));
      expect(new Set(jtis.map(({ token }) => decodeJwt(token).jti)).size).toBe(2);
      await pass(3600);
      await deliver();
      expect(toldOf(sids)).toHaveLength(2);
    });
  });
}
