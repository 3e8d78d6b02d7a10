import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterEach, describe, expect, it } from 'vitest';
import { freshDatabase } from './postgres.testing.ts';
import { startPostgres } from './postgres.ts';
import { findBinaries } from './postgres-binaries.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(mode = 0o755): string {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'crossgate-test-'));
  fs.chmodSync(parent, mode);
  cleanups.push(() => fs.rmSync(parent, { recursive: true, force: true }));
  return path.join(parent, 'pg');
}

async function start(dir?: string) {
  const server = await startPostgres(dir === undefined ? {} : { dir });
  cleanups.push(() => server.stop());
  return server;
}

async function run<Row>(url: string, statement: string): Promise<Row[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 5 });
  try {
    return [...(await sql.unsafe(statement))] as Row[];
  } finally {
    await sql.end();
  }
}

/** Processes that hold the folder as their working directory or name it on their command line. */
function processesOf(dir: string): string[] {
  return fs.readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      if (fs.readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) return false;
      return fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false; // gone since the listing
    }
  });
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(25);
  expect(holds()).toBe(true);
}

describe('a server with a folder of its own', () => {
  it.each([
    ['open to all', 0o755],
    ['below a folder that is closed to everyone else', 0o700],
  ])('keeps data across restarts: %s', async (_, mode) => {
    const dir = folder(mode);
    const first = await start(dir);
    await run(first.url, 'create table kept (word text); insert into kept values ($$still here$$)');
    await first.stop();
    const second = await start(dir);
    expect(await run(second.url, 'select word from kept')).toEqual([{ word: 'still here' }]);
  });

  it('leaves no process behind once stopped', async () => {
    const dir = folder();
    const server = await start(dir);
    await run(server.url, 'select 1');
    expect(processesOf(dir).length).toBeGreaterThan(0);
    await server.stop();
    expect(processesOf(dir)).toEqual([]);
  });

  it('is refused while another server holds the folder', async () => {
    const dir = folder();
    await start(dir);
    await expect(startPostgres({ dir })).rejects.toThrow(/already running/);
  }, 15_000);

  it.each([
    ['a process that is gone', '4194303'],
    ['a live process that is no server', `${process.pid}`],
    ['nothing readable', 'garbage'],
  ])('starts over a postmaster.pid that names %s', async (_, pid) => {
    const dir = folder();
    const first = await start(dir);
    await first.stop();
    fs.writeFileSync(path.join(dir, 'data/postmaster.pid'), `${pid}\n/somewhere\n1\n5432\n\n127.0.0.1\n`);
    const second = await start(dir);
    expect(await run(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('makes a cluster once when two processes start at the same time', async () => {
    const dir = folder();
    const outcomes = await Promise.allSettled([startPostgres({ dir }), startPostgres({ dir })]);
    const up = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    for (const server of up) cleanups.push(() => server.stop());
    expect(up).toHaveLength(1);
  }, 15_000);
});

describe('a temporary server', () => {
  it('removes its folder on stop', async () => {
    const server = await start();
    expect(fs.existsSync(server.dir)).toBe(true);
    await server.stop();
    expect(fs.existsSync(server.dir)).toBe(false);
  });
});

describe('strangers', () => {
  it.each([
    [
      'a wrong password',
      (url: URL) => {
        url.password = 'guess';
      },
    ],
    [
      'no password',
      (url: URL) => {
        url.password = '';
      },
    ],
  ])('are kept out: %s', async (_, change) => {
    const server = await start();
    const url = new URL(server.url);
    change(url);
    await expect(run(url.href, 'select 1')).rejects.toThrow(/password/i);
  });

  it('cannot read the password', async () => {
    const server = await start();
    expect(fs.statSync(path.join(server.dir, 'password')).mode & 0o777).toBe(0o600);
  });

  it('find it on no other address and no socket', async () => {
    const server = await start();
    const rows = await run<{ name: string; setting: string }>(
      server.url,
      "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories') order by 1",
    );
    expect(rows.map((row) => row.setting)).toEqual(['127.0.0.1', '']);
  });
});

describe('a parent that dies', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('by %s takes the server along', async (signal) => {
    const dir = folder();
    const module = fileURLToPath(new URL('./postgres.ts', import.meta.url));
    const script = `const { startPostgres } = await import(${JSON.stringify(module)});
      const { url } = await startPostgres({ dir: ${JSON.stringify(dir)} }); console.log(url); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(() => parent.kill('SIGKILL'));
    const [url] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    await run(url, 'create table kept as select 1 as one');
    parent.kill(signal);
    await until(() => processesOf(dir).length === 0);
    const next = await start(dir);
    expect(await run(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
  });
});

describe('a machine that it cannot run on', () => {
  it.each([
    ['linux', 's390x'],
    ['win32', 'x64'],
  ] as const)('%s %s is told to give DATABASE_URL, in one line', (platform, arch) => {
    expect(() => findBinaries(platform, arch)).toThrow(/^There is no PostgreSQL server .* set DATABASE_URL .*\.$/);
  });

  it('says which port is taken', async () => {
    const server = await start();
    await expect(startPostgres({ port: Number(new URL(server.url).port) })).rejects.toThrow(/Address already in use/);
  });
});

describe('a fresh database', () => {
  it('is empty, its own, and gone after drop', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    await run(one.url, 'create table only_here ()');
    expect(await run(two.url, "select to_regclass('only_here') as found")).toEqual([{ found: null }]);
    await Promise.all([one.drop(), two.drop()]);
    await expect(run(one.url, 'select 1')).rejects.toThrow(/does not exist/);
  });
});
