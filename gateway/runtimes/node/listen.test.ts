import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { listen } from './listen.ts';

it('says which address is taken, and by what it is changed', async () => {
  const first = createServer();
  await listen(first, { host: '127.0.0.1', port: 0 });
  const { port } = first.address() as AddressInfo;
  await expect(listen(createServer(), { host: '127.0.0.1', port })).rejects.toThrow(
    `127.0.0.1:${port} is taken by another program. Stop it, or set listen.port to another one (EADDRINUSE).`,
  );
  first.close();
  await once(first, 'close');
});

it('says which address is not this machine’s', async () => {
  await expect(listen(createServer(), { host: '192.0.2.1', port: 0 })).rejects.toThrow(/192\.0\.2\.1:0 is no address/);
});
