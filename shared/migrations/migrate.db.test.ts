import postgres from 'postgres';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../infra/local/postgres.testing.ts';
import { parseConfig } from '../config.ts';
import { connectDatabase } from '../store/connect.ts';
import { assertUpToDate, migrate, pendingMigrations } from './migrate.ts';
import { steps } from './steps.ts';

const own = {};
const theirs = { table: 'public.people' };
const all = steps.map((step) => step.name);
const withoutOwn = all.filter((name) => name !== '0004_own_users');

let database: FreshDatabase;
let sql: postgres.Sql;

beforeEach(async () => {
  database = await freshDatabase();
  sql = connect(database.url);
});
afterEach(async () => {
  await sql.end();
  await database.drop();
});

function connect(url: string, max = 2): postgres.Sql {
  return postgres(url, { max, onnotice: () => {} });
}

async function tables(): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'crossgate' order by tablename`;
  return rows.map((row) => row.name);
}

describe('migrate', () => {
  it('builds the schema in an empty database, and says what it ran', async () => {
    expect(await migrate(sql, own)).toEqual({ ran: all });
    expect(await tables()).toContain('users');
    expect(await pendingMigrations(sql, own)).toEqual([]);
    await expect(assertUpToDate(sql, own)).resolves.toBeUndefined();
  });

  it('does nothing the second time', async () => {
    await migrate(sql, own);
    expect(await migrate(sql, own)).toEqual({ ran: [] });
  });

  it('makes no users table beside theirs', async () => {
    expect(await migrate(sql, theirs)).toEqual({ ran: withoutOwn });
    expect(await tables()).not.toContain('users');
    await expect(assertUpToDate(sql, theirs)).resolves.toBeUndefined();
  });

  it('makes one later, when theirs is taken out of the configuration, and minds nothing when it comes back', async () => {
    await migrate(sql, theirs);
    expect(await pendingMigrations(sql, own)).toEqual(['0004_own_users']);
    expect(await migrate(sql, own)).toEqual({ ran: ['0004_own_users'] });
    expect(await migrate(sql, theirs)).toEqual({ ran: [] });
  });

  it('leaves everything outside its schema alone', async () => {
    await migrate(sql, own);
    expect(await sql`select tablename from pg_tables where schemaname = 'public'`).toHaveLength(0);
  });

  it('runs once when eight processes start together', async () => {
    const pools = Array.from({ length: 8 }, () => connect(database.url));
    const reports = await Promise.all(pools.map((pool) => migrate(pool, own)));
    await Promise.all(pools.map((pool) => pool.end()));
    expect(reports.flatMap((report) => report.ran)).toEqual(all);
    expect(reports.filter((report) => report.ran.length > 0)).toHaveLength(1);
  });

  it('runs all steps or none', async () => {
    await sql`create schema crossgate`;
    await sql`create table crossgate.sessions (mine text)`;
    await expect(migrate(sql, own)).rejects.toMatchObject({
      code: 'directory_unavailable',
      reason: expect.stringContaining('0003_sessions'),
    });
    expect(await pendingMigrations(sql, own)).toEqual(all);
    expect(await tables()).not.toContain('feed');
  });
});

describe('a database that does not fit the program', () => {
  it('is pending before any migration', async () => {
    await expect(assertUpToDate(sql)).rejects.toMatchObject({ code: 'migrations_pending' });
    expect(await pendingMigrations(sql)).toEqual(withoutOwn);
  });

  it('is refused in plain words when a newer program migrated it', async () => {
    await migrate(sql, own);
    await sql`insert into crossgate.migrations (name, timestamp) values ('9999_future', '2099-01-01T00:00:00.000Z')`;
    const refusal = { code: 'internal', reason: expect.stringMatching(/newer than this version.*9999_future/) };
    await expect(migrate(sql, own)).rejects.toMatchObject(refusal);
    await expect(assertUpToDate(sql, own)).rejects.toMatchObject(refusal);
  });

  it('is unavailable, not pending, when it cannot be reached', async () => {
    const { database: config } = parseConfig({
      publicUrl: 'https://auth.acme.test',
      keys: '{}',
      providers: [{ id: 'pool', issuer: 'https://id.acme.test', clientId: 'x' }],
      database: { url: 'postgres://nobody@127.0.0.1:1/none' },
    });
    const unreachable = connectDatabase(config);
    afterAll(() => unreachable.end());
    await expect(assertUpToDate(unreachable)).rejects.toMatchObject({ code: 'directory_unavailable' });
    await expect(migrate(unreachable, own)).rejects.toMatchObject({ code: 'directory_unavailable' });
  });
});
