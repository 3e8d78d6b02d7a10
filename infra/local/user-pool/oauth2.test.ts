import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize, post } from './oauth2-requests.testing.ts';
import { ann, bob, decode, gateway, type PoolServer, relyingParty, Surfer, servePool } from './user-pool.testing.ts';

let server: PoolServer;
beforeAll(async () => {
  server = await servePool();
});
afterAll(() => server.stop());

describe('discovery', () => {
  it('lists what Cognito lists: no PKCE, and a logout that is not RP-initiated', async () => {
    const response = await fetch(`${server.pool.issuer}/.well-known/openid-configuration`);
    const found = (await response.json()) as Record<string, unknown>;
    expect(found).toMatchObject({ issuer: server.pool.issuer, end_session_endpoint: `${server.origin}/logout` });
    expect(Object.keys(found)).not.toContain('code_challenge_methods_supported');
  });
});

describe('a sign-in by an OpenID client', () => {
  it('ends in tokens with the claims that Cognito gives', async () => {
    const tokens = await (await relyingParty(server)).signIn(ann.email);
    const access = decode(tokens.access_token);
    expect(tokens.claims).toMatchObject({
      iss: server.pool.issuer,
      aud: gateway.id,
      sub: ann.sub,
      email: ann.email,
      email_verified: true,
      name: ann.name,
      token_use: 'id',
      'cognito:username': 'ann',
      'cognito:groups': ['staff'],
      auth_time: server.now(),
      exp: server.now() + 3600,
      event_id: expect.any(String),
      jti: expect.any(String),
    });
    expect(access).toMatchObject({
      iss: server.pool.issuer,
      sub: ann.sub,
      client_id: gateway.id,
      token_use: 'access',
      username: 'ann',
      version: 2,
      scope: 'openid email profile',
      'cognito:groups': ['staff'],
      origin_jti: tokens.claims?.origin_jti,
    });
    expect(Object.keys(access)).not.toContain('aud');
    expect(tokens.expires_in).toBe(3600);
  });

  it('is signed by keys in the JWKS, another one for each kind of token', async () => {
    const tokens = await (await relyingParty(server)).signIn(ann.email);
    const jwks = (await (await fetch(`${server.pool.issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    const keys = createLocalJWKSet(jwks);
    const [id, access] = await Promise.all([
      jwtVerify(tokens.id_token ?? '', keys),
      jwtVerify(tokens.access_token, keys),
    ]);
    expect(id.protectedHeader.kid).not.toBe(access.protectedHeader.kid);
    expect(JSON.stringify(jwks)).not.toContain('"d"');
  });

  it('needs no password while the browser has a session', async () => {
    const app = await relyingParty(server);
    const { surfer, claims } = await app.signIn(ann.email);
    for (const parameters of [{}, { prompt: 'none' }]) {
      const { url, redeem } = await app.begin(parameters);
      await surfer.open(url);
      expect((await redeem(surfer.view.url)).claims()?.auth_time).toBe(claims?.auth_time);
    }
    await surfer.open((await app.begin({ prompt: 'login' })).url);
    expect(surfer.title).toBe('Sign in');
  });

  it('gives no groups claim to who has no groups, and one token resource where asked', async () => {
    const tokens = await (await relyingParty(server)).signIn(bob.email, undefined, { resource: 'https://api.test' });
    expect(Object.keys(tokens.claims ?? {})).not.toContain('cognito:groups');
    expect(decode(tokens.access_token).aud).toBe('https://api.test');
  });

  it('gives a client credentials token to a machine', async () => {
    const { status, body } = await post(server, '/oauth2/token', { grant_type: 'client_credentials' });
    expect(status).toBe(200);
    expect(Object.keys(body ?? {}).sort()).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(decode(String(body?.access_token))).toMatchObject({ sub: gateway.id, scope: 'api/read' });
  });
});

describe('an authorization request', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }, 'client_not_found'],
    ['a redirect URI that is not registered', { redirect_uri: 'http://app.test/callback/' }, 'redirect_mismatch'],
    ['a redirect URI with more in its query', { redirect_uri: 'http://app.test/callback?own=2' }, 'redirect_mismatch'],
    ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
  ])('with %s ends on an error page of the pool', async (_, parameters, error) => {
    const surfer = new Surfer(server.origin);
    const view = await surfer.open(`/oauth2/authorize?${authorize(parameters)}`);
    expect([view.status, view.url]).toEqual([400, `${server.origin}/error?error=${error}`]);
    expect(view.html).toContain(error);
  });

  it.each([
    ['the implicit flow', { response_type: 'token' }, 'unauthorized_client'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['an unknown scope', { scope: 'openid admin' }, 'invalid_scope'],
    ['plain PKCE', { code_challenge: 'abc', code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge without method', { code_challenge: 'abc' }, 'invalid_request'],
    ['prompt=none without a session', { prompt: 'none' }, 'login_required'],
    ['prompt=none and login', { prompt: 'none login' }, 'invalid_request'],
  ])('with %s is refused at the app', async (_, parameters, error) => {
    const view = await new Surfer(server.origin).open(`/oauth2/authorize?${authorize(parameters)}`);
    expect(view.url).toBe(`http://app.test/callback?error=${error}&state=s`);
  });

  it('keeps the query of a redirect URI', async () => {
    const surfer = new Surfer(server.origin);
    await surfer.open(`/oauth2/authorize?${authorize({ redirect_uri: 'http://app.test/callback?own=1' })}`);
    await surfer.submit('/login', { username: ann.email, password: ann.password });
    expect(surfer.view.url).toMatch(/^http:\/\/app\.test\/callback\?own=1&code=[\w-]+&state=s$/);
  });
});

describe('logout', () => {
  it('ends the browser session and returns to the app', async () => {
    const app = await relyingParty(server);
    const { surfer } = await app.signIn(ann.email);
    await surfer.open(
      `${server.origin}/logout?client_id=gateway&logout_uri=${encodeURIComponent('http://app.test/bye')}`,
    );
    expect(surfer.view.url).toBe('http://app.test/bye');
    await surfer.open((await app.begin({ prompt: 'none' })).url);
    expect(surfer.view.url).toContain('error=login_required');
  });

  it.each([
    [
      'an unregistered address',
      { client_id: 'gateway', logout_uri: 'http://evil.test/' },
      '/error?error=redirect_mismatch',
    ],
    [
      'RP-initiated logout, which Cognito does not do',
      { id_token_hint: 'x', post_logout_redirect_uri: 'http://app.test/bye' },
      '/error?error=client_not_found',
    ],
    ['no address', { client_id: 'gateway' }, '/error?error=logout_uri_missing'],
    [
      'an authorization request',
      { client_id: 'gateway', response_type: 'code', redirect_uri: 'http://app.test/callback' },
      '/login?',
    ],
  ])('with %s', async (_, query, to) => {
    const response = await fetch(`${server.origin}/logout?${new URLSearchParams(query)}`, { redirect: 'manual' });
    expect(response.headers.get('location')).toContain(to);
  });
});

describe('what the pool reports', () => {
  it('names no password, token or code', async () => {
    const app = await relyingParty(server);
    server.events.length = 0;
    const { access_token, refreshToken, id_token = '', surfer } = await app.signIn(ann.email);
    await app.refresh(refreshToken);
    await surfer.open(`${server.origin}/logout?client_id=gateway&logout_uri=http%3A%2F%2Fapp.test%2Fbye`);
    expect(server.events.map((event) => event.type)).toEqual(['authorize', 'sign-in', 'token', 'refresh', 'logout']);
    const text = JSON.stringify(server.events);
    for (const secret of [access_token, refreshToken, id_token, ann.password]) expect(text).not.toContain(secret);
    expect(server.events[2]?.details).toMatchObject({
      idClaims: { sub: ann.sub },
      accessClaims: { client_id: 'gateway' },
    });
  });
});
