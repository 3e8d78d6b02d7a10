import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type BoundProcess, spawnBound } from './bound-process.ts';
import { findBinaries } from './postgres-binaries.ts';
import { openCluster, serverEnvironment, superuser } from './postgres-cluster.ts';

/** A running PostgreSQL server. */
export type Postgres = {
  /** Connection string of the superuser and the database `postgres`, password included. */
  readonly url: string;
  /** The folder with the data. */
  readonly dir: string;
  /** Shuts the server down, and removes the folder if it was a temporary one. Resolves once no process is left. */
  stop(): Promise<void>;
};

/** Where and how a server starts. Everything has a default. */
export type PostgresOptions = {
  /** Folder for the data, kept across starts. Absent: a temporary one, removed by `stop()`. */
  readonly dir?: string;
  /** Absent: a free one. */
  readonly port?: number;
  /** Gets each line of the server's own log. */
  readonly log?: (line: string) => void;
};

/**
 * A development server: quick, because what it has written survives the end of any process but not of the machine.
 * Features that nobody needs here are off, which saves a process each.
 */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  io_method: 'sync',
  jit: 'off',
};

/**
 * Starts the PostgreSQL server that came with `npm install`: on 127.0.0.1 only, with a random password, and bound to the
 * life of this process. Works as root too, by running the server under another account.
 *
 * @throws Error in one line where the platform has no binaries, another server holds `dir`, or the port is taken.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const binaries = findBinaries();
  const dir = path.resolve(options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'crossgate-pg-')));
  const forget = () => {
    if (options.dir === undefined) fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    for (let attempt = 1; ; attempt++) {
      const cluster = await openCluster(dir, binaries);
      const port = options.port ?? (await freePort());
      const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const server = spawnBound(
        path.join(binaries.bin, 'postgres'),
        ['-D', cluster.dataForChild, '-p', `${port}`, ...flags],
        {
          orderly: 'INT',
          abrupt: 'QUIT',
          env: serverEnvironment(),
          cwd: '/',
          account: binaries.account,
          inherit: cluster.fd,
        },
      );
      fs.closeSync(cluster.fd);
      const failure = await started(server, options.log);
      if (failure === undefined) {
        const url = `postgres://${superuser}:${cluster.password}@127.0.0.1:${port}/postgres`;
        return { url, dir, stop: () => server.stop().then(forget) };
      }
      const portTaken = failure.includes('Address already in use');
      if (!portTaken || options.port !== undefined || attempt === 5) throw new Error(`PostgreSQL: ${failure}`);
    }
  } catch (cause) {
    forget();
    throw cause;
  }
}

/** Resolves with what went wrong, or with nothing once the server takes connections. */
async function started(server: BoundProcess, log: PostgresOptions['log']): Promise<string | undefined> {
  const said: string[] = [];
  let ready = false;
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: server.output });
    lines.on('line', (line) => {
      log?.(line);
      if (ready) return;
      said.push(line);
      ready = line.includes('ready to accept connections');
      if (ready) resolve(undefined);
    });
    lines.once('close', () => {
      const causes = said.filter((line) => /FATAL|ERROR|could not/.test(line));
      resolve((causes.length > 0 ? causes : said).join(' '));
    });
    server.exit.catch(reject);
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
