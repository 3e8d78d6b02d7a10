import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { configSchema } from '../../shared/config.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresStore } from '../../shared/store/postgres.ts';

/**
 * In front of many databases stands something that accepts connections itself (a pooler, a load balancer, a service mesh)
 * and closes them at once while the database behind is gone.
 */
it('a database behind a proxy that only hangs up is found unavailable within connect and statement timeout', async () => {
  const proxy = createServer((socket) => socket.destroy());
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = `postgres://nobody@127.0.0.1:${(proxy.address() as AddressInfo).port}/nothing`;
  const sql = connectDatabase(configSchema.shape.database.parse({ url, connectTimeout: 1, statementTimeout: 1 }));
  const late = new Promise((resolve) => setTimeout(resolve, 4000, 'no answer'));
  try {
    const outcome = createPostgresStore(sql)
      .ping()
      .catch((error: unknown) => error);
    expect(await Promise.race([outcome, late])).toMatchObject({ code: 'store_unavailable' });
  } finally {
    await sql.end({ timeout: 0 });
    proxy.close();
  }
});
