import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../app.ts';
import { ann, domainCookie, openCheckWorld, start } from '../check/check.testing.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A gateway that has nothing but `fetch`, in front of an app. */
async function open(app: RequestListener, settings: object = {}): Promise<Gateway> {
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origins = ['https://notes.acme.test'];
  const upstream = { url: `http://127.0.0.1:${port}`, ...settings };
  const clients = [{ id: 'notes', name: 'Notes', home: 'https://notes.acme.test/', origins, upstream }];
  const { gateway } = await openCheckWorld({ clients });
  const again = createGateway({ ...gateway.parts, fetch });
  await again.feed.poll();
  return again;
}

const asked = (path: string, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  headers.set('cookie', `own=1; __Host-sso=x; ${domainCookie()}`);
  return new Request(`https://notes.acme.test${path}`, { ...init, headers });
};

describe('a gateway that has nothing but fetch', () => {
  it('takes a request on, with who it is and what was asked for', async () => {
    const gateway = await open((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => {
        body += String(chunk);
      });
      incoming.once('end', () => {
        const { method, url, headers } = incoming;
        outgoing
          .writeHead(201, { 'content-type': 'application/json' })
          .end(JSON.stringify({ method, url, headers, body }));
      });
    });
    const init = { method: 'POST', body: 'hello', headers: { 'remote-user': 'root', 'x-forwarded-host': 'evil.test' } };
    const answer = await gateway.fetch(asked('/a%20b?x=1', init), { peer: '203.0.113.9' });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({
      method: 'POST',
      url: '/a%20b?x=1',
      body: 'hello',
      headers: {
        'remote-user': '42',
        cookie: 'own=1',
        'x-forwarded-host': 'notes.acme.test',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '203.0.113.9',
      },
    });
  });

  it('hands an answer back: redirects unfollowed, every cookie but ours, unpacked where it was packed', async () => {
    const gateway = await open((_, outgoing) => {
      const cookies = ['a=1', '__Secure-sso=x; Domain=acme.test', 'b=2'];
      const headers = { location: '/next', 'set-cookie': cookies, 'content-encoding': 'gzip' };
      outgoing.writeHead(302, headers).end(gzipSync('packed'));
    });
    const answer = await gateway.fetch(asked('/'));
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/next');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(await answer.text()).toBe('packed');
  });

  it('begins an answer before it ends', async () => {
    let finish = () => {};
    const gateway = await open((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n');
      finish = () => void outgoing.end();
    });
    const answer = await gateway.fetch(asked('/'));
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe('data: one\n\n');
    finish();
    expect((await reader?.read())?.done).toBe(true);
  });

  it.each([
    ['signs out', { kind: 'session-ended', sid: ann.sid, until: start + 9000 }],
    ['loses a role', { kind: 'permissions-changed', userId: ann.uid, version: 2, until: start + 9000 }],
  ] as const)('tells an event stream nothing more once somebody %s', async (_, news) => {
    let outgoing: ServerResponse | undefined;
    const gateway = await open((_, answer) => {
      outgoing = answer.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write('data: one\n\n');
    });
    const reader = (await gateway.fetch(asked('/'))).body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    gateway.feed.apply(news);
    outgoing?.write('data: secret\n\n');
    expect((await reader?.read())?.done).toBe(true);
    await expect.poll(() => outgoing?.destroyed).toBe(true);
  });

  it.each([
    ['of a slow app', () => {}, {}, 504, 'upstream_slow'],
    ['of an app that hangs up', (socket: { destroy(): void }) => socket.destroy(), {}, 502, 'upstream_unavailable'],
    [
      'a WebSocket',
      () => {},
      { upgrade: 'websocket', origin: 'https://notes.acme.test', 'sec-websocket-version': '13' },
      501,
      'websocket_unsupported',
    ],
    ['nobody', () => {}, { 'x-nobody': '1' }, 401, 'not_signed_in'],
  ] as const)('says what became %s', async (_, act, headers, status, code) => {
    const gateway = await open((incoming) => act(incoming.socket), { timeout: 1 });
    const request = asked('/', { headers: { ...headers } });
    if ('x-nobody' in headers) request.headers.delete('cookie');
    const answer = await gateway.fetch(request);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it.each(['/open/%2e%2e/admin', '/open//admin', '/open%2fadmin'])('refuses %s, as everywhere', async (path) => {
    let reached = '';
    const gateway = await open((incoming, outgoing) => {
      reached = incoming.url ?? '';
      outgoing.end();
    });
    // what the parser has resolved already is judged by what came of it
    const answer = await gateway.fetch(asked(path));
    expect([400, 403]).toContain(answer.status);
    expect(reached).toBe('');
  });
});
