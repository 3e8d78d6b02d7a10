import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { people } from './people.testing.ts';
import { handOff, type Party, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** Who may redeem a code, how they show it, and which pages may read the answers. */
export function clientSuite(start: StartSubject): void {
  describe('a client', () => {
    const subject = subjectFor(start);
    const codeFor = async (party: Party) => await handOff(subject(), party, (await subject().signedIn()).tab);
    const basic = (id: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    });
    const bare = { client_id: undefined, client_secret: undefined };

    it('may show its secret in the header', async () => {
      const { parties } = subject();
      const heard = await codeFor(parties.globex);
      const header = basic('globex', parties.globex.secret);
      expect((await redeem(subject(), parties.globex, heard, bare, header)).status).toBe(200);
    });

    it.each<[string, Record<string, string | undefined>, (secret: string) => Record<string, string>, number, string]>([
      ['a wrong secret', { client_secret: 'x'.repeat(43) }, () => ({}), 401, 'invalid_client'],
      ['no secret', { client_secret: undefined }, () => ({}), 401, 'invalid_client'],
      ['an unknown name', { client_id: 'nobody' }, () => ({}), 401, 'invalid_client'],
      ['no name', bare, () => ({}), 401, 'invalid_client'],
      ['a public client’s name and a secret', { client_id: 'spa' }, () => ({}), 401, 'invalid_client'],
      ['the name of one that signs', { client_id: 'signer' }, () => ({}), 401, 'invalid_client'],
      ['a wrong secret in the header', bare, () => basic('globex', 'x'), 401, 'invalid_client'],
      ['a header that is not Basic', bare, (secret) => ({ authorization: `Bearer ${secret}` }), 401, 'invalid_client'],
      ['a header without a colon', bare, () => ({ authorization: 'Basic Z2xvYmV4' }), 401, 'invalid_client'],
      ['a header with a stray percent', bare, () => basic('globex', '%zz'), 401, 'invalid_client'],
      ['secrets in header and form', {}, (secret) => basic('globex', secret), 400, 'invalid_request'],
      [
        'another name in the form than in the header',
        { ...bare, client_id: 'spa' },
        (secret) => basic('globex', secret),
        400,
        'invalid_request',
      ],
    ])('is turned away with %s, and the code stays good', async (_, changes, headers, status, error) => {
      const { parties } = subject();
      const heard = await codeFor(parties.globex);
      const sent = headers(parties.globex.secret);
      const refused = await redeem(subject(), parties.globex, heard, changes, sent);
      expect([refused.status, JSON.parse(refused.body).error]).toEqual([status, error]);
      expect(refused.headers.get('cache-control')).toBe('no-store');
      const challenged = refused.headers.get('www-authenticate')?.startsWith('Basic') === true;
      expect(challenged).toBe(status === 401 && sent.authorization !== undefined);
      expect(refused.body).not.toContain(parties.globex.secret);
      expect((await redeem(subject(), parties.globex, heard)).status).toBe(200);
    });

    describe('that signs', () => {
      const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      type Assertion = {
        claims?: Record<string, unknown>;
        header?: Record<string, unknown>;
        by?: 'another' | 'nobody' | 'public key';
      };
      const assertion = async ({ claims = {}, header = {}, by }: Assertion = {}): Promise<string> => {
        const { at, now, parties } = subject();
        const payload = {
          ...{ iss: 'signer', sub: 'signer', aud: at.gateway, jti: randomUUID(), iat: now(), exp: now() + 60 },
          ...claims,
        };
        if (by === 'nobody') return new UnsecuredJWT(payload).encode();
        const { privateKey, publicJwk } = parties.signer;
        if (by === 'public key') {
          const shared = new TextEncoder().encode(JSON.stringify(publicJwk));
          return await new SignJWT(payload)
            .setProtectedHeader({ alg: 'HS256', kid: 'signer-1', ...header })
            .sign(shared);
        }
        const key = by === 'another' ? other.privateKey : privateKey;
        return await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'signer-1', ...header }).sign(key);
      };
      const send = async (client_assertion: string, changes: Record<string, string | undefined> = {}) => {
        const heard = await codeFor(subject().parties.signer);
        const sent = { client_id: undefined, client_assertion_type: type, client_assertion, ...changes };
        const answer = await redeem(subject(), subject().parties.signer, heard, sent);
        return { status: answer.status, body: JSON.parse(answer.body) };
      };

      it('is known by its key, and gets tokens by the algorithm it wants', async () => {
        const { at, now } = subject();
        const { status, body } = await send(await assertion());
        expect(status).toBe(200);
        const keys = createRemoteJWKSet(new URL(`${at.gateway}/.well-known/jwks.json`));
        const checks = { audience: 'signer', algorithms: ['ES256'], currentDate: new Date(now() * 1000) };
        await jwtVerify(body.id_token, keys, checks);
      });

      it('need not name the only key that it has', async () => {
        expect((await send(await assertion({ header: { kid: undefined } }))).status).toBe(200);
      });

      it('may name our token endpoint, in a list', async () => {
        const { at } = subject();
        const sent = await assertion({
          claims: { aud: [`${at.gateway}/token`] },
          header: { typ: 'client-authentication+jwt' },
        });
        expect((await send(sent, { client_id: 'signer' })).status).toBe(200);
      });

      it.each<[string, () => Assertion]>([
        ['another key', () => ({ by: 'another' })],
        ['no signature', () => ({ by: 'nobody' })],
        ['its public key as a shared secret', () => ({ by: 'public key' })],
        ['an unknown kid', () => ({ header: { kid: 'other' } })],
        ['an empty kid', () => ({ header: { kid: '' } })],
        ['another key and no kid', () => ({ by: 'another', header: { kid: undefined } })],
        [
          'a key of its own in the header',
          () => ({ by: 'another', header: { jwk: other.publicKey.export({ format: 'jwk' }) } }),
        ],
        ['another issuer', () => ({ claims: { iss: 'globex' } })],
        ['another audience', () => ({ claims: { aud: 'https://evil.test' } })],
        ['an audience beside ours', () => ({ claims: { aud: [subject().at.gateway, 'https://evil.test'] } })],
        ['no audience', () => ({ claims: { aud: undefined } })],
        ['no jti', () => ({ claims: { jti: undefined } })],
        ['no expiry', () => ({ claims: { exp: undefined } })],
        ['an expiry long past', () => ({ claims: { exp: subject().now() - 60 } })],
        ['an expiry long ahead', () => ({ claims: { exp: subject().now() + 3600 } })],
        ['a start ahead', () => ({ claims: { nbf: subject().now() + 120 } })],
        ['the type of another token', () => ({ header: { typ: 'logout+jwt' } })],
        ['a critical extension', () => ({ header: { crit: ['x'], x: 1 } })],
      ])('is turned away with %s', async (_, how) => {
        const made = how();
        const token = made.header?.crit
          ? `${btoa(JSON.stringify({ alg: 'ES256', kid: 'signer-1', crit: ['x'], x: 1 })).replaceAll('=', '')}.${(await assertion()).split('.').slice(1).join('.')}`
          : await assertion(made);
        expect(await send(token)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      });

      it.each([['x'], ['..'], ['e30.e30.e30'], ['a'.repeat(5000)]])('is turned away with %s', async (text) => {
        expect((await send(text)).body.error).toBe('invalid_client');
      });

      it('says each thing once', async () => {
        const said = await assertion();
        expect((await send(said)).status).toBe(200);
        expect((await send(said)).status).toBe(401);
      });

      it('is turned away with another way beside it, or another type', async () => {
        const { parties } = subject();
        expect((await send(await assertion(), { client_secret: parties.globex.secret })).status).toBe(400);
        expect((await send(await assertion(), { client_assertion_type: 'x' })).status).toBe(401);
        expect((await send(await assertion({ claims: { sub: 'globex' } }))).status).toBe(401);
      });
    });

    it('that is a page reads the answer at its own origin, and no other page does', async () => {
      const { ask, parties } = subject();
      const from = (origin: string) => ({ origin });
      const mine = await redeem(subject(), parties.spa, await codeFor(parties.spa), {}, from(parties.spa.origin));
      expect(mine.status).toBe(200);
      expect(mine.headers.get('access-control-allow-origin')).toBe(parties.spa.origin);
      expect(mine.headers.get('vary')).toContain('Origin');
      const foreign = await redeem(subject(), parties.spa, await codeFor(parties.spa), {}, from('https://evil.test'));
      const others = await redeem(subject(), parties.spa, await codeFor(parties.spa), {}, from(parties.globex.origin));
      for (const answer of [foreign, others]) {
        expect(answer.status).toBe(400);
        expect(answer.headers.has('access-control-allow-origin')).toBe(false);
        expect(answer.headers.get('vary')).toContain('Origin');
      }
      const token = JSON.parse(mine.body).access_token;
      const at = async (origin: string) => {
        const answer = await ask('/userinfo', { headers: { authorization: `Bearer ${token}`, origin } });
        return [answer.status, answer.headers.get('access-control-allow-origin')];
      };
      expect(await at(parties.spa.origin)).toEqual([200, parties.spa.origin]);
      expect(await at('https://evil.test')).toEqual([401, null]);
      expect((await at(parties.globex.origin))[0]).toBe(401);
    });

    it.each(['/token', '/userinfo'])('that is a page may ask first: a preflight of %s', async (path) => {
      const { ask, parties } = subject();
      const preflight = (origin: string) =>
        ask(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
      const fine = await preflight(parties.spa.origin);
      expect([fine.status, fine.headers.get('access-control-allow-origin')]).toEqual([204, parties.spa.origin]);
      expect(fine.headers.has('access-control-allow-credentials')).toBe(false);
      for (const origin of ['https://evil.test', 'null', `${parties.spa.origin}.evil.test`])
        expect((await preflight(origin)).headers.has('access-control-allow-origin')).toBe(false);
    });

    it.each<[string, Record<string, string>, string | null]>([
      ['no token', {}, 'Bearer realm="crossgate"'],
      [
        'a made-up token',
        { authorization: `Bearer ${'x'.repeat(43)}` },
        'Bearer realm="crossgate", error="invalid_token"',
      ],
      ['much', { authorization: `Bearer ${'x'.repeat(9000)}` }, 'Bearer realm="crossgate", error="invalid_token"'],
      ['Basic', { authorization: 'Basic eDp5' }, 'Bearer realm="crossgate", error="invalid_token"'],
    ])('learns nothing at /userinfo by %s', async (_, headers, challenge) => {
      const answer = await subject().ask('/userinfo', { headers });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, challenge]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    });

    it('learns nothing at /userinfo by an ID token, by a token in the address, or once it has expired', async () => {
      const { ask, parties, pass } = subject();
      const answer = await redeem(subject(), parties.globex, await codeFor(parties.globex));
      const { access_token, id_token } = JSON.parse(answer.body);
      expect((await ask(`/userinfo?access_token=${access_token}`)).status).toBe(401);
      expect((await ask('/userinfo', { headers: { authorization: `Bearer ${id_token}` } })).status).toBe(401);
      await pass(300);
      expect((await ask('/userinfo', { headers: { authorization: `Bearer ${access_token}` } })).status).toBe(401);
    });

    it('hears at /userinfo what the directory says now', async () => {
      const { ask, giveRoles, parties, signedIn } = subject();
      const heard = await handOff(subject(), parties.globex, (await signedIn(people.cyd)).tab, {
        scope: 'openid roles',
      });
      const { access_token } = JSON.parse((await redeem(subject(), parties.globex, heard)).body);
      await giveRoles(people.cyd, ['editor']);
      const answer = await ask('/userinfo', { headers: { authorization: `Bearer ${access_token}` } });
      expect(JSON.parse(answer.body)).toMatchObject({ roles: ['editor'] });
      await giveRoles(people.cyd, []);
    });

    it('hears when something is down, and no code or token stands in the log', async () => {
      const { log, parties, setAvailable } = subject();
      const heard = await codeFor(parties.globex);
      setAvailable('store', false);
      try {
        const answer = await redeem(subject(), parties.globex, heard);
        expect([answer.status, JSON.parse(answer.body).error]).toEqual([503, 'temporarily_unavailable']);
        expect(answer.headers.get('retry-after')).toBe('5');
      } finally {
        setAvailable('store', true);
      }
      const secrets = [heard.answer.get('code') ?? '', heard.verifier, parties.globex.secret];
      for (const { text } of log) for (const secret of secrets) expect(text).not.toContain(secret);
    });
  });
}
