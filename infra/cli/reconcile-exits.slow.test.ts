import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from './console.testing.ts';
import { awsEnvironment, openReconciled, type Reconciled } from './reconcile.testing.ts';

let world: Reconciled;
beforeEach(async () => {
  for (const [name, value] of Object.entries(awsEnvironment)) vi.stubEnv(name, value);
  world = await openReconciled();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.close();
});

describe('crossgate reconcile ends with', () => {
  it('5 where the pool is not there', async () => {
    const { exit, err, out } = await runCommand([...world.args, '--endpoint', 'http://127.0.0.1:1'], {
      env: world.env,
    });
    expect({ exit, out }).toEqual({ exit: 5, out: '' });
    expect(err).toMatch(/us-east-1_LocalDev0 cannot be reached: ECONNREFUSED/);
  });

  it('3 where the database is not there', async () => {
    const env = { ...world.env, CROSSGATE_DATABASE_URL: 'postgres://u:S3CRET@127.0.0.1:1/x' };
    const { exit, err } = await runCommand(world.args, { env });
    expect({ exit, err }).toMatchObject({ exit: 3, err: expect.stringContaining('ECONNREFUSED') });
    expect(err).not.toContain('S3CRET');
  });

  it.each<[string, () => void, string[], RegExp]>([
    ['a wrong key', () => vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAWRONG'), [], /refuses: UnrecognizedClientException/],
    ['a wrong secret', () => vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'guess'), [], /refuses: InvalidSignatureException/],
    [
      'no such pool',
      () => {},
      ['--user-pool', 'us-east-1_Another'],
      /us-east-1_Another refuses: ResourceNotFoundException/,
    ],
    ['a state file that is none', () => {}, ['--state', 'package.json'], /holds no state of crossgate reconcile/],
  ])('1 for %s', async (_, prepare, more, says) => {
    prepare();
    const ran = await runCommand([...world.args, ...more], { env: world.env, cwd: process.cwd() });
    expect(ran).toMatchObject({ exit: 1, out: '', err: expect.stringMatching(says) });
    expect(ran.err).not.toContain('guess');
  });

  it.each([
    [['--fix', 'rows'], /missing-rows, emails/],
    [['--grace', 'soon'], /90s, 5m or 1h/],
    [['--limit-rate', '0'], /from 0.01/],
    [['--max-orphans', '-1'], /from 0/],
    [['--user-pool', 'pool'], /no id of a user pool/],
  ])('2 for %j', async (more, says) => {
    expect(await world.run(...more)).toMatchObject({ exit: 2, err: expect.stringMatching(says) });
  });

  it('1 for a database that is not migrated', async () => {
    await world.sql`drop schema crossgate cascade`;
    expect(await world.run()).toMatchObject({ exit: 1, err: expect.stringContaining('steps that have not run') });
  });
});
