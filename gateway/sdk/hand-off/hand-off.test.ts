import { createHash, randomUUID } from 'node:crypto';
import { UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { SsoError } from '../../../shared/errors.ts';
import { createKeyring, generateKeyFile } from '../../../shared/keys/keyring.ts';
import { signToken } from '../../../shared/tokens/signed.ts';
import {
  app,
  comeBack,
  cookiesOf,
  createGatewayDouble,
  type GatewayDouble,
  gateway,
  handOffOf,
  navigates,
  send,
  start,
} from './gateway-double.testing.ts';
import { createMemoryLogoutStore } from './logout-store.ts';

let double: GatewayDouble;

beforeEach(() => {
  double = createGatewayDouble();
});

const sessionOf = (response: Response | undefined) =>
  cookiesOf(response).filter((cookie) => cookie.startsWith('__Host-app_session='));
const strangers = createKeyring(JSON.stringify(generateKeyFile()));

describe('a sign-in', () => {
  it('shows the client by its secret, and redeems the code with the verifier of the challenge', async () => {
    let heard: { form: URLSearchParams; headers: Headers } | undefined;
    double.token = (form, { headers }) => {
      heard = { form, headers: new Headers(headers) };
      return Response.json({ error: 'invalid_grant' }, { status: 400 });
    };
    const sso = handOffOf(double, { clientSecret: 'a:b/c% u+' });
    const away = await send(sso, '/x');
    const asked = new URL(away?.headers.get('location') ?? '');
    expect(`${asked.origin}${asked.pathname}`).toBe(`${gateway}/authorize`);
    await send(sso, `/sso/callback?code=c&state=${asked.searchParams.get('state')}&iss=${gateway}`, {
      cookies: cookiesOf(away),
    });
    expect(heard?.headers.get('authorization')).toBe(`Basic ${btoa(`globex:${encodeURIComponent('a:b/c% u+')}`)}`);
    const verifier = heard?.form.get('code_verifier') ?? '';
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(asked.searchParams.get('code_challenge'));
    expect(away?.headers.get('set-cookie')).not.toContain(verifier);
    expect(Object.fromEntries(heard?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'c',
      redirect_uri: `${app}/sso/callback`,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('starts a session that ends with whatever is over first', async () => {
    for (const [more, maxAge] of [
      [{}, 12 * 3600],
      [{ sessionLifetime: 600 }, 600],
      [{ sessionLifetime: 86_400 }, 12 * 3600],
    ] as const) {
      const back = await comeBack(handOffOf(double, more));
      expect([back?.status, back?.headers.get('location')]).toEqual([303, `${app}/x`]);
      expect(back?.headers.getSetCookie()[0]).toMatch(new RegExp(`^__Host-app_session=.*; Max-Age=${maxAge}; `));
    }
  });

  it('that onSignIn refuses starts none, and the error is the app’s', async () => {
    const sso = handOffOf(double, { onSignIn: () => Promise.reject(new Error('no such desk')) });
    await expect(comeBack(sso)).rejects.toThrow('no such desk');
  });

  it('comes to nothing when the gateway has ended the session before the tokens arrived', async () => {
    const logoutStore = createMemoryLogoutStore(() => double.now);
    const came: unknown[] = [];
    const sso = handOffOf(double, { logoutStore, onSignIn: (person) => void came.push(person) });
    const give = double.token;
    double.token = async (form, init) => {
      const tokens = await give(form, init);
      const logoutToken = signToken(double.keyring.openid, 'logout+jwt', {
        iss: gateway,
        aud: 'globex',
        sub: 'ann-id',
        sid: 'sid-of-ann',
        iat: double.now,
        exp: double.now + 120,
        jti: randomUUID(),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      const told = await send(sso, '/sso/backchannel-logout', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `logout_token=${logoutToken}`,
      });
      expect(told?.status).toBe(200);
      return tokens;
    };
    const back = await comeBack(sso);
    expect([back?.status, cookiesOf(back), came]).toEqual([303, [], []]);
    // and stays so for as long as a session could last
    double.now += 12 * 3600 - 1;
    expect(await logoutStore.isEnded(['sid:sid-of-ann'])).toBe(true);
  });

  type Change = (double: GatewayDouble) => void;
  const claims =
    (changes: Readonly<Record<string, unknown>>): Change =>
    (one) => {
      one.claims = changes;
    };
  const sign =
    (how: GatewayDouble['sign']): Change =>
    (one) => {
      one.sign = how;
    };
  it.each<[string, Change]>([
    ['with another nonce', claims({ nonce: 'x' })],
    ['without nonce', claims({ nonce: undefined })],
    ['for another client', claims({ aud: 'initech' })],
    ['for another client too', claims({ aud: ['globex', 'initech'] })],
    ['given to another client', claims({ azp: 'initech' })],
    ['of another issuer', claims({ iss: 'https://evil.test' })],
    ['of the issuer with a slash', claims({ iss: `${gateway}/` })],
    ['beside another access token', claims({ at_hash: 'x'.repeat(22) })],
    ['that says nothing of the access token', claims({ at_hash: undefined })],
    ['that has expired', claims({ iat: start - 400, exp: start - 31 })],
    ['from the future', claims({ iat: start + 60 })],
    ['without exp', claims({ exp: undefined })],
    ['of a session that is over', claims({ session_expiry: start })],
    ['of a session without end', claims({ session_expiry: undefined })],
    ['of no session', claims({ sid: undefined })],
    ['of a session whose name no store could keep', claims({ sid: 'a b' })],
    ['of nobody', claims({ sub: '' })],
    ['without a time', claims({ auth_time: 'today' })],
    ['by a key of somebody else', sign((all) => signToken(strangers.openid, 'JWT', all))],
    ['by the key of domain cookies', sign((all) => signToken(createGatewayDouble().keyring.domainCookie, 'JWT', all))],
    ['that is a logout token', sign((all) => signToken(createGatewayDouble().keyring.openid, 'logout+jwt', all))],
    ['that nobody signed', sign((all) => new UnsecuredJWT(all).encode())],
    ['that is none', sign(() => 'x.y.z')],
  ])('is refused by an ID token %s', async (_, change) => {
    change(double);
    const back = await comeBack(handOffOf(double));
    expect([back?.status, cookiesOf(back)]).toEqual([400, []]);
    expect(await back?.text()).toContain('does not fit this sign-in');
  });

  it.each<[string, GatewayDouble['token'], number | 'throws']>([
    ['is down', () => Promise.reject(new TypeError('fetch failed')), 503],
    ['is broken', () => new Response('oh', { status: 500 }), 503],
    ['has a proxy that is broken', () => new Response('<h1>502</h1>', { status: 502 }), 503],
    ['sends elsewhere', () => new Response(null, { status: 302, headers: { location: 'https://evil.test' } }), 503],
    ['says nothing', () => Response.json(null), 503],
    ['cuts its answer short', () => new Response('{"access_to'), 503],
    ['is out of breath', () => Response.json({ error: 'temporarily_unavailable' }, { status: 503 }), 503],
    ['has had the code before', () => Response.json({ error: 'invalid_grant' }, { status: 400 }), 400],
    ['knows no such client', () => Response.json({ error: 'invalid_client' }, { status: 401 }), 'throws'],
    ['is asked wrongly', () => Response.json({ error: 'invalid_request' }, { status: 400 }), 'throws'],
  ])('whose gateway %s starts no session: %s', async (_, answer, status) => {
    double.token = answer;
    const told: SsoError[] = [];
    const sso = handOffOf(double, { onUnavailable: (error) => void told.push(error) });
    if (status === 'throws') return await expect(comeBack(sso)).rejects.toThrow(/refuses this client: invalid_\w+$/);
    const back = await comeBack(sso);
    expect([back?.status, cookiesOf(back)]).toEqual([status, []]);
    expect(back?.headers.get('retry-after')).toBe(status === 503 ? '10' : null);
    expect(told.map(({ code }) => code)).toEqual(status === 503 ? ['provider_unavailable'] : []);
    // what may come to something yet keeps its attempt
    expect(back?.headers.getSetCookie()).toHaveLength(status === 503 ? 0 : 1);
  });
});

it.each(['constructor', 'toString', '__proto__', 'valueOf'])('a method that is called %s is none', async (method) => {
  for (const name of ['login', 'callback', 'session', 'end'])
    expect((await send(handOffOf(double), `/sso/${name}`, { method }))?.status).toBe(405);
});

describe('what cannot be answered', () => {
  it.each([
    ['a logout store that rejects', () => Promise.reject(new Error('ECONNREFUSED'))],
    [
      'one that throws',
      () => {
        throw new Error('not connected');
      },
    ],
    ['one that answers neither yes nor no', () => undefined as never],
    ['one that answers with a number', () => 0 as never],
  ])('lets nobody in: %s', async (_, isEnded) => {
    let asks: () => boolean | Promise<boolean> = () => false;
    const told: SsoError[] = [];
    const logoutStore = { end: () => {}, claimOnce: () => true, isEnded: () => asks() };
    const sso = handOffOf(double, { logoutStore, onUnavailable: (error) => void told.push(error) });
    const cookies = sessionOf(await comeBack(sso));
    expect(await send(sso, '/x', { cookies })).toBeUndefined();
    asks = isEnded;
    const page = await send(sso, '/x', { cookies });
    expect([page?.status, page?.headers.get('retry-after'), cookiesOf(page)]).toEqual([503, '5', []]);
    expect(told).toEqual([expect.objectContaining({ code: 'store_unavailable' })]);
    expect(told[0]).toBeInstanceOf(SsoError);
  });
});

describe('a session', () => {
  const withClaims = async (more: Readonly<Record<string, unknown>>) => {
    double.claims = more;
    const sso = handOffOf(double, { postLogoutPath: '/bye' });
    const cookies = sessionOf(await comeBack(sso));
    const headers = { origin: app, 'sec-fetch-site': 'same-origin' };
    const out = await send(sso, '/sso/logout', { method: 'POST', headers, cookies });
    const outcome = await sso.handle(new Request(`${app}/x`, { headers: { ...navigates, cookie: cookies.join() } }));
    return { cookies, hint: new URL(out?.headers.get('location') ?? '').searchParams, outcome };
  };
  const permissions = (count: number) =>
    Array.from({ length: count }, (_, i) => `things:${String(i).padStart(4, '0')}`);

  it('knows the ID token for the sign-out, as long as that fits into a cookie', async () => {
    const { cookies, hint } = await withClaims({ permissions: permissions(50) });
    expect(hint.get('id_token_hint')).toMatch(/^eyJ/);
    expect(hint.get('post_logout_redirect_uri')).toBe(`${app}/bye`);
    expect(cookies[0]?.length).toBeLessThan(3950);
  });

  it('lets it go where it is too long, and keeps what it says', async () => {
    const { cookies, hint } = await withClaims({ permissions: permissions(160) });
    expect([hint.get('id_token_hint'), hint.get('client_id')]).toEqual([null, 'globex']);
    expect(cookies[0]?.length).toBeLessThan(3950);
    const sso = handOffOf(double);
    const outcome = await sso.handle(new Request(`${app}/x`, { headers: { cookie: cookies.join() } }));
    expect(outcome).toMatchObject({
      kind: 'signed-in',
      person: { permissions: permissions(160), name: 'Ann Ångström' },
    });
  });

  it('that is too long even so is refused in words for the app’s log', async () => {
    double.claims = { permissions: permissions(400) };
    await expect(comeBack(handOffOf(double))).rejects.toThrow('ask for a smaller scope');
  });

  it('survives no change of the secret, nor of the client', async () => {
    const cookies = sessionOf(await comeBack(handOffOf(double)));
    expect(await send(handOffOf(double), '/x', { cookies })).toBeUndefined();
    for (const more of [{ secret: 'x'.repeat(32) }, { clientId: 'initech' }, { cookieName: '__Host-other' }])
      expect((await send(handOffOf(double, more), '/x', { cookies }))?.status).toBe(302);
  });

  it('ends to the second', async () => {
    const sso = handOffOf(double);
    const cookies = sessionOf(await comeBack(sso));
    double.now = start + 12 * 3600 - 1;
    expect(await send(sso, '/x', { cookies })).toBeUndefined();
    double.now += 1;
    expect((await send(sso, '/x', { cookies }))?.status).toBe(302);
  });
});
