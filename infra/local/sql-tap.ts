import { once } from 'node:events';
import net from 'node:net';
import type { Milliseconds } from '../../shared/clock.ts';
import { createSqlWatch, type SqlStatement } from './sql-watch.ts';

export type { SqlStatement } from './sql-watch.ts';

/** A way to a database on which one can see what passes. */
export type SqlTap = {
  /** The database's URL by way of the tap. */
  readonly url: string;
  /** The statements since the last time, in the order in which they were sent. */
  take(): readonly SqlStatement[];
  /** Closes every connection. */
  stop(): Promise<void>;
};

/**
 * Listens between a program and its Postgres, and passes everything on unchanged: the statements are those that the server
 * gets, whatever the program thinks it sent. Values of parameters are not kept.
 *
 * @throws Error where the URL asks for TLS, through which nothing is to be seen, or for a Unix socket.
 */
export async function startSqlTap(databaseUrl: string): Promise<SqlTap> {
  const url = new URL(databaseUrl);
  const mode = url.searchParams.get('sslmode') ?? url.searchParams.get('ssl') ?? 'disable';
  if (mode !== 'disable' && mode !== 'false') throw new Error(`SQL over TLS can't be watched (sslmode=${mode}).`);
  if (url.hostname === '') throw new Error("SQL over a Unix socket can't be watched: the database URL needs a host.");
  const database = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 5432) };
  const statements: SqlStatement[] = [];
  const sockets = new Set<net.Socket>();
  const now = (): Milliseconds => performance.now();

  const server = net.createServer((client) => {
    const upstream = net.connect(database);
    const watch = createSqlWatch((statement) => statements.push(statement), now);
    for (const [from, to, see] of [
      [client, upstream, watch.fromClient],
      [upstream, client, watch.fromServer],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => {
        see(chunk);
        to.write(chunk);
      });
      from.on('error', () => to.destroy()); // whoever is on the other side sees a connection that breaks, as it did
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    take: () => statements.splice(0),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
