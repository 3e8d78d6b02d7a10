import { createServer, type Server } from 'node:http';
import { createServer as createRawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../suite/exchange.ts';
import { freePort, handOn, installed, installedFile, startServer } from './server.testing.ts';

describe('a program that is not there', () => {
  const says = /apt-get install one two$/;
  it('is asked for by its package', () => {
    expect(() => installed('no-such-program', ['one', 'two'])).toThrow(says);
    expect(() => installedFile('/no/such/module.so', ['one', 'two'])).toThrow(says);
    expect(installed('sh', [])).toMatch(/\/sh$/);
  });
});

describe('a server in the foreground', () => {
  const listen = (port: number) =>
    `require('http').createServer((_, answer) => answer.end('here')).listen(${port}, '127.0.0.1')`;

  it('is waited for, and gone after its end', async () => {
    const port = await freePort();
    const server = await startServer(process.execPath, ['-e', listen(port)], { port, cwd: tmpdir() });
    const url = `http://127.0.0.1:${server.port}/`;
    expect((await ask(url)).body).toBe('here');
    await server.stop();
    await expect(ask(url)).rejects.toThrow();
  });

  it('that ends at once says why', async () => {
    const port = await freePort();
    const starting = startServer('/bin/sh', ['-c', 'echo a bad line; exit 3'], {
      port,
      cwd: tmpdir(),
      log: () => 'and its log',
    });
    await expect(starting).rejects.toThrow('/bin/sh ended with 3: a bad line\n\nand its log');
  });
});

describe('a request that is handed on', () => {
  let front: Server | undefined;
  afterEach(() => {
    front?.closeAllConnections();
    front?.close();
  });
  const through = async (port: number): Promise<string> => {
    front = createServer(handOn(port));
    const own = await freePort();
    await new Promise<void>((resolve) => front?.listen(own, '127.0.0.1', resolve));
    return `http://127.0.0.1:${own}`;
  };

  it('comes with its Host, and its answer as it is', async () => {
    const back = createServer((request, answer) => {
      answer.writeHead(
        201,
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ].flat(),
      );
      answer.end(`${request.method} ${request.url} ${request.headers.host}`);
    });
    await new Promise<void>((resolve) => back.listen(0, '127.0.0.1', resolve));
    const address = back.address();
    const at = await through(typeof address === 'object' ? (address?.port ?? 0) : 0);
    const answer = await ask(`${at}/x?y`, { method: 'POST', headers: { host: 'app.test' }, body: 'z' });
    back.closeAllConnections();
    back.close();
    expect([answer.status, answer.body, answer.cookies]).toEqual([201, 'POST /x?y app.test', ['a=1', 'b=2']]);
  });

  it('ends with a whole answer, whatever comes after it', async () => {
    const port = await freePort();
    const back = createRawServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok<p>and an error page</p>'));
    });
    await new Promise<void>((resolve) => back.listen(port, '127.0.0.1', resolve));
    expect((await ask(await through(port))).body).toBe('ok');
    back.close();
  });

  it('is answered 502 where nobody listens', async () => {
    expect((await ask(await through(await freePort()))).status).toBe(502);
  });
});
