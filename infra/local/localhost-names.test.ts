import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: http.Server;
let port: number;

beforeAll(async () => {
  server = http.createServer((request, response) => response.end(request.headers.host)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

/** Runs a script in a process of its own, with the patch loaded as the local world loads it. */
async function run(script: string): Promise<string> {
  const patch = new URL('./localhost-names.ts', import.meta.url).href;
  const args = ['--import', patch, '--input-type=module', '-e', `console.log(await (async () => { ${script} })())`];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.trim();
}

describe('a name below localhost', () => {
  it.each([
    ['fetch', (host: string) => `return (await fetch('http://${host}:${port}/')).text()`],
    [
      'node:http',
      (host: string) =>
        `const http = await import('node:http'); return new Promise((done) => http.get('http://${host}:${port}/', (r) => r.setEncoding('utf8').on('data', done)))`,
    ],
    [
      'a named import of node:http',
      (host: string) =>
        `const { get } = await import('node:http'); return new Promise((done) => get('http://${host}:${port}/', (r) => r.setEncoding('utf8').on('data', done)))`,
    ],
  ])('is reached by %s, which sends it as Host', async (_, script) => {
    expect(await run(script('auth.acme.localhost'))).toBe(`auth.acme.localhost:${port}`);
  });

  it.each([
    [
      'one',
      `const { lookup } = await import('node:dns'); return new Promise((done) => lookup('x.localhost', (e, a, f) => done(a + ' ' + f)))`,
      '127.0.0.1 4',
    ],
    [
      'all',
      `const { lookup } = await import('node:dns'); return new Promise((done) => lookup('X.Localhost', { all: true }, (e, a) => done(JSON.stringify(a))))`,
      '[{"address":"127.0.0.1","family":4}]',
    ],
    [
      'a promise',
      `const { lookup } = await import('node:dns/promises'); return (await lookup('x.localhost.')).address`,
      '127.0.0.1',
    ],
  ])('is looked up: %s', async (_, script, expected) => {
    expect(await run(script)).toBe(expected);
  });
});

describe('any other name', () => {
  it.each(['notlocalhost', 'localhost.example.invalid', 'x.localhost.invalid'])(
    '%s is left to the system',
    async (name) => {
      const script = `const { lookup } = await import('node:dns/promises'); return lookup('${name}').then((a) => a.address, (e) => e.code)`;
      expect(await run(script)).toMatch(/^E/);
    },
  );
});
