import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basic, codeFor, post, userInfo } from './oauth2-requests.testing.ts';
import { ann, bob, gateway, type PoolServer, relyingParty, rotating, servePool } from './user-pool.testing.ts';

let server: PoolServer;
beforeAll(async () => {
  server = await servePool();
});
afterAll(() => server.stop());

describe('the token endpoint', () => {
  const redeem = { grant_type: 'authorization_code', redirect_uri: 'http://app.test/callback' };

  it.each([
    ['a wrong secret', { ...redeem, code: 'x' }, { authorization: `Basic ${btoa('gateway:wrong')}` }, 'invalid_client'],
    ['no client', { ...redeem, code: 'x' }, {}, 'invalid_client'],
    ['an id without its secret', { ...redeem, code: 'x', client_id: gateway.id }, {}, 'invalid_client'],
    ['an unknown code', { ...redeem, code: 'x' }, undefined, 'invalid_grant'],
    ['no code', redeem, undefined, 'invalid_request'],
    ['no grant type', {}, undefined, 'invalid_request'],
    ['the password grant', { grant_type: 'password' }, undefined, 'unsupported_grant_type'],
    ['a made-up refresh token', { grant_type: 'refresh_token', refresh_token: 'x' }, undefined, 'invalid_grant'],
    [
      'a scope that machines do not get',
      { grant_type: 'client_credentials', scope: 'openid' },
      undefined,
      'invalid_scope',
    ],
  ])('answers 400, always 400, to %s', async (_, form, headers, error) => {
    expect(await post(server, '/oauth2/token', form, headers)).toMatchObject({ status: 400, body: { error } });
  });

  it('takes the secret in the form as well', async () => {
    const form = { ...redeem, code: await codeFor(server), client_id: gateway.id, client_secret: gateway.secret ?? '' };
    expect((await post(server, '/oauth2/token', form, {})).status).toBe(200);
  });

  it.each<[string, Record<string, string>, Record<string, string>, number]>([
    ['used twice', {}, {}, 0],
    ['from another redirect URI', {}, { redirect_uri: 'http://app.test/callback?own=1' }, 0],
    [
      'with a wrong PKCE verifier',
      { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
      { code_verifier: 'wrong' },
      0,
    ],
    [
      'without the PKCE verifier',
      { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
      {},
      0,
    ],
    ['with a verifier nobody announced', {}, { code_verifier: 'surplus' }, 0],
    ['five minutes old', {}, {}, 300],
    ['of another client', {}, { client_id: rotating.id, client_secret: rotating.secret ?? '' }, 0],
  ])('refuses a code %s', async (name, parameters, form, age) => {
    const value = await codeFor(server, parameters);
    server.pass(age);
    const headers = form.client_id === undefined ? { authorization: basic } : {};
    if (name === 'used twice') await post(server, '/oauth2/token', { ...redeem, code: value });
    const answer = await post(server, '/oauth2/token', { ...redeem, code: value, ...form }, headers);
    expect(answer).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('takes a code that is 299 seconds old, and the right PKCE verifier', async () => {
    const value = await codeFor(server, {
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    server.pass(299);
    const answer = await post(server, '/oauth2/token', {
      ...redeem,
      code: value,
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    });
    expect(answer.status).toBe(200);
  });
});

describe('refresh', () => {
  it('gives new tokens of the same sign-in, and no new refresh token without rotation', async () => {
    const app = await relyingParty(server);
    const first = await app.signIn(ann.email);
    server.pass(60);
    const next = await app.refresh(first.refreshToken);
    expect(next.refresh_token).toBeUndefined();
    expect(next.claims()).toMatchObject({
      auth_time: first.claims?.auth_time,
      origin_jti: first.claims?.origin_jti,
      iat: server.now(),
    });
    expect(Object.keys(next.claims() ?? {})).not.toContain('nonce');
  });

  it.each([
    ['at once', 0, true],
    ['in the last second of the grace', 9, true],
    ['when the grace is over', 10, false],
  ])('with rotation, the old token %s', async (_, later, works) => {
    const app = await relyingParty(server, rotating);
    const { refreshToken } = await app.signIn(ann.email);
    const next = await app.refresh(refreshToken);
    expect(next.refresh_token).toMatch(/^[\w-]{64}$/);
    server.pass(later);
    const again = app.refresh(refreshToken).then(
      () => true,
      (cause: { error?: string }) => cause.error,
    );
    expect(await again).toBe(works ? true : 'invalid_grant');
    await expect(app.refresh(next.refresh_token ?? '')).resolves.toBeDefined();
  });

  it('ends after 30 days', async () => {
    const app = await relyingParty(server);
    const { refreshToken } = await app.signIn(ann.email);
    server.pass(30 * 24 * 3600);
    await expect(app.refresh(refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('is refused to another client', async () => {
    const { refreshToken } = await (await relyingParty(server)).signIn(ann.email);
    await expect((await relyingParty(server, rotating)).refresh(refreshToken)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

describe('userInfo', () => {
  it('tells what the scopes allow, email_verified as a string', async () => {
    const app = await relyingParty(server);
    const { access_token } = await app.signIn(ann.email);
    const everything = { sub: ann.sub, email: ann.email, email_verified: 'true', name: 'Ann', username: 'ann' };
    expect(await userInfo(server, access_token)).toEqual({ status: 200, body: everything });
    const mailOnly = await app.signIn(ann.email, undefined, { scope: 'openid email' });
    expect((await userInfo(server, mailOnly.access_token)).body).not.toHaveProperty('name');
  });

  it.each([
    ['an ID token', async () => (await (await relyingParty(server)).signIn(ann.email)).id_token ?? ''],
    ['something made up', async () => 'x.y.z'],
    [
      'a token without openid',
      async () =>
        String((await post(server, '/oauth2/token', { grant_type: 'client_credentials' })).body?.access_token),
    ],
    [
      'an expired token',
      async () => {
        const { access_token } = await (await relyingParty(server)).signIn(ann.email);
        server.pass(3600);
        return access_token;
      },
    ],
  ])('is refused to %s', async (_, token) => {
    expect(await userInfo(server, await token())).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
  });
});

describe('revoke', () => {
  it('ends the family of a refresh token and its access tokens, and no other', async () => {
    const app = await relyingParty(server);
    const [one, other] = [await app.signIn(ann.email), await app.signIn(ann.email)];
    await app.revoke(one.refreshToken);
    await expect(app.refresh(one.refreshToken)).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await userInfo(server, one.access_token)).status).toBe(401);
    expect((await userInfo(server, other.access_token)).status).toBe(200);
  });

  it.each([
    ['an unknown token', { token: 'x' }, undefined, 200],
    ['an access token', { token: 'x.y.z' }, undefined, 400],
    ['no token', {}, undefined, 400],
    ['a wrong secret', { token: 'x' }, { authorization: `Basic ${btoa('gateway:wrong')}` }, 401],
  ])('answers %s', async (_, form, headers, status) => {
    expect((await post(server, '/oauth2/revoke', form as Record<string, string>, headers)).status).toBe(status);
  });
});

describe('an administrator', () => {
  it('disables a person: no refresh, no session, no sign-in, until enabled again', async () => {
    const app = await relyingParty(server);
    const { refreshToken, access_token, surfer } = await app.signIn(bob.email);
    server.pool.disable('bob');
    await expect(app.refresh(refreshToken)).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'User is disabled',
    });
    expect((await userInfo(server, access_token)).status).toBe(401);
    await surfer.open((await app.begin({ prompt: 'none' })).url);
    expect(surfer.view.url).toContain('error=login_required');
    await surfer.open((await app.begin()).url);
    await surfer.submit('/login', { username: bob.email, password: bob.password });
    expect(surfer.error).toBe('User is disabled.');
    server.pool.enable('bob');
    await expect(app.refresh(refreshToken)).resolves.toBeDefined();
    expect((await userInfo(server, access_token)).status).toBe(401);
  });

  it('signs a person out everywhere but in the pool’s own browser session', async () => {
    const app = await relyingParty(server);
    const { refreshToken, access_token, surfer } = await app.signIn(bob.email);
    server.pool.globalSignOut('bob');
    await expect(app.refresh(refreshToken)).rejects.toMatchObject({
      error_description: 'Refresh Token has been revoked',
    });
    expect((await userInfo(server, access_token)).status).toBe(401);
    await surfer.open((await app.begin({ prompt: 'none' })).url);
    expect(surfer.view.url).toContain('code=');
  });

  it('is told of a username that nobody has', () => {
    expect(() => server.pool.disable('nobody')).toThrow(/There is no account nobody/);
  });
});
