import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { ask } from '../suite/exchange.ts';
import { people } from '../suite/people.testing.ts';
import { forged, forgedAddress, forgedIdentity } from './forged.testing.ts';
import { apacheKind } from './kinds.testing.ts';
import { askRaw, type RunningProxy, startProxy } from './proxy.testing.ts';
import { type ProxyWorld, startProxyWorld } from './world.testing.ts';

const page = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' };

describe('behind apache, which verifies the cookie itself', () => {
  let world: ProxyWorld;
  let proxy: RunningProxy;
  let bob: string;
  let cyd: string;
  beforeAll(async () => {
    world = await startProxyWorld();
    proxy = await startProxy(apacheKind, world);
    bob = world.cookieOf((await world.signIn(people.bob)).browser);
    const { browser } = await world.signIn(people.cyd);
    cyd = world.cookieOf(browser);
  });
  afterAll(async () => {
    await proxy?.stop();
    await world?.stop();
  });

  const host = () => `Host: ${new URL(world.app).host}`;
  const get = (path: string, headers: Record<string, string> = {}) => ask(`${world.app}${path}`, { headers });
  const raw = async (target: string, lines: readonly string[], method = 'GET') => {
    const before = world.upstream.seen.length;
    const answer = await askRaw(world.ports.proxy, [`${method} ${target} HTTP/1.1`, ...lines, 'Connection: close']);
    return { ...answer, reached: world.upstream.seen.length > before };
  };
  /** A domain cookie of Bob's by these keys and settings, issued so many seconds ago. */
  const cookieBy = (age: number, changes: { keys?: ProxyWorld['keyring']; issuer?: string; domain?: string } = {}) => {
    const { config, keyring } = world;
    const now = Math.floor(Date.now() / 1000);
    const settings = {
      ...config,
      publicUrl: changes.issuer ?? config.publicUrl,
      cookie: { ...config.cookie, domain: changes.domain ?? config.cookie.domain },
    };
    const claims = {
      uid: asUserId('42'),
      sid: asSessionId('session'),
      authTime: now - age,
      iat: now - age,
      exp: now - age + 1800,
      roles: ['editor'],
      permissionVersion: 1,
    };
    return writeDomainCookie(settings, (changes.keys ?? keyring).domainCookie, claims, now + 1800).split(';')[0] ?? '';
  };

  it('a person is led to sign in, and back to the very page, known by headers', async () => {
    const path = '/a/b%20c?d=e%26f&g=%2Fh&i';
    const { tab } = await world.signIn(people.ann, path);
    expect([tab.page.status, tab.page.url]).toEqual([200, `${world.app}${path}`]);
    expect(JSON.parse(tab.page.body)).toMatchObject({ method: 'GET', url: path });
    expect(world.upstream.last('Remote-User')).toEqual([world.uid(people.ann)]);
    expect(world.upstream.last('Remote-Email')).toEqual([people.ann.email]);
    expect(world.upstream.last('Remote-Groups')).toEqual(['admin']);
    expect(world.upstream.last('X-Forwarded-Proto')).toEqual(['http']);
    expect(world.upstream.last('X-Forwarded-Host')).toEqual([new URL(world.app).host]);
  });

  it('an expired cookie sends a page load to renew', async () => {
    expect((await get('/x', { cookie: cookieBy(1000), ...page })).status).toBe(200);
    const answer = await get('/x?y', { cookie: cookieBy(4000), ...page });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([302, 'no-store']);
    expect(decodeURIComponent(answer.headers.get('location') ?? '')).toBe(
      `${world.gateway}/refresh?return_to=${world.app}/x?y`,
    );
  });

  it('a fetch is told 401 in JSON, a POST too', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(`${world.app}/a`, { method, headers: fetching });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'not_signed_in', login: `${world.gateway}/login` });
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('somebody without any needed role is told 403, not sent to and fro', async () => {
    expect((await get('/a', { cookie: cyd, ...page })).status).toBe(403);
    expect((await get('/a', { cookie: cyd, ...fetching })).status).toBe(403);
  });

  it("the app's own 401 and 403 come through, and bodies arrive whole", async () => {
    for (const status of [401, 403]) {
      const answer = await get(`/?status=${status}`, { cookie: bob, ...fetching });
      expect([answer.status, JSON.parse(answer.body).url]).toEqual([status, `/?status=${status}`]);
      expect(answer.headers.get('content-type')).toBe('application/json');
    }
    const body = 'x'.repeat(300_000);
    const answer = await ask(`${world.app}/p`, { method: 'POST', headers: { cookie: bob }, body });
    expect([answer.status, JSON.parse(answer.body).body]).toEqual([200, body]);
  });

  it("the app gets no cookie of the gateway's, and its own", async () => {
    for (const cookie of [`a=1; ${bob}; b=2`, `${bob}; a=1; b=2`, `a=1; b=2; ${bob}`]) {
      await get('/', { cookie: `${cookie}; __Host-sso_x=1` });
      expect(world.upstream.last('Cookie').map((line) => line.replace(/; ?$/, ''))).toEqual(['a=1; b=2']);
    }
  });

  it.each<[string, () => string]>([
    ['by a key of its own', () => cookieBy(0, { keys: createKeyring(JSON.stringify(generateKeyFile())) })],
    ['of another issuer', () => cookieBy(0, { issuer: 'https://auth.evil.test' })],
    ['for another domain', () => cookieBy(0, { domain: 'evil.localhost' })],
    ['that has expired', () => cookieBy(4000)],
    ['without a signature', () => `${cookieBy(0).split('.').slice(0, 2).join('.')}.`],
    ['beside a valid one', () => `${bob}; ${cookieBy(0)}`],
  ])('a cookie %s lets nobody in', async (_, cookie) => {
    const before = world.upstream.seen.length;
    for (const headers of [page, fetching]) {
      expect([301, 302, 401, 403]).toContain((await get('/a', { cookie: cookie(), ...headers })).status);
    }
    expect(world.upstream.seen.length).toBe(before);
  });

  it('two cookies lead a page load to the gateway, whose own cookie decides', async () => {
    const answer = await get('/a', { cookie: `${bob}; ${cookieBy(0)}`, ...page });
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      expect.stringContaining(`${world.gateway}/refresh?return_to=`),
    ]);
  });

  it.each(['signed in', 'as nobody'])('an attacker says who they are in vain, in any spelling, %s', async (who) => {
    const cookie = who === 'signed in' ? `Cookie: ${bob}` : 'X-Nothing: 1';
    for (const line of [...forgedIdentity, ...forgedAddress]) {
      const answer = await raw('/', [host(), cookie, line, line]);
      expect([line, answer.text.includes(forged)]).toEqual([line, false]);
      expect([line, answer.reached]).toEqual([line, who === 'signed in' && /^[a-z0-9-]+:/i.test(line)]);
      if (answer.reached) expect(world.upstream.last('Remote-User')).toEqual([world.uid(people.bob)]);
    }
  });

  it.each(['h2c', 'websocket, h2c', 'websocket'])(
    'no tunnel is dug past the check by an upgrade to %s',
    async (upgrade) => {
      const lines = [host(), `Cookie: ${bob}`, 'Connection: Upgrade, HTTP2-Settings', `Upgrade: ${upgrade}`];
      const answer = await askRaw(world.ports.proxy, [
        'GET /x HTTP/1.1',
        ...lines,
        'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      ]);
      expect(answer.status).not.toBe(101);
      expect(world.upstream.last('Upgrade')).toEqual([]);
    },
  );

  it.each([
    '/.crossgate/',
    '/.crossgate/sign-in',
    '/.crossgate/../x',
    '/.crossgate/..;/x',
    '/.crossgate/%2e%2e/x',
    '/.crossgate/%2e%2e%2fx',
    '/.crossgate%2f..%2fx',
    '//.crossgate/x',
    '/.crossgate//../../x',
    'http://notes.acme.localhost/x',
    'http://other.acme.localhost/x',
    '*',
  ])('nobody comes in by %s', async (target) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await raw(target, [host(), 'REDIRECT_STATUS: 401'], method);
      expect(answer.reached).toBe(false);
    }
  });

  it.each([
    ['of another app', 'Host: photos.acme.localhost'],
    ['that is none', 'X-Nothing: 1'],
  ])('nothing is there under a name %s', async (_, line) => {
    const answer = await raw('/', [line, `Cookie: ${bob}`]);
    expect([answer.reached, answer.status >= 400]).toEqual([false, true]);
  });

  it('knows the keys on while the gateway is down, and lets in nobody without a cookie', async () => {
    await world.setGateway(false);
    try {
      expect((await get('/', { cookie: bob })).status).toBe(200);
      expect((await get('/', fetching)).status).toBe(401);
      const other = cookieBy(0, { keys: createKeyring(JSON.stringify(generateKeyFile())) });
      expect((await get('/', { cookie: other, ...fetching })).status).toBe(401);
    } finally {
      await world.setGateway(true);
    }
  });
});
