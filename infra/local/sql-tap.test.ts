import { once } from 'node:events';
import net from 'node:net';
import { expect, it } from 'vitest';
import { startSqlTap } from './sql-tap.ts';

it.each([
  ['encrypted', 'postgres://u:p@127.0.0.1:5432/db?sslmode=verify-full', /TLS.*verify-full/],
  ['encrypted, said the other way', 'postgres://u:p@127.0.0.1:5432/db?ssl=true', /TLS/],
  ['a socket in the file system', 'postgres:///db', /Unix socket/],
])('a connection that cannot be watched is refused: %s', async (_, url, says) => {
  await expect(startSqlTap(url)).rejects.toThrow(says);
});

it('a database that is not there looks like one that is not there', async () => {
  const tap = await startSqlTap('postgres://u:p@127.0.0.1:1/db');
  const client = net.connect(Number(new URL(tap.url).port), '127.0.0.1');
  await once(client, 'close');
  expect(tap.take()).toEqual([]);
  await tap.stop();
});

it('what waits for an answer is cut off when it stops, and nobody gets in any more', async () => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as net.AddressInfo;
  const tap = await startSqlTap(`postgres://u:p@127.0.0.1:${port}/db`);
  const at = Number(new URL(tap.url).port);
  const client = net.connect(at, '127.0.0.1');
  await once(client, 'connect');
  const closed = once(client, 'close');
  await tap.stop();
  await closed;
  await expect(once(net.connect(at, '127.0.0.1'), 'connect')).rejects.toThrow(/ECONNREFUSED/);
  silent.close();
});
