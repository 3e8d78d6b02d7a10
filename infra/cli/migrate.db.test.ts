import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';
import { runCommand } from './console.testing.ts';

let database: FreshDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await freshDatabase();
  env = { CROSSGATE_DATABASE_URL: database.url };
});
afterAll(() => database.drop());

describe('crossgate migrate', () => {
  it('brings an empty database up to date, and says so before and after', async () => {
    const before = await runCommand(['migrate', '--check'], { env });
    expect(before).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Pending: 0001') });

    const first = await runCommand(['migrate'], { env });
    expect(first).toMatchObject({ exit: 0, out: '', err: expect.stringMatching(/Running \d+ steps? …\n {2}0001/) });

    expect(await runCommand(['migrate'], { env })).toMatchObject({
      exit: 0,
      err: expect.stringContaining('was up to date'),
    });
    expect(await runCommand(['migrate', '--check'], { env })).toMatchObject({ exit: 0 });
  });

  it('prints grants that Postgres takes, and nothing else on standard output', async () => {
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    const role = `gateway_${Date.now()}`;
    try {
      await sql`create role ${sql(role)}`;
      const { exit, out } = await runCommand(['migrate', '--print-grants', '--role', role], { env });
      expect(exit).toBe(0);
      await sql.unsafe(out);
      const [row] = await sql`select has_table_privilege(${role}, 'crossgate.sessions', 'insert') as sessions,
        has_table_privilege(${role}, 'crossgate.audit', 'delete') as audit`;
      expect(row).toEqual({ sessions: true, audit: false });
      await sql`drop owned by ${sql(role)}`;
      await sql`drop role ${sql(role)}`;
    } finally {
      await sql.end();
    }
  });
});

describe('crossgate migrate ends with', () => {
  it.each<[string, number, RegExp, (url: string) => Record<string, string>]>([
    ['no database in the configuration', 1, /database is missing/, () => ({})],
    [
      'a database that is not there',
      3,
      /ECONNREFUSED[^\n]*\nIs the server running/,
      () => ({ CROSSGATE_DATABASE_URL: 'postgres://u:S3CRET@127.0.0.1:1/x' }),
    ],
    [
      'a password that is wrong',
      3,
      /(password authentication failed|does not exist)[^\n]*\nMend /,
      (url) => ({
        CROSSGATE_DATABASE_URL: Object.assign(new URL(url), { username: 'nobody', password: 'S3CRET' }).href,
      }),
    ],
  ])('%s', async (_, exit, says, given) => {
    const ran = await runCommand(['migrate'], { env: given(database.url) });
    expect(ran).toMatchObject({ exit, out: '', err: expect.stringMatching(says) });
    expect(ran.err).not.toContain('S3CRET');
  });
});
