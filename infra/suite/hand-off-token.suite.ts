import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { allIsWell, domainCookieOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { type Heard, handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** `/token` and `/userinfo`: what a code is worth, to whom, and for how long. */
export function tokenSuite(start: StartSubject): void {
  describe('a code', () => {
    const subject = subjectFor(start);
    const codeFor = async (party: Party, changes?: Record<string, string>): Promise<Heard> =>
      await handOff(subject(), party, (await subject().signedIn()).tab, changes);
    const userinfo = (token: string, headers: Record<string, string> = {}) =>
      subject().ask('/userinfo', { headers: { authorization: `Bearer ${token}`, ...headers } });

    it('is worth tokens that anybody’s library verifies, about this sign-in', async () => {
      const { at, now, parties, signedIn, uid } = subject();
      const { browser, tab } = await signedIn(people.ann);
      const heard = await handOff(subject(), parties.globex, tab, { scope: 'openid email profile roles' });
      const answer = await redeem(subject(), parties.globex, heard);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('pragma')).toBe('no-cache');
      const body = JSON.parse(answer.body);
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'openid email profile roles' });
      expect(body).not.toHaveProperty('refresh_token');
      const keys = createRemoteJWKSet(new URL(`${at.gateway}/.well-known/jwks.json`));
      const checks = { issuer: at.gateway, audience: 'globex', typ: 'JWT', algorithms: ['RS256'] };
      const { payload } = await jwtVerify(body.id_token, keys, { ...checks, currentDate: new Date(now() * 1000) });
      expect(payload).toMatchObject({ sub: uid(people.ann), nonce: heard.nonce, email: 'ann@acme.test' });
      expect(payload).toMatchObject({ name: 'Ann Almond', roles: ['admin'] });
      expect(payload).not.toHaveProperty('permissions');
      const cookie = domainCookieOf(browser, at.gateway);
      expect(payload.auth_time).toBe(cookie?.auth_time);
      expect([undefined, cookie?.sid]).not.toContain(payload.sid);
    });

    it('names the session to each client in another way, and to the same one in the same way', async () => {
      const { parties, signedIn } = subject();
      const { tab } = await signedIn();
      const sids: unknown[] = [];
      for (const party of [parties.globex, parties.spa, parties.globex]) {
        const answer = await redeem(subject(), party, await handOff(subject(), party, tab));
        sids.push(decodeJwt(JSON.parse(answer.body).id_token).sid);
      }
      expect(sids[0]).toBe(sids[2]);
      expect(sids[0]).not.toBe(sids[1]);
    });

    it('tells an app no more than its registration allows', async () => {
      const { parties, uid } = subject();
      const heard = await codeFor(parties.spa, { scope: 'openid email profile roles permissions offline_access' });
      const { id_token, access_token, scope } = JSON.parse((await redeem(subject(), parties.spa, heard)).body);
      expect(scope).toBe('openid email profile roles permissions');
      const told = JSON.parse((await userinfo(access_token)).body);
      expect(told).toEqual({ sub: uid(people.ann), name: 'Ann Almond' });
      for (const claim of ['email', 'roles', 'permissions']) expect(decodeJwt(id_token)).not.toHaveProperty(claim);
    });

    it('is redeemed once, and twenty at once call in what the first was given', async () => {
      const { parties } = subject();
      const heard = await codeFor(parties.globex);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          redeem(subject(), parties.globex, heard, {}, i % 2 ? { 'x-suite-process': 'second' } : {}),
        ),
      );
      const [won, ...more] = answers.filter(({ status }) => status === 200);
      expect(more).toEqual([]);
      for (const answer of answers.filter((one) => one !== won))
        expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'invalid_grant']);
      expect((await userinfo(JSON.parse(won?.body ?? '{}').access_token)).status).toBe(401);
    });

    it('that comes again later calls in the access token, and leaves the session alone', async () => {
      const { parties, pass } = subject();
      const heard = await codeFor(parties.globex);
      const { access_token } = JSON.parse((await redeem(subject(), parties.globex, heard)).body);
      expect((await userinfo(access_token)).status).toBe(200);
      await pass(120);
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(400);
      expect((await userinfo(access_token)).status).toBe(401);
    });

    it.each<[string, Record<string, string | undefined>, Record<string, string>?]>([
      ['another verifier', { code_verifier: 'x'.repeat(43) }],
      ['no verifier', { code_verifier: undefined }],
      ['a verifier too short to be one', { code_verifier: 'x' }],
      ['another redirect URI of the same client', { redirect_uri: '?from=gateway' }],
      ['no redirect URI', { redirect_uri: undefined }],
      ['a page of another origin of the same client', {}, { origin: 'www' }],
      ['a page of a stranger', {}, { origin: 'https://evil.test' }],
      ['a page that hides where it is', {}, { origin: 'null' }],
    ])('is refused and burnt by %s', async (_, changes, headers = {}) => {
      const { parties } = subject();
      const heard = await codeFor(parties.globex);
      const redirect = changes.redirect_uri && { redirect_uri: parties.globex.redirectUri + changes.redirect_uri };
      const origin = headers.origin === 'www' ? parties.globex.origin.replace('//', '//www.') : headers.origin;
      const sent = { ...headers, ...(origin !== undefined && { origin }) };
      const refused = await redeem(subject(), parties.globex, heard, { ...changes, ...redirect }, sent);
      expect([refused.status, JSON.parse(refused.body).error]).toEqual([400, 'invalid_grant']);
      const again = await redeem(subject(), parties.globex, heard);
      expect([again.status, JSON.parse(again.body).error]).toEqual([400, 'invalid_grant']);
    });

    it('is worth nothing to another client, and to its own no more after that', async () => {
      const { parties } = subject();
      const heard = await codeFor(parties.globex);
      const stolen = await redeem(subject(), parties.spa, heard, { redirect_uri: parties.globex.redirectUri });
      expect(JSON.parse(stolen.body).error).toBe('invalid_grant');
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(400);
    });

    it('is worth nothing after 30 seconds, and nothing where it never was', async () => {
      const { parties, pass } = subject();
      const heard = await codeFor(parties.globex);
      await pass(30);
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(400);
      for (const code of ['x', '\0', 'x'.repeat(5000), "' or true --"])
        expect(JSON.parse((await redeem(subject(), parties.globex, heard, { code })).body).error).toBe('invalid_grant');
    });

    it.each(['store', 'directory'] as const)('is not used up while the %s cannot be reached', async (which) => {
      const { parties, setAvailable } = subject();
      const heard = await codeFor(parties.globex);
      setAvailable(which, false);
      try {
        const answer = await redeem(subject(), parties.globex, heard);
        expect([answer.status, JSON.parse(answer.body).error]).toEqual([503, 'temporarily_unavailable']);
        expect(answer.headers.has('retry-after')).toBe(true);
      } finally {
        await allIsWell(subject());
      }
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(200);
    });

    it.each(['signed out', 'disabled'])(
      'and the tokens it gave are worth nothing once the person is %s',
      async (how) => {
        const { ask, at, parties, setState, signedIn, uid } = subject();
        const { browser, tab } = await signedIn(people.dan);
        const early = await handOff(subject(), parties.globex, tab);
        const late = await handOff(subject(), parties.globex, tab);
        const { access_token } = JSON.parse((await redeem(subject(), parties.globex, early)).body);
        expect(JSON.parse((await userinfo(access_token)).body).sub).toBe(uid(people.dan));
        if (how === 'disabled') await setState(people.dan, 'disabled');
        else {
          const cookie = browser.jar.header(new URL(at.gateway)) ?? '';
          await ask('/logout', { method: 'POST', headers: { cookie, origin: at.gateway } });
        }
        try {
          expect(JSON.parse((await redeem(subject(), parties.globex, late)).body).error).toBe('invalid_grant');
          expect((await userinfo(access_token)).status).toBe(401);
        } finally {
          await setState(people.dan, 'active');
        }
      },
    );

    it('is asked for in the one way that there is', async () => {
      const { ask, parties } = subject();
      const heard = await codeFor(parties.globex);
      const error = async (changes: Record<string, string | undefined>, headers?: Record<string, string>) => {
        const answer = await redeem(subject(), parties.globex, heard, changes, headers);
        return [answer.status, JSON.parse(answer.body).error];
      };
      expect(await error({ grant_type: 'password' })).toEqual([400, 'unsupported_grant_type']);
      expect(await error({ grant_type: 'refresh_token' })).toEqual([400, 'unsupported_grant_type']);
      expect(await error({ grant_type: undefined })).toEqual([400, 'invalid_request']);
      expect(await error({ code: undefined })).toEqual([400, 'invalid_request']);
      expect(await error({}, { 'content-type': 'application/json' })).toEqual([400, 'invalid_request']);
      expect(await error({ more: 'x'.repeat(20_000) })).toEqual([413, 'invalid_request']);
      expect(await ask('/token')).toMatchObject({ status: 405 });
      // none of that was about the code
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(200);
    });
  });
}
