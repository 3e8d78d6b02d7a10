import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { autoLogin, requirePermission, requireRole } from './express.ts';
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
import { type RawAnswer, rawRequest } from './raw-request.suite.ts';

let sso: StandIn;
let app: Express;
let ends: (() => void)[];

beforeAll(async () => {
  sso = await openStandIn();
});
afterAll(async () => await sso.close());
beforeEach(() => {
  sso.now = start;
  ends = [];
  app = express();
});
afterEach(() => {
  for (const end of ends) end();
});

async function listen(): Promise<number> {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const local = (answer: RawAnswer) => answer.headers['set-cookie']?.find((one) => one.startsWith('__Host-app_session='));

describe('the Express middleware', () => {
  it('knows who is signed in, and keeps it', async () => {
    app.use(autoLogin(sso.options()));
    app.get('/', (request, response) => {
      response.json([request.sso?.person?.id, request.sso?.sid, request.sso?.signOutUrl()]);
    });
    const port = await listen();
    const cookie = sso.domainCookie();
    const first = await rawRequest(port, '/', { ...navigates, cookie });
    expect(JSON.parse(first.body)).toEqual([
      'ann-id',
      'sid-of-ann',
      `${gateway}/logout?return_to=${encodeURIComponent(`${notes}/`)}`,
    ]);
    expect(first.headers['cache-control']).toBe('no-store');
    const again = await rawRequest(port, '/', { ...navigates, cookie: `${cookie}; ${pair(local(first) ?? '')}` });
    expect(again.status).toBe(200);
    expect(again.headers['set-cookie']).toBeUndefined();
    expect(again.headers['cache-control']).toBe('private, no-cache');
    expect(again.headers.vary).toBe('Cookie');
  });

  it('signs out here at once when somebody signs out anywhere', async () => {
    app.use(autoLogin(sso.options()));
    app.get('/', (_, response) => void response.send('secret'));
    const port = await listen();
    const session = pair(local(await rawRequest(port, '/', { cookie: sso.domainCookie() })) ?? '');
    const out = await rawRequest(port, '/', { ...navigates, cookie: session });
    expect(out.status).toBe(302);
    expect(out.body).toBe('');
    expect(local(out)).toContain('Max-Age=0');
    expect((await rawRequest(port, '/', { ...fetches, cookie: session })).status).toBe(401);
  });

  it.each([
    ['a target that looks like a host', '//evil.test/x', {}, `${notes}//evil.test/x`],
    ['a backslash', '/\\evil.test', {}, `${notes}//evil.test`],
    ['an absolute target', 'http://evil.test/x?y=1', {}, `${notes}/x?y=1`],
    ['an absolute target with a user', 'http://notes.acme.com@evil.test/x', {}, `${notes}/x`],
    ['a target that is none', '*', {}, `${notes}/`],
    ['a spoofed Host', '/x', { host: 'evil.test' }, `${notes}/x`],
    [
      'a spoofed X-Forwarded-Host',
      '/x',
      { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' },
      `${notes}/x`,
    ],
    ['a long one', `/${'a'.repeat(2000)}`, {}, `${notes}/`],
  ])('returns to its own origin whatever is asked: %s', async (_, target, headers, expected) => {
    app.set('trust proxy', true);
    app.use(autoLogin(sso.options()));
    const answer = await rawRequest(await listen(), target, { ...navigates, ...headers });
    expect(answer.status).toBe(302);
    expect(returnTo(answer.headers.location)).toBe(expected);
  });

  it('sees the whole path below a mounted router, and lets no other spelling be public', async () => {
    const router = express.Router();
    router.use(autoLogin(sso.options({ publicPaths: ['/admin/help/*'] })));
    router.use((_, response) => void response.send('open'));
    app.use('/admin', router);
    const port = await listen();
    expect(returnTo((await rawRequest(port, '/admin/x?y', navigates)).headers.location)).toBe(`${notes}/admin/x?y`);
    expect((await rawRequest(port, '/admin/help/a', navigates)).body).toBe('open');
    for (const path of ['/admin/help/../x', '/admin/help/%2e%2e/x', '/admin//help/x', '/admin/HELP/x'])
      expect((await rawRequest(port, path, navigates)).status).toBe(302);
  });

  it('leaves the body to the app, streamed both ways', async () => {
    app.use(autoLogin(sso.options()));
    app.post('/echo', (request, response) => void request.pipe(response));
    const body = 'x'.repeat(300_000);
    const answer = await rawRequest(await listen(), '/echo', { cookie: sso.domainCookie() }, { method: 'POST', body });
    expect(answer.body).toBe(body);
    expect(local(answer)).toBeDefined();
  });

  const own: [string, (response: Response) => void][] = [
    ['res.cookie', (response) => void response.cookie('theme', 'dark').vary('Accept').send('x')],
    [
      'setHeader',
      (response) => void response.setHeader('Set-Cookie', 'theme=dark; Path=/').setHeader('Vary', 'Accept').end('x'),
    ],
    [
      'writeHead',
      (response) => void response.writeHead(200, { 'Set-Cookie': ['theme=dark; Path=/'], Vary: 'Accept' }).end('x'),
    ],
    [
      'writeHead with a reason',
      (response) =>
        void response.writeHead(200, 'Fine', { 'set-cookie': 'theme=dark; Path=/', vary: 'Accept' }).end('x'),
    ],
    [
      'writeHead with a list',
      (response) => void response.writeHead(200, ['Set-Cookie', 'theme=dark; Path=/', 'Vary', 'Accept']).end('x'),
    ],
    [
      'a stream',
      (response) => {
        response.append('Set-Cookie', 'theme=dark; Path=/').append('Vary', 'Accept');
        response.write('x');
        response.end();
      },
    ],
  ];
  it.each(own)('keeps the app’s own cookies and Vary beside its own: %s', async (_, answerBy) => {
    app.use(autoLogin(sso.options()));
    app.get('/', (_request, response) => answerBy(response));
    const answer = await rawRequest(await listen(), '/', { cookie: sso.domainCookie() });
    expect(answer.body).toBe('x');
    expect(answer.headers['set-cookie']).toHaveLength(2);
    expect(answer.headers['set-cookie']).toContain('theme=dark; Path=/');
    expect(local(answer)).toBeDefined();
    expect(answer.headers.vary?.split(', ').sort()).toEqual(['Accept', 'Cookie']);
  });

  it('keeps cookies that were set before it, also when it answers itself', async () => {
    app.use((_, response, next) => {
      response.cookie('theme', 'dark').vary('Origin');
      next();
    });
    app.use(autoLogin(sso.options()));
    const answer = await rawRequest(await listen(), '/', { ...navigates, cookie: '__Host-app_session=old' });
    expect(answer.headers['set-cookie']).toEqual(['theme=dark; Path=/', expect.stringContaining('Max-Age=0')]);
    expect(answer.headers.vary).toMatch(/^Origin, Cookie, /);
  });

  it.each([
    ['stays where no cookie goes along', true, 'public, max-age=60'],
    ['gives way where one does, lest a cache keeps it for the next person', false, 'no-store'],
  ])('the app’s own Cache-Control %s', async (_, known, expected) => {
    app.use(autoLogin(sso.options()));
    app.get('/', (_request, response) => void response.set('Cache-Control', 'public, max-age=60').send('x'));
    const port = await listen();
    const cookie = sso.domainCookie();
    const session = pair(local(await rawRequest(port, '/', { cookie })) ?? '');
    const answer = await rawRequest(port, '/', { cookie: known ? `${cookie}; ${session}` : cookie });
    expect(answer.headers['cache-control']).toBe(expected);
  });

  it('gives what onSignIn throws to the app’s error handler, and starts no session', async () => {
    app.use(autoLogin(sso.options({ onSignIn: () => Promise.reject(new Error('no desk')) })));
    app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
      response.status(500).send(error.message);
    });
    const answer = await rawRequest(await listen(), '/', { cookie: sso.domainCookie() });
    expect([answer.status, answer.body, answer.headers['set-cookie']]).toEqual([500, 'no desk', undefined]);
  });

  it('lets a CORS preflight pass to the app', async () => {
    app.use(autoLogin(sso.options()));
    app.options('/', (request, response) => void response.json(request.sso?.person ?? null));
    const headers = { origin: 'https://photos.acme.com', 'access-control-request-method': 'PUT' };
    const answer = await rawRequest(await listen(), '/', headers, { method: 'OPTIONS' });
    expect([answer.status, answer.body, answer.headers.vary, answer.headers['set-cookie']]).toEqual([
      200,
      'null',
      undefined,
      undefined,
    ]);
  });
});

describe('Express guards', () => {
  it.each([
    ['the role', requireRole('editor'), {}, navigates, 200],
    ['another role', requireRole('admin'), {}, navigates, 403],
    ['the permission', requirePermission('notes:write'), {}, fetches, 200],
    ['part of a permission', requirePermission('notes'), {}, fetches, 403],
    ['roles that the cookie does not carry', requireRole('editor'), { carries: [] }, fetches, 403],
    ['nobody', requireRole('editor'), undefined, navigates, 302],
    ['nobody, asked by a script', requireRole('editor'), undefined, fetches, 401],
  ])('%s', async (_, guard, claims, headers, status) => {
    app.use(autoLogin(sso.options({ optional: true })));
    app.get('/', guard, (_request, response) => void response.send('x'));
    const cookie = claims ? sso.domainCookie(claims) : '';
    const answer = await rawRequest(await listen(), '/', { ...headers, cookie });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toContain(headers === fetches ? '"code":"forbidden"' : '<h1>Your account');
  });

  it('let nobody through where the filter was forgotten', async () => {
    app.get('/', requireRole('editor'), (_, response) => void response.send('x'));
    expect((await rawRequest(await listen(), '/', { cookie: sso.domainCookie() })).status).toBe(403);
  });
});
