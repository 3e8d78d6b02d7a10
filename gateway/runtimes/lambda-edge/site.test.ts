import { describe, expect, it } from 'vitest';
import { readJwks } from '../../../shared/keys/signing.ts';
import { site } from './check-auth.testing.ts';
import { openSite, siteSettings } from './site.testing.ts';
import { readSiteCookie, siteCookies } from './site-cookie.ts';

type World = ReturnType<typeof openSite>;
const keys = readJwks(siteSettings.jwks, ['ES256']);
const cookieOf = ({ jar }: World) => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
const statement = (world: World) => {
  const reading = readSiteCookie(cookieOf(world), site, keys, world.now);
  return reading.kind === 'valid' ? reading.cookie : undefined;
};
const names = ({ jar }: World) => [...jar.keys()].filter((name) => !name.startsWith(siteCookies.loginPrefix)).sort();
const refused = (status: number, error: string) => Promise.resolve(Response.json({ error }, { status }));
const bothCookies = [siteCookies.statement, siteCookies.session];
const issNamed = { authorization_response_iss_parameter_supported: true };
const code = ({ body }: { readonly body: string }) => /<code>(\w+)/.exec(body)?.[1];

describe('a link from elsewhere to the address that renews', () => {
  const follow = (world: World) => world.ask('/_sso/refresh', { headers: { 'sec-fetch-site': 'cross-site' } });

  it('signs nobody out whose provider gave nothing to renew with', async () => {
    const world = openSite();
    world.tokens = {};
    await world.signIn();
    expect((await follow(world)).location).toContain('https://provider.test/authorize');
    expect(names(world)).toEqual(bothCookies);
    expect(statement(world)?.email).toBe('ann@acme.test');
  });

  it('signs nobody out while the provider is down', async () => {
    const world = openSite();
    await world.signIn();
    world.tokens = () => refused(503, 'temporarily_unavailable');
    await follow(world);
    expect(names(world)).toEqual(expect.arrayContaining(bothCookies));
  });

  it('makes nobody somebody else', async () => {
    const world = openSite();
    await world.signIn();
    world.claims = { sub: 'sub-mallory', email: 'mallory@evil.test' };
    await follow(world);
    expect(names(world)).toEqual([]);
  });
});

it('whoever is refused for good by the provider is signed out by the attempt to renew', async () => {
  const world = openSite();
  await world.signIn();
  world.tokens = () => refused(400, 'invalid_grant');
  await world.ask('/_sso/refresh');
  expect(names(world)).toEqual([]);
});

it('however often somebody renews, the session ends when it was to end', async () => {
  const world = openSite();
  await world.signIn();
  const end = world.now + siteSettings.session.lifetime;
  for (; world.now < end; world.now += 4000) {
    world.jar.delete(siteCookies.bounces);
    expect((await world.ask('/_sso/refresh')).location).toBe(`${site}/`);
    expect(statement(world)?.exp).toBeLessThanOrEqual(end);
  }
  expect((await world.ask('/_sso/refresh')).location).toContain('https://provider.test/authorize');
  expect(names(world)).toEqual([siteCookies.bounces]);
});

describe('an answer of a provider is refused', () => {
  it.each<[string, object, Record<string, string>, object]>([
    ['with the nonce of another sign-in', { nonce: 'other' }, {}, {}],
    ['of another issuer', { iss: 'https://evil.test' }, {}, {}],
    ['for another client', { aud: 'other' }, {}, {}],
    ['for several, made for another', { aud: ['docs', 'other'], azp: 'other' }, {}, {}],
    ['long expired', { iat: 1, exp: 2 }, {}, {}],
    ['that came from another provider', {}, { iss: 'https://evil.test' }, {}],
    ['that does not say where from, at one that always does', {}, {}, issNamed],
    ['in a form nobody asked for', {}, { response: 'eyJ' }, {}],
    ['with tokens in the address', {}, { id_token: 'eyJ' }, {}],
  ])('%s', async (_, claims, parameters, metadata) => {
    const world = openSite();
    Object.assign(world, { claims, metadata });
    const outcome = await world.ask(await world.callback(parameters));
    expect([outcome.status, code(outcome)]).toEqual([400, 'login_attempt_invalid']);
    expect(world.jar.size).toBe(0);
  });

  it('with two codes', async () => {
    const world = openSite();
    expect(await world.ask(`${await world.callback()}&code=d`)).toMatchObject({ status: 400 });
    expect(world.calls).not.toContain('/token');
  });

  it('and what it says of an error is not repeated to the person', async () => {
    const world = openSite();
    const outcome = await world.ask(await world.callback({ error: 'x', error_description: '<b>call 555</b>' }));
    expect(outcome.status).toBe(403);
    expect(outcome.body).not.toContain('555');
  });
});

describe('whatever a provider says of somebody', () => {
  const many = Array.from({ length: 2000 }, (_, i) => `role-${i}`);
  it.each<[string, Record<string, unknown>, object | undefined]>([
    ['a name over any cookie', { name: 'x'.repeat(6000) }, { uid: 'sub-ann' }],
    ['more roles than fit', { groups: many }, { uid: 'sub-ann' }],
    ['roles as an object', { groups: { admin: true } }, { uid: 'sub-ann', roles: [] }],
    ['a role as a text', { groups: 'admin' }, { uid: 'sub-ann', roles: [] }],
    ['a subject with line breaks', { sub: 'a\r\nRemote-User: 1' }, { uid: 'a\r\nRemote-User: 1' }],
    ['a subject over any cookie', { sub: 's'.repeat(3900) }, undefined],
  ])('%s: the answer is one that browsers take, or nobody is signed in', async (_, claims, expected) => {
    const world = openSite();
    world.claims = claims;
    const { status } = await world.signIn();
    expect(status).toBe(expected ? 302 : 500);
    if (expected) expect(statement(world)).toMatchObject(expected);
    else expect(names(world)).toEqual([]);
    // roles that did not fit are not there, which is less than none
    if ('groups' in claims && claims.groups === many) expect(statement(world)).not.toHaveProperty('roles');
  });

  it('a refresh token over any cookie: the session is not renewed', async () => {
    const world = openSite();
    world.tokens = { refresh_token: 'r'.repeat(20_000) };
    await world.signIn();
    expect(names(world)).toEqual(bothCookies);
    await world.ask('/_sso/refresh');
    expect(world.calls.filter((path) => path === '/token')).toHaveLength(1);
  });
});

describe('the answers stay within what CloudFront takes of a function', () => {
  // that is looked at for each answer here; these are the largest
  it('with as many cookies of attempts as a browser holds', async () => {
    const world = openSite();
    await world.signIn();
    for (let i = 0; i < 300; i++) world.jar.set(`${siteCookies.loginPrefix}${String(i).padStart(16, 'A')}`, 'x');
    const begun = await world.ask(`/_sso/refresh?prompt=login&return_to=${site}/${'a'.repeat(990)}`);
    expect(begun.cookies.length).toBeGreaterThan(60);
    const headers = { origin: site, 'sec-fetch-site': 'same-origin' };
    expect((await world.ask('/_sso/sign-out', { method: 'POST', headers })).status).toBe(303);
  });

  it.each(['/_sso/sign-out', '/_sso/signed-out'])('%s', async (path) => {
    const world = openSite();
    world.metadata = { end_session_endpoint: `https://${'logout.'.repeat(30)}test/x` };
    await world.signIn();
    expect((await world.ask(path)).status).toBe(200);
  });
});

it('a provider that never answers holds nobody for longer than CloudFront waits', async () => {
  const world = openSite();
  await world.signIn();
  world.tokens = (signal) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  const began = performance.now();
  expect((await world.ask('/_sso/refresh')).status).toBe(302);
  // the patience of these tests
  expect(performance.now() - began).toBeLessThan(3000);
});
