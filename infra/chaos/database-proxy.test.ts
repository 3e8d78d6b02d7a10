import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DatabaseProxy, startDatabaseProxy } from './database-proxy.ts';

/** A server that says what it is told, in capitals. */
let server: net.Server;
let proxy: DatabaseProxy;
let client: Socket;
let heard: string;

beforeEach(async () => {
  server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(data.toString().toUpperCase()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startDatabaseProxy(`postgres://ann:secret@127.0.0.1:${(server.address() as AddressInfo).port}/acme`);
  client = await connect();
});
afterEach(async () => {
  client.destroy();
  await proxy.stop();
  server.close();
  await once(server, 'close');
});

async function connect(): Promise<Socket> {
  const socket = net.connect(Number(new URL(proxy.url).port), '127.0.0.1').on('error', () => {});
  heard = '';
  socket.on('data', (data) => {
    heard += data.toString();
  });
  await once(socket, 'connect');
  return socket;
}

it('passes on what both sides say, under the same name and password', async () => {
  expect(proxy.url).toMatch(/^postgres:\/\/ann:secret@127\.0\.0\.1:\d+\/acme$/);
  client.write('hello');
  await expect.poll(() => heard).toBe('HELLO');
});

it('holds everything back while it is stalled, and then passes it on in order', async () => {
  proxy.setFault('stalled');
  client.write('one ');
  await sleep(50);
  client.write('two');
  await sleep(50);
  expect(heard).toBe('');
  proxy.setFault(undefined);
  await expect.poll(() => heard).toBe('ONE TWO');
});

it('delays each part, both ways', async () => {
  proxy.setFault({ delay: 60 });
  const began = performance.now();
  client.write('late');
  await expect.poll(() => heard).toBe('LATE');
  expect(performance.now() - began).toBeGreaterThan(110);
});

it('breaks connections when it is cut, also new ones, until it is mended', async () => {
  const broken = once(client, 'close');
  proxy.setFault('cut');
  await broken;
  const another = await connect();
  await once(another, 'close');
  proxy.setFault(undefined);
  client = await connect();
  client.write('again');
  await expect.poll(() => heard).toBe('AGAIN');
});

it('breaks the connection when the database does', async () => {
  const broken = once(client, 'close');
  client.write('x');
  await expect.poll(() => heard).toBe('X');
  await new Promise<void>((resolve) => {
    server.getConnections((_, count) => {
      expect(count).toBe(1);
      resolve();
    });
  });
  await proxy.stop();
  await broken;
  proxy = await startDatabaseProxy('postgres://127.0.0.1:1/acme');
  client = await connect();
  await once(client, 'close');
});
