import type { OutgoingHttpHeaders } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { asSessionId } from '../../shared/identity.ts';
import { createDoor } from '../runtimes/node/door.ts';
import { ask, listen } from '../runtimes/node/doors.testing.ts';
import { createListener } from '../runtimes/node/listener.ts';
import { ann, domainCookie } from './check.testing.ts';
import { addSession, cookieIn, openRenewingWorld, type RenewingWorld } from './renews.testing.ts';

const cookie = domainCookie();
const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };
const pageLoad = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
const forwarded = (changes: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  host: 'auth.acme.test',
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'notes.acme.test',
  'x-forwarded-uri': '/api/panels?x=1',
  cookie,
  ...fetching,
  ...changes,
});
/** The same, less some. */
const without = (headers: OutgoingHttpHeaders, ...names: string[]): OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));

let world: RenewingWorld;
beforeEach(async () => {
  world = await openRenewingWorld();
  world.now = ann.exp - 600;
});

/** One question to the Node runtime, door and all: what became of it, and of its cookie. */
async function checked(headers: OutgoingHttpHeaders, path = '/check', method = 'GET', of = world) {
  const { status, headers: answer } = await ask(await listen(createListener(of.gateway)), headers, path, method);
  const cookies = answer['set-cookie'] ?? [];
  return { status, cookies, renewed: cookies.map((one) => cookieIn(one, of.now)?.sid), headers: answer };
}

describe('a fetch near the end of the cookie', () => {
  it.each<[string, OutgoingHttpHeaders, string, number]>([
    ['as forwarded by Traefik, Caddy and HAProxy', forwarded(), '/check', 204],
    ['of a page of another app on the parent domain', forwarded({ 'sec-fetch-site': 'same-site' }), '/check', 204],
    ['that posts', forwarded({ 'x-forwarded-method': 'POST' }), '/check', 204],
    ['that opens an event stream', forwarded({ accept: 'text/event-stream' }), '/check', 204],
    ['past its end, within the leeway', forwarded(), '/check', 204],
    [
      'as nginx asks',
      {
        host: 'auth.acme.test',
        cookie,
        ...fetching,
        'x-original-url': 'https://notes.acme.test/api',
        'x-original-method': 'GET',
      },
      '/check/nginx',
      204,
    ],
    [
      'as Envoy asks',
      { host: 'notes.acme.test', cookie, ...fetching, 'x-forwarded-proto': 'https' },
      '/check/envoy/api',
      200,
    ],
  ])('brings one new cookie along: %s', async (says, headers, path, status) => {
    if (says.startsWith('past')) world.now = ann.exp + 29;
    const answer = await checked(headers, path);
    expect(answer).toMatchObject({ status, renewed: [ann.sid] });
    expect(answer.headers).toMatchObject({ 'remote-user': ann.uid, 'cache-control': 'no-store' });
    expect(answer.cookies[0]).toMatch(/^__Secure-sso=[^;]+; Path=\/; Domain=acme\.test; Max-Age=\d+; Secure; HttpOnly/);
    expect(cookieIn(answer.cookies[0], world.now)?.exp).toBe(world.now + 1800);
  });

  it('has the name of the environment', async () => {
    const staging = await openRenewingWorld({ environment: 'staging' });
    staging.now = ann.exp - 1;
    const named = cookie.replace('__Secure-sso=', '__Secure-sso_staging=');
    const { cookies } = await checked(forwarded({ cookie: named }), '/check', 'GET', staging);
    expect(cookies).toEqual([expect.stringMatching(/^__Secure-sso_staging=/)]);
  });

  it('is renewed where the directory has to be asked for its permissions', async () => {
    world.users.change(ann.uid, { permissions: ['reports:read', 'reports:write'] });
    world.store.announce({ kind: 'permissions-changed', userId: ann.uid, version: 2, until: world.now + 3600 });
    await world.gateway.feed.poll();
    const { status, cookies } = await checked(forwarded({ 'x-forwarded-uri': '/reports/1' }));
    expect(status).toBe(204);
    expect(cookies.map((one) => cookieIn(one, world.now)?.permissionVersion)).toEqual([2]);
  });

  it('works on with the new cookie, which is not near its end', async () => {
    const [renewed = ''] = (await checked(forwarded())).cookies;
    world.now = ann.exp + 60;
    expect(await checked(forwarded({ cookie: renewed.split(';')[0] }))).toMatchObject({ status: 204, cookies: [] });
    expect((await checked(forwarded())).status).toBe(401);
  });

  it('shares the renewal with whatever else its page fetches, and passes plainly just after', async () => {
    const port = await listen(createListener(world.gateway));
    const many = await Promise.all(Array.from({ length: 20 }, () => ask(port, forwarded(), '/check', 'GET')));
    expect(many.map(({ status }) => status)).toEqual(many.map(() => 204));
    const cookies = many.flatMap(({ headers }) => headers['set-cookie'] ?? []);
    expect(new Set(cookies).size).toBe(1);
    expect((await ask(port, forwarded(), '/check', 'GET')).headers['set-cookie']).toBeUndefined();
    world.now += 10;
    const again = (await ask(port, forwarded(), '/check', 'GET')).headers['set-cookie'];
    expect([again?.length, cookies.includes(again?.[0] ?? '')]).toEqual([1, false]);
  });
});

describe('what passes as ever, with no new cookie', () => {
  it.each<[string, OutgoingHttpHeaders, number?]>([
    ['a fetch a second too early', forwarded(), ann.exp - 601],
    ['an image', forwarded({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })],
    ['a style sheet', forwarded({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' })],
    ['a script', forwarded({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' })],
    ['a frame', forwarded({ 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })],
    ['a manifest', forwarded({ 'sec-fetch-dest': 'manifest' })],
    ['a program that says nothing of itself', without(forwarded({ accept: '*/*' }), ...Object.keys(fetching))],
    ['a program that says only half', without(forwarded(), 'sec-fetch-dest')],
    ['a prefetch', forwarded({ 'sec-purpose': 'prefetch' })],
    ['a prefetch of an older browser', forwarded({ purpose: 'prefetch' })],
    [
      'a WebSocket of the app itself',
      forwarded({ 'sec-websocket-version': '13', origin: 'https://notes.acme.test', 'sec-fetch-mode': 'websocket' }),
    ],
    [
      'a preflight',
      forwarded({
        'x-forwarded-method': 'OPTIONS',
        origin: 'https://photos.acme.test',
        'access-control-request-method': 'PUT',
      }),
    ],
    ['a fetch of what is public', forwarded({ 'x-forwarded-uri': '/open/x' })],
    ['nobody, of what is public', without(forwarded({ 'x-forwarded-uri': '/open/x' }), 'cookie')],
    ['somebody who asks about itself', { host: 'auth.acme.test', cookie, ...fetching }],
    ['the same cookie twice: one of them would stay', forwarded({ cookie: `${cookie}; ${cookie}` })],
    ['a cookie beside junk of its name', forwarded({ cookie: `${cookie}; __Secure-sso=junk` })],
    [
      'a cookie beside an older one that has expired',
      forwarded({ cookie: `${cookie}; ${domainCookie({ exp: ann.exp - 1200 })}` }),
    ],
    [
      'a page load that is too long to return to',
      forwarded({ ...pageLoad, 'x-forwarded-uri': `/${'x'.repeat(1100)}` }),
    ],
  ])('%s', async (_, headers, now = ann.exp - 1) => {
    world.now = now;
    expect(await checked(headers)).toMatchObject({ status: 204, cookies: [] });
    expect(world.asked).toBe(0);
    expect((await world.store.findSession(ann.sid, world.now))?.lastSeenAt).toBe(ann.iat);
  });

  it('is everything, where the setting is off', async () => {
    const off = await openRenewingWorld({ check: {} });
    off.now = ann.exp - 1;
    expect(off.gateway.checker.renewals).toBeUndefined();
    expect(await checked(forwarded(), '/check', 'GET', off)).toMatchObject({ status: 204, cookies: [] });
  });

  it.each<[string, (one: RenewingWorld) => void]>([
    ['the store is down', ({ store }) => store.setAvailable(false)],
    ['the directory is down', ({ users }) => users.setAvailable(false)],
  ])('is a fetch while %s', async (_, down) => {
    down(world);
    expect(await checked(forwarded())).toMatchObject({ status: 204, cookies: [], headers: { 'remote-user': ann.uid } });
    world.store.setAvailable(true);
    expect(await world.store.findSession(ann.sid, world.now)).toBeDefined();
  });
});

describe('a page load', () => {
  it('goes to the gateway and back, as ever: the host session renews it', async () => {
    const { status, cookies, headers } = await checked(forwarded(pageLoad));
    expect([status, cookies, headers.location]).toEqual([302, [], expect.stringContaining('/refresh?return_to=')]);
  });
});

describe('a thief', () => {
  it('with the cookie of a session that has ended is refused, told by the store before the feed tells', async () => {
    await world.store.endSession(ann.sid, 'logout', world.now);
    expect(await checked(forwarded())).toMatchObject({ status: 401, cookies: [] });
    expect(await checked(without(forwarded(), 'sec-fetch-dest'))).toMatchObject({ status: 401, cookies: [] });
  });

  it('with the cookie of somebody who was disabled is refused, and the session ends', async () => {
    world.users.change(ann.uid, { state: 'disabled' });
    expect(await checked(forwarded())).toMatchObject({ status: 401, cookies: [] });
    expect(await world.store.sessionsOf(ann.uid, world.now)).toEqual([]);
  });

  it('learns nothing, and renews nothing, with a session id alone', async () => {
    const forged = `__Secure-sso=${cookie.slice('__Secure-sso='.length, -8)}AAAAAAAA`;
    expect(await checked(forwarded({ cookie: forged }))).toMatchObject({ status: 401, cookies: [] });
  });

  it('with two cookies of two people is nobody', async () => {
    const eve = world.users.add({ name: 'Eve' });
    await addSession(world.parts, asSessionId('session-2'), eve);
    const other = domainCookie({ uid: eve, sid: asSessionId('session-2') });
    for (const both of [`${cookie}; ${other}`, `${other}; ${cookie}`])
      expect(await checked(forwarded({ cookie: both }))).toMatchObject({ status: 401, cookies: [] });
  });

  it('who is no trusted proxy renews nothing by saying what proxies say', async () => {
    const stranger = await openRenewingWorld();
    stranger.now = ann.exp - 1;
    const fetch = (headers: Record<string, string>, path = '/check') =>
      stranger.gateway.fetch(new Request(`https://auth.acme.test${path}`, { headers }), { peer: '203.0.113.9' });
    const answers = [
      await fetch(forwarded() as Record<string, string>),
      await fetch({ cookie, ...fetching }),
      await fetch(
        { cookie, ...fetching, 'x-original-url': 'https://notes.acme.test/', 'x-original-method': 'GET' },
        '/check/nginx',
      ),
    ];
    expect(answers.map(({ status, headers }) => [status, headers.getSetCookie()])).toEqual([
      [400, []],
      [204, []],
      [400, []],
    ]);
  });

  it('who lacks what the rule asks is refused, and not renewed', async () => {
    await world.gateway.feed.poll();
    expect(await checked(forwarded({ 'x-forwarded-uri': '/admin/x' }))).toMatchObject({ status: 403, cookies: [] });
    expect((await world.store.findSession(ann.sid, world.now))?.lastSeenAt).toBe(ann.iat);
  });
});

describe('the fast door', () => {
  const takes = async (headers: OutgoingHttpHeaders, of = world) => {
    const door = createDoor(of.gateway);
    const port = await listen((asked, response) => void (door(asked, response) || response.writeHead(599).end()));
    return (await ask(port, headers, '/check', 'GET')).status !== 599;
  };

  it('leaves renewals to the route, and takes everything else', async () => {
    expect(await takes(forwarded())).toBe(false);
    expect(await takes(forwarded({ 'sec-fetch-dest': 'image' }))).toBe(true);
    expect(await takes(forwarded({ 'x-forwarded-uri': '/open/' }))).toBe(true);
    world.now = ann.exp - 601;
    expect(await takes(forwarded())).toBe(true);
  });

  it('takes the fetches that come just after one', async () => {
    await checked(forwarded());
    expect(await takes(forwarded())).toBe(true);
  });

  it('takes them all where the setting is off', async () => {
    const off = await openRenewingWorld({ check: {} });
    off.now = ann.exp - 1;
    expect(await takes(forwarded(), off)).toBe(true);
  });
});
