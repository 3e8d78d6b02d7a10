import { spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import type { Account, Binaries } from './postgres-binaries.ts';

/** The superuser of every cluster that is made here. */
export const superuser = 'crossgate';

/** A folder of ours with a database cluster in `data` and the superuser's password in `password` (mode 600). */
export type Cluster = {
  readonly password: string;
  /** The cluster's folder as a child process has to name it: see {@link openCluster}. */
  readonly dataForChild: string;
  /** Descriptor of the folder; a child process gets it as its descriptor 3. */
  readonly fd: number;
};

/**
 * Opens the cluster in a folder, making it if there is none.
 *
 * A root process runs the server as somebody else, to whom the folder's parents may be closed (`/root`, say). On Linux
 * the child then reaches the folder through the descriptor it inherits, so the data stay where they were asked for.
 *
 * @throws Error where a live server holds the cluster, or `initdb` fails.
 */
export async function openCluster(dir: string, binaries: Binaries): Promise<Cluster> {
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const password = passwordOf(dir);
  give(dir, binaries.account);
  const fd = fs.openSync(dir, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    const root = rootForChild(dir, binaries.account);
    if (!fs.existsSync(path.join(dir, 'data'))) initialise(dir, fd, root, binaries, password);
    await releaseStaleLock(path.join(dir, 'data'));
    return { password, dataForChild: `${root}/data`, fd };
  } catch (cause) {
    fs.closeSync(fd);
    throw cause;
  }
}

function passwordOf(dir: string): string {
  const file = path.join(dir, 'password');
  try {
    fs.writeFileSync(file, randomBytes(24).toString('base64url'), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
  return fs.readFileSync(file, 'utf8');
}

/** Hands the folder and the cluster in it to the account, unless they are its already. */
function give(dir: string, { uid, gid }: Account): void {
  if (uid === undefined || gid === undefined) return;
  fs.chownSync(dir, uid, gid);
  const data = path.join(dir, 'data');
  if (!fs.existsSync(data) || fs.statSync(data).uid === uid) return;
  fs.chownSync(data, uid, gid);
  for (const name of fs.readdirSync(data, { recursive: true, encoding: 'utf8' })) {
    fs.lchownSync(path.join(data, name), uid, gid);
  }
}

function rootForChild(dir: string, account: Account): string {
  if (account.uid === undefined) return dir;
  const reaches = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', dir], { ...account, cwd: '/', stdio: 'ignore' });
  return reaches.status === 0 || process.platform !== 'linux' ? dir : '/proc/self/fd/3';
}

/** Makes the cluster under a name of its own and renames it: a start that is killed half-way leaves none behind. */
function initialise(dir: string, fd: number, root: string, { bin, account }: Binaries, password: string): void {
  const draft = `data.${randomUUID()}`;
  const secret = path.join(dir, `${draft}.password`);
  fs.writeFileSync(secret, password, { mode: 0o600 });
  give600(secret, account);
  try {
    const made = spawnSync(
      path.join(bin, 'initdb'),
      [
        `--pgdata=${root}/${draft}`,
        `--username=${superuser}`,
        `--pwfile=${root}/${draft}.password`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '--no-instructions',
        // The password has 192 random bits: hashing it many times would only make every connection slower.
        '--set=scram_iterations=1',
      ],
      { ...account, env: serverEnvironment(), cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', fd] },
    );
    if (made.status !== 0) {
      fs.rmSync(path.join(dir, draft), { recursive: true, force: true });
      throw new Error(`initdb failed: ${made.error?.message ?? made.stderr.trim()}`);
    }
  } finally {
    fs.rmSync(secret, { force: true });
  }
  try {
    fs.renameSync(path.join(dir, draft), path.join(dir, 'data'));
  } catch (cause) {
    fs.rmSync(path.join(dir, draft), { recursive: true, force: true });
    if (!fs.existsSync(path.join(dir, 'data'))) throw cause;
  }
}

function give600(file: string, { uid, gid }: Account): void {
  if (uid !== undefined && gid !== undefined) fs.chownSync(file, uid, gid);
}

/** Nothing of ours reaches the server: `PGDATA`, `PGPORT` and their like would change what it does. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * Removes a `postmaster.pid` whose process is gone or has become another program. PostgreSQL sees to the first case
 * itself, but takes any live process of the same account for a server, and small containers reuse process ids.
 */
async function releaseStaleLock(data: string, patience: Milliseconds = 5_000): Promise<void> {
  const file = path.join(data, 'postmaster.pid');
  const until = performance.now() + patience;
  while (fs.existsSync(file)) {
    const pid = Number.parseInt(fs.readFileSync(file, 'utf8'), 10);
    if (!(pid > 0) || !isServerOf(pid, data)) {
      fs.rmSync(file, { force: true });
      return;
    }
    // The last parent may have been killed a moment ago, and its server is still on its way out.
    if (performance.now() > until) throw new Error(`PostgreSQL process ${pid} is already running on ${data}.`);
    await sleep(50);
  }
}

function isServerOf(pid: number, data: string): boolean {
  if (process.platform === 'linux') {
    try {
      return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(data);
    } catch {
      return false; // no such process, or one that is not ours to look at: then it's no server of ours either
    }
  }
  const found = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return found.status === 0 && found.stdout.includes('postgres');
}
