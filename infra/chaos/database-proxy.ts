import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';

/**
 * What is wrong between a client and the database. `stalled`: connections stand, new ones are taken, and nothing gets
 * through in either direction until it is mended; then all of it does. `cut`: connections break, and new ones too.
 */
export type ProxyFault = 'stalled' | 'cut' | { readonly delay: Milliseconds };

/** Stands between clients and a database on this machine. */
export type DatabaseProxy = {
  /** The database's connection string, by way of the proxy. */
  readonly url: string;
  /** Breaks what is between, or with nothing mends it. */
  setFault(fault: ProxyFault | undefined): void;
  /** Ends all connections; resolves once nothing listens any more. */
  stop(): Promise<void>;
};

/**
 * Starts a TCP proxy on 127.0.0.1 that can be broken. A database that is away is to the client what it is without the
 * proxy: a connection that breaks.
 *
 * @param databaseUrl Of a database on this machine, with its port.
 */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const to = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let fault: ProxyFault | undefined;
  let mended = Promise.withResolvers<void>();
  mended.resolve();

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket));
  };

  /** In order: what comes later never overtakes what is held back. */
  async function forward(from: Socket, into: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        await mended.promise;
        if (typeof fault === 'object') await sleep(fault.delay);
        if (into.destroyed) return;
        if (!into.write(chunk)) await Promise.race([once(into, 'drain'), once(into, 'close')]);
      }
      into.end();
    } catch {
      into.destroy(); // one side broke: so does the other
    }
  }

  const server = net.createServer((client) => {
    track(client).on('error', () => {});
    if (fault === 'cut') return void client.destroy();
    const database = track(net.connect(Number(to.port), '127.0.0.1')).on('error', () => client.destroy());
    void forward(client, database);
    void forward(database, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);

  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    setFault(next) {
      if (fault === 'stalled') mended.resolve();
      fault = next;
      if (next === 'stalled') mended = Promise.withResolvers<void>();
      if (next === 'cut') end();
    },
    async stop() {
      mended.resolve();
      server.close();
      end();
      await once(server, 'close');
    },
  };
}
