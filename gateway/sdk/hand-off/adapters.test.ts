import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import express, { type RequestHandler } from 'express';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as forExpress from '../express.ts';
import * as forHono from '../hono.ts';
import { rawRequest } from '../raw-request.suite.ts';
import {
  createGatewayDouble,
  fromPage,
  type GatewayDouble,
  navigates,
  app as origin,
} from './gateway-double.testing.ts';

let double: GatewayDouble;
let end: (() => void) | undefined;

beforeEach(() => {
  double = createGatewayDouble();
});
afterEach(() => end?.());

async function listen(
  server: { address(): unknown; once(event: 'listening', then: () => void): unknown } & ServerType,
) {
  await new Promise<void>((resolve) => server.once('listening', resolve));
  end = () => server.close();
  return (server.address() as AddressInfo).port;
}

const onExpress = async (...before: RequestHandler[]) => {
  const app = express();
  app.use(...before, (_request, _response, next) => next());
  app.use(forExpress.handOff(double.options({ publicPaths: ['/echo'] })));
  app.post('/echo', (request, response) => void request.pipe(response));
  app.use((request, response) => void response.json(request.sso?.person?.id ?? null));
  return await listen(app.listen(0, '127.0.0.1'));
};
const onHono = async (...before: MiddlewareHandler[]) => {
  const app = new Hono<forHono.SsoEnv>();
  for (const one of before) app.use(one);
  app.use(forHono.handOff(double.options({ publicPaths: ['/echo'] })));
  app.post('/echo', async (c) => c.body(await c.req.text()));
  app.all('*', (c) => c.json(c.var.sso.person?.id ?? null));
  return await listen(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }));
};

/** Goes through a page's own sign-in, and says whom the app sees then. */
async function signInByPage(port: number): Promise<unknown> {
  const challenge = await rawRequest(port, '/sso/challenge', fromPage, { method: 'POST' });
  const { nonce } = JSON.parse(challenge.body) as { nonce: string };
  const cookie = (challenge.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
  // the double takes the nonce for the code
  const body = JSON.stringify({ code: nonce, nonce });
  const headers = { ...fromPage, cookie, 'content-type': 'application/json; charset=utf-8' };
  const answer = await rawRequest(port, '/sso/callback', headers, { method: 'POST', body });
  expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('"signed_in":true')]);
  const session = answer.headers['set-cookie']?.find((line) => line.startsWith('__Host-app_session='));
  const page = await rawRequest(port, '/x', { ...navigates, cookie: session?.split(';')[0] });
  return JSON.parse(page.body);
}

/** What an Express 4 parser leaves of a request that it isn't meant for. */
const leavesAnEmptyBody: RequestHandler = (request, _response, next) => {
  request.body = {};
  next();
};
const readsJson: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'POST' && c.req.header('content-type')) await c.req.json();
  await next();
};
const readsText: MiddlewareHandler = async (c, next) => {
  await c.req.text();
  await next();
};

describe('a posted code is read', () => {
  it.each<[string, () => Promise<number>]>([
    ['by Express alone', () => onExpress()],
    ['by Express after a JSON parser', () => onExpress(express.json())],
    ['by Express after a text parser', () => onExpress(express.text({ type: '*/*' }))],
    ['by Express after a parser of bytes', () => onExpress(express.raw({ type: '*/*' }))],
    ['by Express after a parser of something else', () => onExpress(express.urlencoded())],
    ['by Express 4, whose parsers leave an empty body', () => onExpress(leavesAnEmptyBody)],
    ['by Hono alone', () => onHono()],
    ['by Hono after the app has read JSON', () => onHono(readsJson)],
    ['by Hono after the app has read text', () => onHono(readsText)],
  ])('%s', async (_, start) => {
    expect(await signInByPage(await start())).toBe('ann-id');
  });
});

describe('a posted text that is no code', () => {
  const posts = [
    ['/sso/callback', 'application/json', '{"code":'],
    ['/sso/callback', 'application/json', ''],
    ['/sso/backchannel-logout', 'Application/X-WWW-Form-URLEncoded', 'logout_token=x'],
  ] as const;
  it.each<[string, () => Promise<number>]>([
    ['Express', () => onExpress()],
    ['Express after a text parser', () => onExpress(express.text({ type: '*/*' }))],
    ['Hono', () => onHono()],
    ['Hono after the app has read text', () => onHono(readsText)],
  ])('is a bad request, and no crash, for %s', async (_, start) => {
    const port = await start();
    for (const [path, type, body] of posts) {
      const headers = { ...fromPage, 'content-type': type };
      const answer = await rawRequest(port, path, headers, { method: 'POST', body });
      expect([path, body, answer.status]).toEqual([path, body, 400]);
    }
  });
});

describe('a body', () => {
  it.each([
    ['Express', () => onExpress()],
    ['Hono', () => onHono()],
  ])('that is the app’s flows through %s untouched', async (_, start) => {
    const body = 'x'.repeat(300_000);
    const answer = await rawRequest(await start(), '/echo', {}, { method: 'POST', body });
    expect(answer.body).toBe(body);
  });

  it.each([
    ['Express', () => onExpress()],
    ['Hono', () => onHono()],
  ])('for an endpoint of the filter is left at its limit by %s, whatever its length says', async (_, start) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' };
    const body = `logout_token=${'x'.repeat(200_000)}`;
    const port = await start();
    const answer = await rawRequest(port, '/sso/backchannel-logout', headers, { method: 'POST', body });
    expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'invalid_request']);
    expect(double.asked).toEqual([]);
    expect((await rawRequest(port, '/x', navigates)).status).toBe(302);
  });
});

describe('guards', () => {
  it.each([
    [
      'Express',
      async () => {
        const app = express();
        app.use(forExpress.handOff(double.options({ optional: true })));
        app.get('/', forExpress.requireRole('admin'), (_request, response) => void response.send('x'));
        return await listen(app.listen(0, '127.0.0.1'));
      },
    ],
    [
      'Hono',
      async () => {
        const app = new Hono<forHono.SsoEnv>();
        app.use(forHono.handOff(double.options({ optional: true })));
        app.get('/', forHono.requireRole('admin'), (c) => c.text('x'));
        return await listen(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }));
      },
    ],
  ])('of %s send who isn’t there to sign in, with an attempt', async (_, start) => {
    const port = await start();
    const answer = await rawRequest(port, '/?a=1', { ...navigates, cookie: '__Host-app_session=old' });
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toMatch(/^https:\/\/auth\.acme\.com\/authorize\?/);
    const cookies = answer.headers['set-cookie'] ?? [];
    expect(cookies.filter((line) => /^__Host-app_handoff_[\w-]{16}=[\w-]+; /.test(line))).toHaveLength(1);
    expect(cookies).toContainEqual(expect.stringMatching(/^__Host-app_session=; .*Max-Age=0/));
    expect(answer.headers['cache-control']).toBe('no-store');
    const api = await rawRequest(port, '/', { ...fromPage, referer: `${origin}/page` });
    expect(JSON.parse(api.body)).toMatchObject({ login: `${origin}/sso/login?return_to=%2Fpage` });
  });
});
