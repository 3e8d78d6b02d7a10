import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { bundleWorker, startWorkerd, type Workerd } from './workerd.testing.ts';

/** On Workers what a request began is that request's, and yet others of the same isolate may be waiting for it. */
describe('two requests at once', () => {
  let workerd: Workerd;
  const waiting: ServerResponse[] = [];
  const asked: string[] = [];
  const provider = createServer((incoming, response) => {
    asked.push(incoming.url ?? '');
    waiting.push(response);
  });
  let issuer: string;

  beforeAll(async () => {
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const config = {
      publicUrl: 'http://auth.acme.localhost:4180',
      keys: JSON.stringify(generateKeyFile('ES256')),
      providers: [{ id: 'acme', issuer, clientId: 'crossgate' }],
      // nobody listens
      database: { url: 'postgres://app@127.0.0.1:9/acme', connectTimeout: 1 },
    };
    workerd = await startWorkerd({
      script: await bundleWorker(join(import.meta.dirname, '../../gateway/runtimes/workers/worker.ts')),
      isolates: [{ CROSSGATE_CONFIG: JSON.stringify(config) }],
      durableObject: 'CrossgateStore',
    });
  });
  afterAll(async () => {
    await workerd?.stop();
    provider.closeAllConnections();
    provider.close();
  });

  const path = '/login?return_to=http%3A%2F%2Fauth.acme.localhost%3A4180%2F';
  const headers = { host: 'auth.acme.localhost:4180', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  const port = () => workerd.ports[0] ?? 0;
  const seen = (count: number) => expect.poll(() => asked.length, { timeout: 10_000 }).toBe(count);

  it('have one discovery between them, also where the one that began it hangs up', async () => {
    const first = connect(port(), '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    first.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await seen(1);
    const second = request({ host: '127.0.0.1', port: port(), path, headers }).end();
    const answered = once(second, 'response');
    // it has come as far as to wait: the store, which is down for it too, takes a second
    await new Promise((resolve) => setTimeout(resolve, 1500));
    first.destroy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const discovery = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
    };
    waiting[0]?.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(discovery));
    const [answer] = (await answered) as [import('node:http').IncomingMessage];
    answer.resume();
    expect([answer.statusCode, answer.headers.location]).toEqual([
      302,
      expect.stringContaining(`${issuer}/authorize?`),
    ]);
    expect(asked).toEqual(['/.well-known/openid-configuration']);
  });
});
