import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../infra/local/postgres.testing.ts';
import { permissionPattern, rolePattern } from '../permissions/claims.ts';
import { migrate } from './migrate.ts';

let database: FreshDatabase;
let sql: postgres.Sql;

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { max: 4, onnotice: () => {} });
  await migrate(sql, {});
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** Ann is admin and editor, Bob editor, Cyd nothing; editors may read notes, nobody has photos:read. */
beforeEach(async () => {
  await sql`truncate crossgate.roles, crossgate.permissions cascade`;
  await sql`insert into crossgate.roles (name) values ('admin'), ('editor'), ('viewer')`;
  await sql`insert into crossgate.permissions (resource, action) values ('notes', 'read'), ('photos', 'read')`;
  await sql`insert into crossgate.role_permissions
    select 'editor', id from crossgate.permissions where resource = 'notes'`;
  await sql`insert into crossgate.user_roles (user_id, role)
    values ('ann', 'admin'), ('ann', 'editor'), ('bob', 'editor')`;
  await sql`truncate crossgate.people, crossgate.feed`;
});

/** Whose versions went up, and whose newest one the feed knows. */
async function concerned(): Promise<{ bumped: string[]; told: string[] }> {
  const bumped = await sql<{ id: string }[]>`select user_id as id from crossgate.people order by 1`;
  const told = await sql<{ id: string }[]>`
    select user_id as id from crossgate.feed join crossgate.people using (user_id)
    group by user_id having max(version) = max(permission_version) and min(until) > now() + interval '24 hours' order by 1`;
  return { bumped: bumped.map(({ id }) => id), told: told.map(({ id }) => id) };
}

describe('a change calls in the tokens of everybody concerned, and of nobody else:', () => {
  it.each<[string, string, string[]]>([
    ['a role given', `insert into crossgate.user_roles values ('cyd', 'viewer')`, ['cyd']],
    [
      'roles given to many',
      `insert into crossgate.user_roles select i, 'viewer' from generate_series(1, 3) i`,
      ['1', '2', '3'],
    ],
    ['a role taken', `delete from crossgate.user_roles where user_id = 'ann' and role = 'editor'`, ['ann']],
    ['a role exchanged', `update crossgate.user_roles set role = 'viewer' where user_id = 'bob'`, ['bob']],
    ['a role handed on', `update crossgate.user_roles set user_id = 'cyd' where user_id = 'bob'`, ['bob', 'cyd']],
    ['a role renamed', `update crossgate.roles set name = 'author' where name = 'editor'`, ['ann', 'bob']],
    ['a role deleted', `delete from crossgate.roles where name = 'admin'`, ['ann']],
    ['a role with permissions deleted', `delete from crossgate.roles where name = 'editor'`, ['ann', 'bob']],
    ['a role described', `update crossgate.roles set description = 'x'`, []],
    ['a role added', `insert into crossgate.roles (name) values ('new')`, []],
    [
      'a permission given to a role',
      `insert into crossgate.role_permissions select 'admin', id from crossgate.permissions`,
      ['ann'],
    ],
    ['a permission taken from a role', 'delete from crossgate.role_permissions', ['ann', 'bob']],
    ['a permission handed on', `update crossgate.role_permissions set role = 'admin'`, ['ann', 'bob']],
    ['a permission deleted', `delete from crossgate.permissions where resource = 'notes'`, ['ann', 'bob']],
    ['a permission deleted that nobody has', `delete from crossgate.permissions where resource = 'photos'`, []],
    [
      'a permission renamed',
      `update crossgate.permissions set action = 'view' where resource = 'notes'`,
      ['ann', 'bob'],
    ],
    [
      'a permission renamed that nobody has',
      `update crossgate.permissions set action = 'x' where resource = 'photos'`,
      [],
    ],
    ['a permission described', `update crossgate.permissions set description = 'x'`, []],
    ['all roles taken', 'truncate crossgate.user_roles', ['ann', 'bob']],
    ['all permissions taken', 'truncate crossgate.role_permissions', ['ann', 'bob']],
    ['all roles gone', 'truncate crossgate.roles cascade', ['ann', 'bob']],
    ['a statement that finds nothing', `delete from crossgate.user_roles where user_id = 'dan'`, []],
    ['an application that says so itself', `select crossgate.bump_permission_version(array['cyd', 'cyd'])`, ['cyd']],
    ['nobody named', 'select crossgate.bump_permission_version(null)', []],
  ])('%s', async (_, statement, whom) => {
    await sql.unsafe(statement);
    expect(await concerned()).toEqual({ bumped: whom, told: whom });
  });

  it('not one that was rolled back', async () => {
    await sql
      .begin(async (tx) => {
        await tx`insert into crossgate.user_roles values ('cyd', 'viewer')`;
        throw new Error('changed my mind');
      })
      .catch(() => {});
    expect(await concerned()).toEqual({ bumped: [], told: [] });
  });
});

it('counts up from the version that somebody without a row has', async () => {
  await sql`insert into crossgate.user_roles values ('cyd', 'viewer')`;
  await sql`delete from crossgate.user_roles where user_id = 'cyd'`;
  const versions = await sql`select version::int from crossgate.feed order by id`;
  expect([...versions]).toEqual([{ version: 2 }, { version: 3 }]);
});

it('reaches somebody who is given a role while the role loses a permission', async () => {
  let taking: Promise<unknown> = Promise.resolve();
  await sql.begin(async (giving) => {
    await giving`insert into crossgate.user_roles values ('cyd', 'editor')`;
    taking = sql`delete from crossgate.role_permissions`.then((result) => result);
    await waiting();
  });
  await taking;
  const [cyd] = await sql`select permission_version::int as version from crossgate.people where user_id = 'cyd'`;
  expect(cyd).toEqual({ version: 3 });
});

/** Resolves as soon as a transaction waits for another one's turn to end. */
async function waiting(): Promise<void> {
  for (;;) {
    const rows = await sql`select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`;
    if (rows.length > 0) return;
  }
}

describe('names', () => {
  it.each(['', 'a b', 'admin,owner', 'a'.repeat(65), 'аdmin', 'admin\n', 'a/b', "a'b"])(
    '%j is no role',
    async (name) => {
      expect(rolePattern.test(name)).toBe(false);
      await expect(sql`insert into crossgate.roles (name) values (${name})`).rejects.toMatchObject({ code: '23514' });
    },
  );

  it.each(['a', 'team:notes', 'A-Z_0.9', 'a'.repeat(64)])('%j is a role', async (name) => {
    expect(rolePattern.test(name)).toBe(true);
    await expect(sql`insert into crossgate.roles (name) values (${name})`).resolves.toHaveProperty('count', 1);
  });

  it.each(['', 'a b', 'a:b', 'a'.repeat(65), 'a\n', '\u00a0'])('%j is no part of a permission', async (part) => {
    expect(permissionPattern.test(`${part}:x`)).toBe(false);
    for (const [resource, action] of [
      [part, 'x'],
      ['x', part],
    ] as const) {
      const added = sql`insert into crossgate.permissions (resource, action) values (${resource}, ${action})`;
      await expect(added).rejects.toMatchObject({ code: '23514' });
    }
  });

  it.each(['a', '/api/notes', 'GET', 'größe', '🦊', '*', 'a'.repeat(64)])(
    '%j is a part of a permission',
    async (part) => {
      expect(permissionPattern.test(`${part}:${part}`)).toBe(true);
      const added = sql`insert into crossgate.permissions (resource, action) values (${part}, ${part})`;
      await expect(added).resolves.toHaveProperty('count', 1);
    },
  );

  it('are the same for the database and for tokens, character by character', async () => {
    const [check] = await sql<{ pattern: string }[]>`
      select substring(pg_get_constraintdef(oid) from '''(.*)''') as pattern from pg_constraint
      where conrelid = 'crossgate.permissions'::regclass and conname = 'permissions_resource_check'`;
    const rows = await sql<{ code: number }[]>`
      select code from generate_series(1, 65535) as code
      where code not between 55296 and 57343 and chr(code) ~ ${check?.pattern ?? ''}`;
    const byDatabase = new Set(rows.map(({ code }) => code));
    const differing = Array.from({ length: 65_535 }, (_, i) => i + 1)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .filter((code) => byDatabase.has(code) !== permissionPattern.test(`${String.fromCharCode(code)}:x`));
    expect(differing.map((code) => code.toString(16))).toEqual([]);
  });
});

describe('our own users table', () => {
  const ann = '0198c0de-0000-7000-8000-000000000001';
  beforeEach(async () => {
    await sql`delete from crossgate.users`;
    await sql`insert into crossgate.users (id, provider, subject, email) values (${ann}, 'pool', 's', 'ann@acme.test')`;
    await sql`truncate crossgate.people, crossgate.feed`;
  });

  it.each<[string, string, string[]]>([
    ['a state changed', `update crossgate.users set state = 'disabled'`, [ann]],
    ['a state set anew', `update crossgate.users set state = 'active'`, []],
    ['an email changed', `update crossgate.users set email = 'x@acme.test'`, []],
    ['a row deleted', 'delete from crossgate.users', [ann]],
  ])('calls in tokens: %s', async (_, statement, whom) => {
    await sql.unsafe(statement);
    expect(await concerned()).toEqual({ bumped: whom, told: whom });
  });

  it.each([
    ['a state that is none', `insert into crossgate.users (id, state) values (gen_random_uuid(), 'banned')`, '23514'],
    [
      'a subject without provider',
      `insert into crossgate.users (id, subject) values (gen_random_uuid(), 'x')`,
      '23514',
    ],
    [
      'a second row of an identity',
      `insert into crossgate.users (id, provider, subject) values (gen_random_uuid(), 'pool', 's')`,
      '23505',
    ],
  ])('keeps out %s', async (_, statement, code) => {
    await expect(sql.unsafe(statement)).rejects.toMatchObject({ code });
  });

  it('lets two rows have one email', async () => {
    await sql`insert into crossgate.users (id, email) values (gen_random_uuid(), 'ann@acme.test')`;
    expect(await sql`select from crossgate.users`).toHaveLength(2);
  });
});
