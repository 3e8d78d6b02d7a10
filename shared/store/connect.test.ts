import { once } from 'node:events';
import net from 'node:net';
import { expect, it } from 'vitest';
import { connectDatabase } from './connect.ts';

it('gives up on a server that takes the connection and never says a word', async () => {
  const silent = net.createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as net.AddressInfo;
  const sql = connectDatabase({
    url: `postgres://nobody@127.0.0.1:${port}/none`,
    poolSize: 1,
    connectTimeout: 0.1,
    statementTimeout: 1,
  });
  await expect(sql`select 1`).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
  await sql.end({ timeout: 0 });
  silent.close();
});
