import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createGatewayServer } from './server.ts';

const server = createGatewayServer((_, response) => response.end('fine'));

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function listening(): Promise<void> {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
}

function port(): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function ask(request: string): Promise<string> {
  await listening();
  const socket = connect(port(), '127.0.0.1');
  socket.end(request);
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
  return answer;
}

it.each([
  [
    'headers within the limit',
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: ${'a'.repeat(20_000)}\r\n\r\n`,
    /^HTTP\/1\.1 200 [\s\S]*fine/,
  ],
  [
    'too many cookies, which are cleared',
    `GET / HTTP/1.1\r\nHost: a\r\nCookie: ${'a'.repeat(40_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 [\s\S]*Clear-Site-Data: "cookies"/,
  ],
  [
    'more than one header of cookies, which are cleared',
    `GET / HTTP/1.1\r\nHost: a\r\n${`Cookie: ${'a'.repeat(10_000)}\r\n`.repeat(4)}\r\n`,
    /^HTTP\/1\.1 431 [\s\S]*Clear-Site-Data: "cookies"/,
  ],
  ['no HTTP at all', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
])('%s', async (_, request, answer) => {
  expect(await ask(request)).toMatch(answer);
});

describe('a link that somebody made too long on purpose', () => {
  it.each([
    ['alone', `GET /?${'a'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\nCookie: b=1\r\n\r\n`],
    [
      'with cookies just within the limit',
      `GET /?${'a'.repeat(9000)} HTTP/1.1\r\nCookie: ${'b'.repeat(30_000)}\r\n\r\n`,
    ],
    ['that says it is short', `GET /?${'a'.repeat(40_000)}\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`],
  ])('signs nobody out: %s', async (_, request) => {
    const answer = await ask(request);
    expect(answer).toMatch(/^HTTP\/1\.1 4(?:31|00) /);
    expect(answer).not.toMatch(/clear-site-data/i);
  });

  it('signs nobody out, in however many packets it comes', async () => {
    await listening();
    const socket = connect(port(), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.write(`GET /?${'a'.repeat(20_000)}`);
    await once(server, 'connection');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(`${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).not.toMatch(/clear-site-data/i);
    socket.destroy();
  });
});

describe('in front of apps, a body that never ends', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['to the gateway', 'GET', '/own'],
    ['to the gateway', 'POST', '/own'],
    ['to an app', 'GET', '/app'],
    ['to an app', 'POST', '/app'],
  ])('%s, of %s, holds a connection for half a minute after the answer', async (_, method, path) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const front = createGatewayServer((_, response) => response.end('fine'), {
      isProxied: (_, target) => target === '/app',
      upgrade: () => {},
    });
    await once(front.listen(0, '127.0.0.1'), 'listening');
    const address = front.address();
    const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
    const state = { answer: '', closed: false };
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        state.answer += chunk;
      })
      .once('close', () => {
        state.closed = true;
      })
      .on('error', () => {});
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf`);
    await expect.poll(() => state.answer).toContain('fine');
    socket.write('more');
    vi.advanceTimersByTime(29_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.closed).toBe(false);
    vi.advanceTimersByTime(1000);
    await expect.poll(() => state.closed).toBe(true);
    front.close();
  });
});
