import { accessSync, constants } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import { spawnBound } from '../local/bound-process.ts';

/** A web server that nobody here wrote, on a port of 127.0.0.1, which can't outlive this process. */
export type ForeignServer = {
  readonly port: number;
  stop(): Promise<void>;
};

export type ForeignServerOptions = {
  readonly port: number;
  readonly cwd: string;
  /** What it has to say of its own failure, beside its output. */
  readonly log?: () => string;
};

const patience: Milliseconds = 10_000;

/**
 * The path of an installed program.
 *
 * @param packages Debian packages that bring it.
 * @throws Error that says what to install.
 */
export function installed(program: string, packages: readonly string[]): string {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'].filter(Boolean);
  const found = places.map((place) => path.join(place, program)).find((file) => isThere(file, constants.X_OK));
  if (found === undefined) throw missing(program, packages);
  return found;
}

/** Makes sure of a file that comes with a package, as {@link installed} does of a program. */
export function installedFile(file: string, packages: readonly string[]): string {
  if (!isThere(file, constants.R_OK)) throw missing(file, packages);
  return file;
}

function isThere(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    // absent, or not for us: the caller says so
    return false;
  }
}

const missing = (what: string, packages: readonly string[]): Error =>
  new Error(`${what} is not on this machine. Install it: apt-get install ${packages.join(' ')}`);

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a server that stays in the foreground, in one process, and waits until it listens.
 *
 * @throws Error with what it said, where it ends or stays silent.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  { port, cwd, log = () => '' }: ForeignServerOptions,
): Promise<ForeignServer> {
  const env = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const child = spawnBound(command, args, { orderly: 'INT', abrupt: 'KILL', env, cwd });
  let said = '';
  child.output.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-10_000);
  });
  let ended: number | undefined;
  child.exit.then(
    (code) => {
      ended = code;
    },
    () => {
      ended = -1;
    },
  );
  const until = performance.now() + patience;
  while (!(await listens(port))) {
    if (ended === undefined && performance.now() < until) {
      await sleep(20);
      continue;
    }
    await child.kill();
    const how = ended === undefined ? 'does not listen' : `ended with ${ended}`;
    throw new Error(`${command} ${how}: ${[said, log()].join('\n').trim()}`);
  }
  return { port, stop: () => child.stop() };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/**
 * Hands requests on to a server of this machine, `Host` and all, as a load balancer in front of it does. Whatever comes
 * after a whole answer is dropped, as browsers drop it.
 */
export const handOn =
  (port: number): RequestListener =>
  (incoming, outgoing) => {
    const { method, url, rawHeaders } = incoming;
    let answer: IncomingMessage | undefined;
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers: rawHeaders }, (message) => {
      answer = message;
      outgoing.writeHead(message.statusCode ?? 502, message.rawHeaders);
      message.pipe(outgoing);
    });
    onward.on('error', (error) => {
      if (!answer) outgoing.writeHead(502).end(String(error));
      else if (!answer.complete) outgoing.destroy(error);
    });
    incoming.pipe(onward);
  };
