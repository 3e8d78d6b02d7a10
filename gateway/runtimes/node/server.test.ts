import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createGatewayServer } from './server.ts';

const server = createGatewayServer((_, response) => response.end('fine'));

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(request: string): Promise<string> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const address = server.address();
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
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
  ['no HTTP at all', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
])('%s', async (_, request, answer) => {
  expect(await ask(request)).toMatch(answer);
});
