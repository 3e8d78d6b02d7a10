import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { asSubject } from '../../shared/identity.ts';
import { awsEnvironment, type Json, openReconciled, type Reconciled } from './reconcile.testing.ts';

let world: Reconciled;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'crossgate-reconcile-'));
});
afterAll(() => rmSync(dir, { recursive: true }));
beforeEach(() => {
  for (const [name, value] of Object.entries(awsEnvironment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.close();
});

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const everything = ['--fix', 'missing-rows,emails,disabled-in-pool,disabled-in-table,orphans'];

/** The command as a process of its own, as cron would run it. */
function start(more: readonly string[], nodeOptions: readonly string[] = []) {
  const child: ChildProcess = spawn(process.execPath, [...nodeOptions, main, ...world.args, '--json', ...more], {
    cwd: dir,
    env: { ...process.env, ...awsEnvironment, ...world.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = once(child, 'close').then(([exit]) => ({ exit: exit as number | null, ...said }));
  return { child, ended };
}

const linesOf = (out: string) =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json);

async function fillPool(count: number) {
  for (let from = 0; from < count; from += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, count - from) }, (_, i) => world.inPool({ email: `p${from + i}@acme.test` })),
    );
  }
}

describe('a run that is killed', () => {
  it('goes on where it was, mends everybody once, and forgets its state in the end', async () => {
    const calls: string[] = [];
    let killAt = Number.POSITIVE_INFINITY;
    let kill = () => {};
    world = await openReconciled({
      throttle: (operation) => {
        if (operation === 'ListUsers' && calls.push(operation) === killAt) kill();
        return false;
      },
    });
    await fillPool(600);
    const orphans = await Promise.all(['x@acme.test', 'y@acme.test'].map((email) => world.inBoth({ email })));
    for (const orphan of orphans) await world.remove(orphan);

    const state = join(dir, 'killed.json');
    const args = [...everything, '--state', state];
    killAt = 6;
    const first = start(args);
    kill = () => first.child.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ exit: null });
    expect([existsSync(state), existsSync(`${state}.seen`)]).toEqual([true, true]);
    const [{ rows: half = 0 } = {}] = await world.sql<
      { rows: number }[]
    >`select count(*)::int as rows from crossgate.users`;
    expect(half).toBeGreaterThanOrEqual(300);
    expect(half).toBeLessThan(602);

    expect(await start([...args, '--grace', '1']).ended, 'other times and paces are the same run').toMatchObject({
      exit: 0,
    });
    expect(calls.length).toBeLessThan(6 + 8 + orphans.length);
    expect([existsSync(state), existsSync(`${state}.seen`)]).toEqual([false, false]);
    const rows = await world.sql`select state, count(*)::int from crossgate.users group by state order by state`;
    expect([...rows]).toEqual([
      { state: 'active', count: 600 },
      { state: 'deleted', count: 2 },
    ]);
    expect(await world.found()).toMatchObject({ exit: 0, differences: [] });
  });

  it('is no run with other options, and begins anew where the pool has forgotten the page', async () => {
    let asked = 0;
    let kill = () => {};
    world = await openReconciled({
      throttle: (operation) => {
        if (operation === 'ListUsers' && ++asked === 3) kill();
        return false;
      },
    });
    await fillPool(200);
    const state = join(dir, 'old.json');
    const first = start(['--state', state]);
    kill = () => first.child.kill('SIGKILL');
    await first.ended;
    expect(await world.run('--state', state, ...everything)).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/belongs to a run with other options/),
    });
    world.server.pass(3600);
    const { exit, summary, err } = await world.found('--state', state);
    expect({ exit, err }).toMatchObject({ exit: 4, err: expect.stringContaining('beginning anew') });
    expect(summary).toMatchObject({ pool: 200, differences: { 'missing-rows': { found: 200 } } });
  });
});

describe('a pool', () => {
  it('that says it is asked too much is asked more slowly', async () => {
    let refusals = 5;
    world = await openReconciled({ throttle: (operation) => operation === 'ListUsers' && refusals-- > 0 });
    await world.inPool({ email: 'ann@acme.test' });
    expect(await world.found(...everything)).toMatchObject({ exit: 0, summary: { pool: 1 } });
    expect(refusals).toBeLessThan(0);
  });

  it('is asked no more often than --limit-rate says', async () => {
    world = await openReconciled();
    await fillPool(120);
    await world.found(...everything);
    const began = performance.now();
    await world.found('--limit-rate', '5');
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  it('of 5,000 people is compared and mended in little memory, with progress for who asks', async () => {
    const seed = Array.from({ length: 5_000 }, (_, i) => {
      const name = `p${i}`;
      return { sub: `sub-${i}`, username: name, email: `${name}@acme.test`, name: `P 🦊 ${i}`, password: 'x' };
    });
    world = await openReconciled({ seed });
    await world.sql`insert into crossgate.users (id, provider, subject, email)
      select gen_random_uuid(), 'cognito', 'sub-' || i, 'p' || i || '@acme.test' from generate_series(0, 4899) as i`;
    const small = ['--max-old-space-size=48', '--max-semi-space-size=1'];
    const paced = ['--progress', '--limit-rate', '30'];
    const first = await start([...everything, ...paced], small).ended;
    expect(first).toMatchObject({ exit: 0, err: expect.stringMatching(/^pool: \d+ people, page \d+, \d+ a second/m) });
    expect(linesOf(first.out)).toHaveLength(101);
    expect(linesOf(first.out).at(-1)).toMatchObject({ pool: 5_000, rows: 5_000 });
    const second = await start([], small).ended;
    expect(second).toMatchObject({ exit: 0, err: '' });
  }, 60_000);
});

it('without the AWS SDK it says what to install, in one line', async () => {
  world = await openReconciled();
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => {
      if (name.startsWith('@aws-sdk/')) throw Object.assign(new Error('gone'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    } });`;
  const { ended } = start([], ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]);
  expect(await ended).toEqual({
    exit: 1,
    out: '',
    err: 'crossgate reconcile needs the AWS SDK: npm install @aws-sdk/client-cognito-identity-provider\n',
  });
});

describe('people who come and go meanwhile', () => {
  it('are neither reported nor mended wrongly', async () => {
    let listed = () => {};
    world = await openReconciled({
      throttle: (operation) => {
        if (operation === 'ListUsers') listed();
        return false;
      },
    });
    await fillPool(300);
    await world.found(...everything);
    const busy: Promise<unknown>[] = [];
    let comers = 0;
    // at each page somebody signs up, row and all, and somebody else is disabled on both sides
    listed = () => {
      const email = `comer${comers++}@acme.test`;
      busy.push(
        (async () => {
          const sub = await world.inBoth({ email, name: '🏃' });
          const row = (await world.directory.among('cognito', [asSubject(sub)]))[0];
          world.server.pool.disable(sub);
          if (row) await world.directory.amend(row, { state: 'disabled' });
        })(),
      );
    };
    const { exit, differences } = await world.found(...everything, '--grace', '1m', '--limit-rate', '50');
    await Promise.all(busy);
    expect(comers).toBeGreaterThan(4);
    expect({ exit, differences }).toEqual({ exit: 0, differences: [] });
    expect(await world.sql`select from crossgate.users`).toHaveLength(300 + comers);
  });

  it('are read again before anything is done: who was mended in between is no difference', async () => {
    let mendNow = async () => {};
    const pending: Promise<void>[] = [];
    world = await openReconciled({
      // refused once, so that the second look comes well after the change
      throttle: (operation) => operation === 'AdminGetUser' && pending.push(mendNow()) === 1,
    });
    const sub = await world.inBoth({ email: 'ann@acme.test' });
    await world.setEmail(sub, 'new@acme.test');
    mendNow = async () => void (await world.sql`update crossgate.users set email = 'new@acme.test'`);
    const { exit, differences } = await world.found(...everything);
    await Promise.all(pending);
    expect(pending.length).toBeGreaterThan(1);
    expect({ exit, differences }).toEqual({ exit: 0, differences: [] });
    expect(await world.sql`select event from crossgate.audit`).toMatchObject([{ event: 'user.created' }]);
  });
});
