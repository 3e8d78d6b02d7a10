import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { codeByFrame, codeWanted, frameOf, signOut } from './frames.testing.ts';
import { people } from './people.testing.ts';
import { handOff, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Codes that the check frame gives: like those of `/authorize`, but without a redirect. */
export function frameCodeSuite(start: StartSubject): void {
  describe('a code by the frame', () => {
    const subject = subjectFor(start);
    const frameFor = async (person = people.ann) => {
      const { browser, tab } = await subject().signedIn(person);
      return { browser, tab, frame: frameOf(subject(), browser, subject().parties.globex) };
    };
    const refused = { status: 400, error: 'invalid_grant' };
    const outcome = async (answer: Promise<{ status: number; body: string }>) => {
      const { status, body } = await answer;
      return { status, error: JSON.parse(body).error };
    };

    it('is worth an ID token about this sign-in, with the nonce of the question', async () => {
      const { parties, uid } = subject();
      const { frame, tab } = await frameFor();
      const got = await codeByFrame(frame, parties.globex, { scope: 'openid email unknown' });
      expect(got.heard.says).toEqual({ state: 'signed-in', code: expect.stringMatching(/^[\w-]{43}$/) });
      const { id_token, scope } = JSON.parse((await redeem(subject(), parties.globex, got)).body);
      const byAuthorize = await handOff(subject(), parties.globex, tab);
      const other = decodeJwt(JSON.parse((await redeem(subject(), parties.globex, byAuthorize)).body).id_token);
      expect(scope).toBe('openid email');
      expect(decodeJwt(id_token)).toMatchObject({
        sub: uid(people.ann),
        nonce: got.nonce,
        email: 'ann@acme.test',
        sid: other.sid,
        auth_time: other.auth_time,
        session_expiry: other.session_expiry,
      });
    });

    it('asks for no more than who it is, unless it is said', async () => {
      const { parties } = subject();
      const got = await codeByFrame((await frameFor()).frame, parties.globex);
      const { id_token, scope } = JSON.parse((await redeem(subject(), parties.globex, got)).body);
      expect(scope).toBe('openid');
      expect(decodeJwt(id_token)).not.toHaveProperty('email');
    });

    it.each<[string, Record<string, string | undefined>, Record<string, string>?]>([
      ['another verifier', { code_verifier: 'x'.repeat(43) }],
      ['no verifier', { code_verifier: undefined }],
      ['another redirect URI of the app', { redirect_uri: 'another' }],
      ['no redirect URI', { redirect_uri: undefined }],
      ['a page of another origin of the app', {}, { origin: 'www' }],
      ['a page of a stranger', {}, { origin: 'https://evil.test' }],
    ])('is refused and burnt by %s', async (_, changes, headers = {}) => {
      const { parties } = subject();
      const { globex } = parties;
      const got = await codeByFrame((await frameFor()).frame, globex);
      const redirect = changes.redirect_uri === 'another' && { redirect_uri: `${globex.redirectUri}?from=gateway` };
      const sent = headers.origin === 'www' ? { origin: globex.origin.replace('//', '//www.') } : headers;
      expect(await outcome(redeem(subject(), globex, got, { ...changes, ...redirect }, sent))).toEqual(refused);
      expect(await outcome(redeem(subject(), globex, got))).toEqual(refused);
    });

    it('is worth nothing to another app, or after 30 seconds', async () => {
      const { parties, pass } = subject();
      const { frame } = await frameFor();
      const stolen = await codeByFrame(frame, parties.globex);
      const changes = { redirect_uri: parties.globex.redirectUri };
      expect(await outcome(redeem(subject(), parties.spa, stolen, changes))).toEqual(refused);
      const late = await codeByFrame(frame, parties.globex);
      await pass(30);
      expect(await outcome(redeem(subject(), parties.globex, late))).toEqual(refused);
    });

    it('is redeemed once, and twenty at once call in what the first was given', async () => {
      const { ask, parties } = subject();
      const got = await codeByFrame((await frameFor()).frame, parties.globex);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          redeem(subject(), parties.globex, got, {}, i % 2 ? { 'x-suite-process': 'second' } : {}),
        ),
      );
      const won = answers.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      const { access_token } = JSON.parse(won[0]?.body ?? '{}');
      const userinfo = await ask('/userinfo', { headers: { authorization: `Bearer ${access_token}` } });
      expect(userinfo.status).toBe(401);
    });

    it('is worth nothing once the person has signed out', async () => {
      const { parties } = subject();
      const { browser, frame } = await frameFor(people.dan);
      const got = await codeByFrame(frame, parties.globex);
      await signOut(subject(), browser);
      expect(await outcome(redeem(subject(), parties.globex, got))).toEqual(refused);
    });

    it.each<[string, (globex: { origin: string; redirectUri: string }) => Record<string, unknown>]>([
      ['to a stranger', () => ({ redirect_uri: 'https://evil.test/callback' })],
      ['to other letters', ({ redirectUri }) => ({ redirect_uri: `${redirectUri}/` })],
      ['to no address', () => ({ redirect_uri: '' })],
      [
        'for another origin of the app than the page’s',
        ({ origin }) => ({ redirect_uri: `${origin.replace('//', '//www.')}/callback` }),
      ],
      ['without openid', () => ({ scope: 'email' })],
      ['with a short challenge', () => ({ code_challenge: 'c'.repeat(42) })],
      ['with a method', () => ({ code_challenge_method: 'plain' })],
      ['with a challenge and its method in one', () => ({ code_challenge: { S256: 'c'.repeat(43) } })],
    ])('is not given %s', async (_, changes) => {
      const { parties } = subject();
      const { heard } = await codeByFrame((await frameFor()).frame, parties.globex, changes(parties.globex));
      expect([heard.status, heard.says]).toEqual([400, { state: 'error', reason: 'bad-request' }]);
    });

    it('is given for the page’s own origin, whichever of the app it is', async () => {
      const { parties } = subject();
      const origin = parties.globex.origin.replace('//', '//www.');
      const { browser } = await frameFor();
      const frame = frameOf(subject(), browser, parties.globex, { origin });
      const redirect = { redirect_uri: `${origin}/callback` };
      const got = await codeByFrame(frame, parties.globex, redirect);
      expect((await redeem(subject(), parties.globex, got, redirect)).status).toBe(200);
    });

    it('is given to nobody who may not come in, or whom the provider has turned out', async () => {
      const { parties, pass, provider, setState } = subject();
      const { frame } = await frameFor(people.dan);
      await setState(people.dan, 'disabled');
      try {
        expect((await codeByFrame(frame, parties.globex)).heard.says).toEqual({ state: 'signed-out' });
      } finally {
        await setState(people.dan, 'active');
      }
      const again = await frameFor(people.bob);
      expect((await codeByFrame(again.frame, parties.globex)).heard.says.code).toBeTruthy();
      await provider.endGrants(people.bob);
      await pass(3700);
      // as at /authorize: the provider was last asked over an hour ago
      expect((await codeByFrame(again.frame, parties.globex)).heard.says).toEqual({ state: 'signed-out' });
      expect((await again.frame.ask('check')).says).toEqual({ state: 'signed-out' });
    });

    it('stands in no log', async () => {
      const { log, parties } = subject();
      const got = await codeByFrame((await frameFor()).frame, parties.globex);
      const text = log.map((line) => line.text).join();
      for (const secret of [
        got.heard.says.code ?? 'none',
        codeWanted(parties.globex).verifier,
        got.fields.code_challenge,
      ])
        expect(text).not.toContain(secret);
      expect(text).toContain('"to":"frame"');
    });
  });
}
