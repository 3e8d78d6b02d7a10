import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { type FreshDatabase, freshDatabase } from './postgres.testing.ts';
import { startPostgres } from './postgres.ts';
import { runningDatabase } from './running-database.ts';
import { runTrigger } from './trigger-command.ts';

const recorded = fileURLToPath(new URL('../../triggers/events', import.meta.url));
let database: FreshDatabase;
let sql: postgres.Sql;
let cwd: string;
let out: string;
let err: string;

beforeAll(async () => {
  database = await freshDatabase();
  sql = connectDatabase({ url: database.url, poolSize: 2, connectTimeout: 3, statementTimeout: 30 });
  await migrate(sql, { table: undefined });
  cwd = mkdtempSync(path.join(tmpdir(), 'crossgate-trigger-'));
  const attributes = { sub: 'fay-sub', email: 'fay@acme.test', email_verified: 'true', name: 'Fay' };
  const event = {
    version: '2',
    triggerSource: 'TokenGeneration_HostedAuth',
    region: 'us-east-1',
    userPoolId: 'us-east-1_LocalDev0',
    userName: 'fay',
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'web' },
    request: { userAttributes: attributes, groupConfiguration: {}, scopes: ['openid'] },
    response: { claimsAndScopeOverrideDetails: null },
  };
  writeFileSync(path.join(cwd, 'token.json'), JSON.stringify(event));
  writeFileSync(path.join(cwd, 'broken.json'), '{"version": ');
});
afterAll(async () => {
  await sql.end({ timeout: 1 });
  await database.drop();
  rmSync(cwd, { recursive: true, force: true });
});
beforeEach(() => {
  out = '';
  err = '';
});

function run(...args: string[]): Promise<number> {
  const console = {
    env: { DATABASE_URL: database.url },
    cwd,
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: (text: string) => {
      err += `${text}\n`;
    },
    isScreen: false,
  };
  return runTrigger(args, console, path.join(cwd, 'nothing-here'));
}

describe('npm run trigger', () => {
  it('says what the bundle answered, how long it took and which SQL it ran', async () => {
    expect(await run('pre-token-generation', 'token.json', '--repeat', '3')).toBe(0);
    const [row] = await sql<{ id: string }[]>`select id::text from crossgate.users where subject = 'fay-sub'`;
    expect(out).toContain(`"uid": "${row?.id}"`);
    expect(out).toMatch(/cold \d+ ms .*, warm [\d.]+ ms \(median of 2; worst [\d.]+ ms\)/);
    expect(out).toMatch(/SQL of the first call: \d+ statements/);
    expect(out).toMatch(/[\d.]+ ms, \d parameters, INSERT 0 1\n\s+insert into "crossgate"."users"/);
    expect(out).toMatch(/SQL of the last call: 1 statement,/);
    expect(out).not.toMatch(/^\s+insert.*fay@acme/m);
    expect(out).toContain('users row created');
    expect(err).toBe('');
    expect(out).toContain(new URL(database.url).pathname);
    expect(out).not.toContain(new URL(database.url).password);
  });

  it('takes changes of the event and of the environment', async () => {
    const sub = 'request.userAttributes.sub=gus-sub';
    const more = ['--set', sub, '--set', 'request.userAttributes.email=gus@acme.test', '--repeat', '1'];
    const env = ['--env', 'CROSSGATE_TRIGGERS_PROVIDER=other'];
    expect(await run('pre-token-generation', 'token.json', ...more, ...env)).toBe(0);
    const rows = await sql`select provider, email from crossgate.users where subject = 'gus-sub'`;
    expect(rows).toEqual([{ provider: 'other', email: 'gus@acme.test' }]);
  });

  it.each([
    [
      'post-confirmation',
      'post-confirmation-sign-up.json',
      /the event as it came[\s\S]*insert into "crossgate"."users"/,
    ],
    ['post-authentication', 'post-authentication.json', /SQL of the first call: none[\s\S]*1 sent in 1 calls/],
    ['profile-update', 'sqs-sign-ins.json', /"batchItemFailures"[\s\S]*crossgate\.people/],
  ])('replays every function: %s', async (name, file, says) => {
    expect(await run(name, path.join(recorded, file), '--repeat', '1')).toBe(0);
    expect(out).toMatch(says);
  });

  it('ends with 1 where the function fails, and says how', async () => {
    await sql`update crossgate.users set state = 'disabled' where subject = 'fay-sub'`;
    expect(await run('pre-token-generation', 'token.json', '--repeat', '1')).toBe(1);
    expect(out).toMatch(/Error\s+\w+: This account is disabled\./);
  });

  it('leaves nothing behind', async () => {
    const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
    const left = () => readdirSync(home).filter((name) => name.startsWith('replay-'));
    // somebody else may be replaying something just now
    await expect.poll(left, { timeout: 5000 }).toEqual([]);
  });
});

describe('what is wrong', () => {
  it.each<[string, string[], number, RegExp]>([
    [
      'a function that there is not',
      ['pre-token', 'token.json'],
      2,
      /no function pre-token.*pre-token-generation, post/,
    ],
    ['a file that is not there', ['pre-token-generation', 'gone.json'], 2, /gone\.json is not there/],
    ['a file that is no JSON', ['pre-token-generation', 'broken.json'], 1, /broken\.json is no JSON/],
    ['a folder', ['pre-token-generation', '.'], 2, /cannot be read \(EISDIR\)/],
    ['no file', ['pre-token-generation'], 2, /missing required argument 'event'/],
    ['no times', ['pre-token-generation', 'token.json', '--repeat', '0'], 2, /1 to 10000/],
    ['a change that is none', ['pre-token-generation', 'token.json', '--set', 'x'], 1, /path=value/],
    ['an environment that is none', ['pre-token-generation', 'token.json', '--env', 'x'], 2, /NAME=value/],
    ['a URL that is none', ['pre-token-generation', 'token.json', '--database-url', 'x'], 2, /database URL is none/],
    ['an unknown option', ['pre-token-generation', 'token.json', '--wat'], 2, /unknown option/],
  ])('is said: %s', async (_, args, exit, says) => {
    expect(await run(...args)).toBe(exit);
    expect(err).toMatch(says);
    expect(out).toBe('');
  });

  it('can be looked up', async () => {
    expect(await run('--help')).toBe(0);
    expect(out).toMatch(/Functions: pre-token-generation, [\s\S]*--set request/);
  });
});

describe('the database of a world that runs', () => {
  it('is found while it does', async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'crossgate-world-'));
    try {
      expect(runningDatabase(dir)).toBeUndefined();
      const server = await startPostgres({ dir: path.join(dir, 'postgres') });
      try {
        expect(runningDatabase(dir)).toBe(server.url);
      } finally {
        await server.stop();
      }
      expect(runningDatabase(dir)).toBeUndefined();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
