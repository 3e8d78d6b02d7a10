import { once } from 'node:events';
import { createServer, type RequestListener, type Server, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterEach, expect, it } from 'vitest';
import { createJournal, type Journal } from './journal.ts';
import { observe } from './observe.ts';

const claims = { sub: 'u1', sid: 'S', roles: ['admin'], email: 'ann@acme.test' };
const signature = 'c2lnbmF0dXJlLXRoYXQtbm9ib2R5LXNob3VsZC1zZWU';
const token = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
const domainCookie = `__Secure-sso=${token}; Path=/; Domain=acme.localhost; Max-Age=1800; Secure; HttpOnly; SameSite=Lax`;
const sealed = 'eyJhbGciOiJkaXIifQ..c2VhbGVkLXNlYWxlZC1zZWFsZWQ';
const hostCookie = `__Host-sso=${sealed}; Path=/; Secure; HttpOnly; SameSite=Lax`;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function serve(listener: RequestListener): Promise<{ journal: Journal; origin: string }> {
  const journal = createJournal({ clock: () => 1 });
  const server = createServer(observe(listener, 'auth.acme.localhost', journal));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { journal, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const go = (url: string, init: RequestInit = {}) => fetch(url, { redirect: 'manual', ...init });
/** A step is noted once its answer is out, a moment after the client has it. */
const settled = (journal: Journal, count = 1) =>
  expect.poll(() => journal.steps().length).toBeGreaterThanOrEqual(count);

const listeners: Readonly<Record<string, RequestListener>> = {
  'setHeader and end': (_, response) => {
    response.statusCode = 302;
    response.setHeader('Location', 'http://notes.acme.localhost/?code=123456');
    response.setHeader('Set-Cookie', [domainCookie, hostCookie]);
    response.end();
  },
  'writeHead with an object': (_, response) => {
    response.writeHead(302, {
      location: 'http://notes.acme.localhost/?code=123456',
      'set-cookie': [domainCookie, hostCookie],
    });
    response.end();
  },
  'writeHead with a flat list': (_, response) => {
    response.writeHead(302, 'Found', [
      'Location',
      'http://notes.acme.localhost/?code=123456',
      'Set-Cookie',
      domainCookie,
      'Set-Cookie',
      hostCookie,
    ]);
    response.end();
  },
  'the Fetch API by way of @hono/node-server': getRequestListener(() => {
    const headers = new Headers({ location: 'http://notes.acme.localhost/?code=123456' });
    headers.append('set-cookie', domainCookie);
    headers.append('set-cookie', hostCookie);
    return new Response(null, { status: 302, headers });
  }),
};

it.each(Object.entries(listeners))(
  'sees the redirect, the cookies and the claims of an answer by %s',
  async (_, listener) => {
    const { journal, origin } = await serve(listener);
    const answer = await go(`${origin}/login?state=${'s'.repeat(30)}&password=hunter2`, {
      headers: { cookie: `__Secure-sso=${token}`, authorization: 'Bearer hunter2' },
    });
    expect(answer.status).toBe(302);
    expect(answer.headers.getSetCookie()).toEqual([domainCookie, hostCookie]);
    await settled(journal, 3);

    const [redirect, domain, host] = journal.steps();
    expect(redirect).toMatchObject({
      kind: 'redirect',
      summary: 'GET /login → 302 to notes.acme.localhost/',
      details: {
        status: 302,
        query: { state: 'ssssss…', password: '…' },
        location: 'http://notes.acme.localhost/?code=…',
      },
    });
    expect(domain).toMatchObject({
      kind: 'cookie',
      details: {
        name: '__Secure-sso',
        action: 'set',
        domain: 'acme.localhost',
        maxAge: 1800,
        flags: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'],
        claims: { sub: 'u1', roles: ['admin'], email: 'ann@acme.test' },
      },
    });
    expect(host).toMatchObject({ kind: 'cookie', details: { name: '__Host-sso', domain: null } });
    expect(host?.details).not.toHaveProperty('claims');
    const everything = JSON.stringify(journal.steps());
    for (const secret of [token, signature, sealed, 'hunter2', '123456', 'c2VhbGVk', token.slice(0, 30)])
      expect(everything).not.toContain(secret);
  },
);

it('does not change what an app answers, nor the body that it reads', async () => {
  const { journal, origin } = await serve((request, response) => {
    response.writeHead(201, 'Made', { 'x-own': 'yes' });
    request.pipe(response);
  });
  const answer = await go(`${origin}/x`, { method: 'POST', body: 'password=hunter2' });
  expect([answer.status, answer.statusText, answer.headers.get('x-own')]).toEqual([201, 'Made', 'yes']);
  expect(await answer.text()).toBe('password=hunter2');
  await settled(journal);
  expect(JSON.stringify(journal.steps())).not.toContain('hunter2');
});

it.each([
  ['/favicon.ico', {}],
  ['/style.css', {}],
  ['/healthz', {}],
  ['/.well-known/appspecific/com.chrome.devtools.json', {}],
  ['/pictures/1', { 'sec-fetch-dest': 'image' }],
])('leaves out noise: %s', async (path, headers) => {
  const { journal, origin } = await serve((_, response) => void response.end('ok'));
  await go(origin + path, { headers });
  await go(`${origin}/news`);
  await settled(journal);
  expect(journal.steps().map(({ summary }) => summary)).toEqual(['GET /news → 200']);
});

it('says when a cookie is cleared, and hides the hash in the name of a login attempt', async () => {
  const { journal, origin } = await serve((_, response) => {
    response.setHeader('Set-Cookie', ['__Host-sso_login_AbCdEfGhIjKlMnOp=; Path=/; Max-Age=0; Secure; HttpOnly']);
    response.end();
  });
  await go(origin);
  await settled(journal, 2);
  expect(journal.steps()[1]).toMatchObject({ details: { name: '__Host-sso_login_…', action: 'cleared' } });
});

it.each([
  ['__Host-app_handoff_AbCdEfGhIjKlMnOp', '__Host-app_handoff_…'],
  ['__Host-app_challenge_AbCdEfGhIjKlMnOp', '__Host-app_challenge_…'],
  ['__Host-sso_xs', '__Host-sso_xs'],
  ['__Host-sso_mon', '__Host-sso_mon'],
])('shows of a cookie of the hand-off its name and attributes alone: %s', async (name, shown) => {
  const { journal, origin } = await serve((_, response) => {
    response.setHeader('Set-Cookie', [`${name}=${sealed}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned`]);
    response.end();
  });
  await go(origin);
  await settled(journal, 2);
  expect(journal.steps()[1]).toMatchObject({
    details: { name: shown, flags: expect.arrayContaining(['Partitioned']) },
  });
  expect(JSON.stringify(journal.steps())).not.toMatch(/AbCdEf|c2VhbGVk/);
});

it.each([
  ['a frame', { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' }, 'frame'],
  ['FedCM', { 'sec-fetch-dest': 'webidentity', 'sec-fetch-mode': 'no-cors' }, 'fedcm'],
  ['a person', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }, 'navigation'],
  ['a script', { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }, 'page'],
])('tells who asks: %s', async (_, headers, by) => {
  const { journal, origin } = await serve((_, response) => void response.end());
  const request = send(origin, { headers: { 'user-agent': 'Mozilla/5.0', ...headers } });
  request.end();
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  await settled(journal);
  expect(journal.steps()[0]?.details.by).toBe(by);
});

it('takes what a page asks again and again as one', async () => {
  const { journal, origin } = await serve((_, response) => void response.end());
  for (const path of ['/sso/session', '/frame/check', '/sso/session', '/frame/check']) await go(origin + path);
  await expect.poll(() => journal.steps().map(({ details }) => details.times)).toEqual([2, 2]);
});

it('notes an answer that is broken off', async () => {
  const { journal, origin } = await serve((request) => void request.socket.destroy());
  await go(origin).catch(() => undefined);
  await settled(journal);
  expect(journal.steps()[0]?.summary).toBe('GET / → broken off');
});

it('shows nothing that a request target hides, however odd', async () => {
  const { journal, origin } = await serve((_, response) => void response.end());
  const targets = [
    `/${token}`,
    `/?${token}`,
    `/a?x=%zz&token=${token}`,
    `/?return_to=${encodeURIComponent(`http://x/?code=${token}`)}`,
    '//evil/?a',
    '/%00',
    '*',
  ];
  for (const path of targets) {
    const request = send(origin, { path, method: path === '*' ? 'OPTIONS' : 'GET' });
    request.end();
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
  }
  await settled(journal, targets.length);
  expect(JSON.stringify(journal.steps())).not.toContain(signature.slice(0, 12));
});

it('tells of page loads alone where it is told to, and of nothing that was asked meanwhile', async () => {
  const journal = createJournal({ clock: () => 1 });
  const listener: RequestListener = (_, response) => {
    journal.recordWithin({ kind: 'edge', host: 'edge', summary: 'within' });
    response.end('fine');
  };
  const server = createServer(observe(listener, 'docs.acme.localhost', journal, 'page-loads'));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const load = (path: string, headers: Record<string, string>) =>
    new Promise<void>((resolve) => {
      const options = { port, path, headers: { 'user-agent': 'Mozilla/5.0', ...headers } };
      send(options, (response) => response.resume().once('end', resolve)).end();
    });
  await load('/live', { accept: 'text/event-stream', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' });
  await load('/api/me', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' });
  await load('/page', { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' });
  await settled(journal, 2);
  expect(journal.steps().map(({ summary }) => summary)).toEqual(['within', 'GET /page → 200']);
});
