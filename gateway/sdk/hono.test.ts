import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  fetches,
  gateway,
  navigates,
  notes,
  openStandIn,
  pair,
  returnTo,
  type StandIn,
  start,
} from './gateway-stand-in.suite.ts';
import { autoLogin, requirePermission, requireRole } from './hono.ts';
import { rawRequest } from './raw-request.suite.ts';

let sso: StandIn;
const servers: ServerType[] = [];

beforeAll(async () => {
  sso = await openStandIn();
});
afterAll(async () => await sso.close());
beforeEach(() => {
  sso.now = start;
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(app: { fetch: Hono['fetch'] }): Promise<number> {
  return await new Promise((resolve) => {
    servers.push(
      serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info: AddressInfo) => resolve(info.port)),
    );
  });
}

const notesApp = (more = {}) =>
  new Hono()
    .use(autoLogin(sso.options(more)))
    .get('/', (c) => c.json([c.var.sso.person?.id ?? null, c.var.sso.sid ?? null, c.var.sso.signInUrl('/a')]))
    .get('/own', (c) => {
      setCookie(c, 'theme', 'dark');
      c.header('Vary', 'Accept');
      c.header('Cache-Control', 'public, max-age=60');
      return c.text('x');
    })
    .get('/made', () => new Response('x', { headers: { 'Set-Cookie': 'theme=dark; Path=/', Vary: 'Accept' } }))
    .get('/proxied', async () => await fetch(`data:text/plain,x`))
    .get('/fails', () => {
      throw new Error('broken');
    })
    .post('/echo', (c) => new Response(c.req.raw.body))
    .onError((error, c) => c.text(error.message, 500));

const localIn = (cookies: readonly string[]) => cookies.find((one) => one.startsWith('__Host-app_session='));

describe('the Hono middleware', () => {
  it('knows who is signed in, and keeps it', async () => {
    const app = notesApp();
    const cookie = sso.domainCookie();
    const first = await app.request('/', { headers: { ...navigates, cookie } });
    expect(await first.json()).toEqual([
      'ann-id',
      'sid-of-ann',
      `${gateway}/login?return_to=${encodeURIComponent(`${notes}/a`)}`,
    ]);
    const session = pair(localIn(first.headers.getSetCookie()) ?? '');
    const again = await app.request('/', { headers: { ...navigates, cookie: `${cookie}; ${session}` } });
    expect(again.headers.getSetCookie()).toEqual([]);
    expect(again.headers.get('cache-control')).toBe('private, no-cache');
    expect(again.headers.get('vary')).toBe('Cookie');
    const out = await app.request('/', { headers: { ...navigates, cookie: session } });
    expect(out.status).toBe(302);
    expect(localIn(out.headers.getSetCookie())).toContain('Max-Age=0');
  });

  it.each(['/own', '/made'])('keeps the app’s own cookies and Vary beside its own: %s', async (path) => {
    const answer = await notesApp().request(path, { headers: { cookie: sso.domainCookie() } });
    expect(answer.headers.getSetCookie()).toHaveLength(2);
    expect(answer.headers.getSetCookie()).toContain('theme=dark; Path=/');
    expect(localIn(answer.headers.getSetCookie())).toBeDefined();
    expect(answer.headers.get('vary')).toBe('Accept, Cookie');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('keeps the app’s own Cache-Control where no cookie goes along', async () => {
    const app = notesApp();
    const cookie = sso.domainCookie();
    const session = pair(localIn((await app.request('/', { headers: { cookie } })).headers.getSetCookie()) ?? '');
    const answer = await app.request('/own', { headers: { cookie: `${cookie}; ${session}` } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
  });

  it.each([
    ['an answer with headers that can’t be changed', '/proxied', 200],
    ['an error', '/fails', 500],
    ['nothing there', '/nothing', 404],
  ])('adds its cookie to %s', async (_, path, status) => {
    const answer = await notesApp().request(path, { headers: { cookie: sso.domainCookie() } });
    expect(answer.status).toBe(status);
    expect(localIn(answer.headers.getSetCookie())).toBeDefined();
  });

  it('gives what onSignIn throws to the app, and starts no session', async () => {
    const app = notesApp({ onSignIn: () => Promise.reject(new Error('no desk')) });
    const answer = await app.request('/', { headers: { cookie: sso.domainCookie() } });
    expect([answer.status, await answer.text(), answer.headers.getSetCookie()]).toEqual([500, 'no desk', []]);
  });

  it('serves an optional page to nobody', async () => {
    const answer = await notesApp({ optional: true }).request('/', { headers: navigates });
    expect(await answer.json()).toEqual([null, null, expect.any(String)]);
    expect(answer.headers.get('vary')).toBe('Cookie');
    expect(answer.headers.get('cache-control')).toBeNull();
  });
});

describe('the Hono middleware on a real server', () => {
  it('signs in, streams and signs out', async () => {
    const port = await listen(notesApp());
    const body = 'x'.repeat(300_000);
    const echo = await rawRequest(port, '/echo', { cookie: sso.domainCookie() }, { method: 'POST', body });
    expect(echo.body).toBe(body);
    const session = pair(localIn(echo.headers['set-cookie'] ?? []) ?? '');
    const out = await rawRequest(port, '/echo', { ...fetches, cookie: session }, { method: 'POST', body });
    expect(out.status).toBe(401);
    expect(JSON.parse(out.body)).toMatchObject({ code: 'not_signed_in' });
    expect(localIn(out.headers['set-cookie'] ?? [])).toContain('Max-Age=0');
  });

  it.each([
    ['a target that looks like a host', '//evil.test/x', {}, `${notes}//evil.test/x`],
    ['an absolute target', 'http://evil.test/x?y=1', {}, `${notes}/x?y=1`],
    ['a spoofed Host', '/x', { host: 'evil.test' }, `${notes}/x`],
    [
      'a spoofed X-Forwarded-Host',
      '/x',
      { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' },
      `${notes}/x`,
    ],
    ['a long one', `/${'a'.repeat(2000)}`, {}, `${notes}/`],
  ])('returns to its own origin whatever is asked: %s', async (_, target, headers, expected) => {
    const answer = await rawRequest(await listen(notesApp()), target, { ...navigates, ...headers });
    expect(answer.status).toBe(302);
    expect(returnTo(answer.headers.location)).toBe(expected);
  });

  it('lets no other spelling of a path be public', async () => {
    const app = new Hono()
      .use(autoLogin(sso.options({ publicPaths: ['/open/*'] })))
      .all('*', (c) => c.text(c.req.path));
    const port = await listen(app);
    expect((await rawRequest(port, '/open/a', navigates)).body).toBe('/open/a');
    for (const path of ['/open/../x', '/open/%2e%2e/x', '/open/..%2fx', '//open/x', '/OPEN/x'])
      expect((await rawRequest(port, path, navigates)).status).toBe(302);
  });
});

describe('Hono guards', () => {
  const guarded = () =>
    new Hono()
      .use(autoLogin(sso.options({ optional: true })))
      .get('/editors', requireRole('editor'), (c) => c.text('x'))
      .get('/admins', requireRole('admin'), (c) => c.text('x'))
      .get('/writers', requirePermission('notes:write'), (c) => c.text('x'))
      .get('/owners', requirePermission('notes:own'), (c) => c.text('x'));

  it.each([
    ['/editors', {}, navigates, 200],
    ['/admins', {}, navigates, 403],
    ['/writers', {}, fetches, 200],
    ['/owners', {}, fetches, 403],
    ['/editors', { carries: [] }, fetches, 403],
    ['/writers', { carries: [] }, fetches, 403],
    ['/editors', undefined, navigates, 302],
    ['/editors', undefined, fetches, 401],
  ])('%s for %o', async (path, claims, headers, status) => {
    const cookie = claims ? sso.domainCookie(claims) : '';
    const answer = await guarded().request(path, { headers: { ...headers, cookie } });
    expect(answer.status).toBe(status);
  });

  it('let nobody through where the filter was forgotten', async () => {
    const app = new Hono().get('/', requireRole('editor'), (c) => c.text('x'));
    expect((await app.request('/', { headers: { cookie: sso.domainCookie() } })).status).toBe(403);
  });
});
