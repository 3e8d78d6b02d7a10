import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { signToken, type TokenClaims } from '../../shared/tokens/signed.ts';
import { ask } from './exchange.ts';
import type { HandOffApp } from './hand-off-apps.testing.ts';
import { cookiesFor, isSignedIn, seen, signedInAt } from './hand-off-sdk.testing.ts';
import { people } from './people.testing.ts';
import { handOff, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const strangers = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** What apps with our filter believe of those who say that a session has ended. */
export function handOffSdkLogoutTokenSuite(start: StartSubject): void {
  describe('a logout token', () => {
    const subject = subjectFor(start);
    const type = 'application/x-www-form-urlencoded';
    const tell = (app: HandOffApp, body: string, headers: Readonly<Record<string, string>> = {}) =>
      ask(`${app.url}/sso/backchannel-logout`, { method: 'POST', headers: { 'content-type': type, ...headers }, body });
    const form = (token: string) => new URLSearchParams({ logout_token: token }).toString();
    const claimsFor = (app: HandOffApp, sid: string, changes: Readonly<Record<string, unknown>> = {}): TokenClaims => {
      const now = subject().now();
      const claims: Record<string, unknown> = {
        iss: subject().at.gateway,
        aud: app.id,
        sub: subject().uid(people.ann),
        sid,
        iat: now,
        exp: now + 120,
        jti: randomUUID(),
        events: { [event]: {} },
        ...changes,
      };
      for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name];
      return claims as TokenClaims;
    };
    const signed = (claims: TokenClaims, typ: Parameters<typeof signToken>[1] = 'logout+jwt') =>
      signToken(subject().keyring.openid, typ, claims);
    const sidAt = async (app: HandOffApp) => {
      const { browser, tab } = await signedInAt(subject(), app);
      const sid = seen(await tab.goto(`${app.url}/x`)).sid ?? '';
      const lives = () => isSignedIn(cookiesFor(browser, app), app);
      return { browser, tab, sid, lives };
    };

    it.each([
      ['umbrella', undefined],
      ['hooli', undefined],
      ['hooli', 'second'],
    ] as const)('of the gateway ends the session at %s (process: %s)', async (id, process) => {
      const app = subject().apps[id];
      const { lives, sid } = await sidAt(app);
      const headers = process === undefined ? {} : { 'x-suite-process': process };
      const answer = await tell(app, form(signed(claimsFor(app, sid))), headers);
      expect([answer.status, answer.body, answer.headers.get('cache-control')]).toEqual([200, '', 'no-store']);
      expect(await lives()).toBe(false);
    });

    it('of a session that nobody here knows is taken, and once', async () => {
      const { umbrella } = subject().apps;
      const token = form(signed(claimsFor(umbrella, 'nobody-knows')));
      expect((await tell(umbrella, token)).status).toBe(200);
      expect((await tell(umbrella, token)).status).toBe(400);
    });

    it('that comes many times at once is taken once', async () => {
      const { umbrella } = subject().apps;
      const token = form(signed(claimsFor(umbrella, 'nobody-knows')));
      const answers = await Promise.all(Array.from({ length: 10 }, () => tell(umbrella, token)));
      expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    });

    type Forge = (claims: TokenClaims) => string | Promise<string>;
    const changed =
      (changes: () => Readonly<Record<string, unknown>>): Forge =>
      (claims) => {
        const all: Record<string, unknown> = { ...claims, ...changes() };
        for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
        return signed(all as TokenClaims);
      };
    const byJose = (claims: TokenClaims, header: Readonly<Record<string, string>>) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', ...header });

    it.each<[string, Forge]>([
      ['for another client', changed(() => ({ aud: 'globex' }))],
      ['for another client too', changed(() => ({ aud: ['umbrella', 'globex'] }))],
      ['of another issuer', changed(() => ({ iss: 'https://evil.test' }))],
      ['without events', changed(() => ({ events: undefined }))],
      ['of another event', changed(() => ({ events: { 'http://schemas.openid.net/event/other': {} } }))],
      ['whose event is no object', changed(() => ({ events: { [event]: 'yes' } }))],
      ['whose events are a list', changed(() => ({ events: [event] }))],
      ['with a nonce', changed(() => ({ nonce: 'n' }))],
      ['without jti', changed(() => ({ jti: undefined }))],
      ['whose jti is no text', changed(() => ({ jti: 7 }))],
      ['without sid', changed(() => ({ sid: undefined }))],
      ['whose sid is a list', changed(() => ({ sid: ['a'] }))],
      ['without exp', changed(() => ({ exp: undefined }))],
      ['without iat', changed(() => ({ iat: undefined }))],
      ['that has expired', changed(() => ({ iat: subject().now() - 100, exp: subject().now() - 31 }))],
      ['that is old, whatever it says', changed(() => ({ iat: subject().now() - 151 }))],
      ['from the future', changed(() => ({ iat: subject().now() + 60, exp: subject().now() + 180 }))],
      ['that says it is an ID token', (claims) => signed(claims, 'JWT')],
      ['that says it is a domain cookie', (claims) => signed(claims, 'sso+jwt')],
      [
        'signed by the key of domain cookies',
        (claims) => signToken(subject().keyring.domainCookie, 'logout+jwt', claims),
      ],
      [
        'signed by a key of somebody else under a known kid',
        (claims) => byJose(claims, { kid: subject().keyring.openid.current.kid }).sign(strangers.privateKey),
      ],
      [
        'that brings its own key',
        (claims) =>
          new SignJWT(claims)
            .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt', jwk: strangers.publicKey.export({ format: 'jwk' }) })
            .sign(strangers.privateKey),
      ],
      ['of an unknown kid', (claims) => byJose(claims, { kid: 'other' }).sign(strangers.privateKey)],
      ['that nobody signed (alg none)', (claims) => new UnsecuredJWT(claims).encode()],
      [
        'by HMAC of the public key',
        (claims) => {
          const { kid, key } = subject().keyring.openid.current;
          const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
          const input = `${encode({ alg: 'HS256', typ: 'logout+jwt', kid })}.${encode(claims)}`;
          const pem = key.export({ format: 'pem', type: 'spki' });
          return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
        },
      ],
      ['with stray bits', (claims) => `${signed(claims)}=`],
      ['that is none', () => 'x'],
      ['that is empty', () => ''],
      ['without end', () => 'x'.repeat(9000)],
      ['far without end', () => 'x'.repeat(40_000)],
    ])('%s is refused, and ends nothing', async (_, forge) => {
      const { umbrella } = subject().apps;
      const { lives, sid } = await sidAt(umbrella);
      const answer = await tell(umbrella, form(await forge(claimsFor(umbrella, sid))));
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([400, 'no-store']);
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' });
      expect(await lives()).toBe(true);
    });

    it('that is really an ID token of the app, or another app’s logout token, is refused', async () => {
      const { apps, parties } = subject();
      const { lives, tab } = await sidAt(apps.umbrella);
      const answer = await redeem(subject(), parties.globex, await handOff(subject(), parties.globex, tab));
      const idToken = JSON.parse(answer.body).id_token as string;
      const other = signed({ ...claimsFor(apps.hooli, String(decodeJwt(idToken).sid)) });
      for (const token of [idToken, other]) expect((await tell(apps.umbrella, form(token))).status).toBe(400);
      expect(await lives()).toBe(true);
    });

    it.each<[string, (token: string) => [string, Readonly<Record<string, string>>]]>([
      ['as JSON', (token) => [JSON.stringify({ logout_token: token }), { 'content-type': 'application/json' }]],
      ['twice', (token) => [`${form(token)}&${form(token)}`, {}]],
      ['in a list', (token) => [`logout_token[]=${token}`, {}]],
      ['as text', (token) => [form(token), { 'content-type': 'text/plain' }]],
    ])('sent %s is refused by either process', async (_, how) => {
      const { hooli } = subject().apps;
      const { lives, sid } = await sidAt(hooli);
      for (const process of ['first', 'second']) {
        const [body, headers] = how(signed(claimsFor(hooli, sid)));
        expect((await tell(hooli, body, { ...headers, 'x-suite-process': process })).status).toBe(400);
      }
      expect(await lives()).toBe(true);
    });

    it('by GET is not offered', async () => {
      const answer = await ask(`${subject().apps.umbrella.url}/sso/backchannel-logout?logout_token=x`);
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    });

    it('that cannot be written down is not thanked for', async () => {
      const { apps } = subject();
      const token = signed(claimsFor(apps.umbrella, 'unwritten'));
      apps.setReachable('store', false);
      try {
        const answer = await tell(apps.umbrella, form(token));
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      } finally {
        apps.setReachable('store', true);
      }
      expect((await tell(apps.umbrella, form(token))).status).toBe(200);
    });
  });
}
