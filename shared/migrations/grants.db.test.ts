import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPostgresStore } from '../store/postgres.ts';
import { storeContract } from '../store/store.contract.ts';
import { directoryContract } from '../users/directory.contract.ts';
import { type UsersTable, usersTables } from '../users/tables.testing.ts';
import { directoryUnderTest, openWorld, promisesOf, type World } from '../users/world.testing.ts';
import { grants } from './grants.ts';
import { assertUpToDate } from './migrate.ts';

/** A world, and a connection as a role that was given the grants and nothing else. */
async function openGranted(
  table: UsersTable,
): Promise<{ world: World; runtime: postgres.Sql; close(): Promise<void> }> {
  const world = await openWorld(table);
  const role = `run"time'${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const quoted = `"${role.replace('"', '""')}"`;
  await world.sql.unsafe(`create role ${quoted} login password '${password}'`);
  for (const statement of grants(world.users, role)) await world.sql.unsafe(statement);
  const url = new URL(world.url);
  url.username = encodeURIComponent(role);
  url.password = password;
  const runtime = postgres(url.href, { max: 8, onnotice: () => {} });
  return {
    world,
    runtime,
    close: async () => {
      await runtime.end();
      await world.close();
      const server = postgres(inject('databaseUrl'), { max: 1 });
      await server.unsafe(`drop role ${quoted}`);
      await server.end();
    },
  };
}

for (const table of usersTables) {
  const promises = { ...promisesOf(table.users), writesStates: false };
  directoryContract(`the directory as the granted role, ${table.name}`, promises, async () => {
    const { world, runtime, close } = await openGranted(table);
    return { ...directoryUnderTest(world, runtime), close };
  });
}

const [own, theirs] = usersTables;
if (!own || !theirs) throw new Error('two users tables are needed');

storeContract('the store as the granted role', async () => {
  const { runtime, close } = await openGranted(own);
  return { store: createPostgresStore(runtime), other: createPostgresStore(runtime), close };
});

describe('the granted role', () => {
  let granted: Awaited<ReturnType<typeof openGranted>>;
  beforeAll(async () => {
    granted = await openGranted(theirs);
  });
  afterAll(() => granted.close());

  it.each([
    ['sees whether migrations have run', 'select name from crossgate.migrations'],
    ['gives roles', `with r as (insert into crossgate.roles values ('r')) select`],
    ['and takes them, which calls in tokens', `insert into crossgate.user_roles values ('1', 'r')`],
    ['notes a sign-in', `insert into crossgate.people (user_id, last_login_at) values ('2', now())`],
    ['adds to the audit trail', `insert into crossgate.audit (event) values ('x')`],
    [
      'notes a message once',
      `insert into crossgate.audit (event, details) values ('message.poisoned', '{"messageId":"m"}') on conflict do nothing`,
    ],
    ['keeps the profile of theirs', `update public.people set mail = 'x', full_name = 'y' where false`],
  ])('%s', async (_, statement) => {
    await expect(granted.runtime.unsafe(statement)).resolves.toBeDefined();
  });

  it('passes the check at start', async () => {
    await expect(assertUpToDate(granted.runtime, granted.world.users)).resolves.toBeUndefined();
  });

  it('cannot change who is active', async () => {
    const { runtime, close } = await openGranted(own);
    const attempt = runtime.unsafe(`update crossgate.users set state = 'active'`);
    await expect(attempt).rejects.toMatchObject({ code: '42501' });
    await close();
  });

  it.each([
    ['change the audit trail', `update crossgate.audit set event = 'y'`],
    ['cut the audit trail', 'delete from crossgate.audit'],
    ['change news', `update crossgate.feed set version = 1`],
    ['pretend that migrations ran', `insert into crossgate.migrations values ('x', 'y')`],
    ['make a table', 'create table crossgate.mine (x int)'],
    ['drop a table', 'drop table crossgate.feed'],
    ['read a column of theirs that is not mapped', 'select born from public.people'],
    ['change a key of theirs', 'update public.people set key = 1'],
    ['change a column of theirs that is not mapped', 'update public.people set born = now()'],
    ['write a column of theirs that is not mapped', 'insert into public.people (born) values (now())'],
    ['delete anybody', 'delete from public.people'],
    ['empty their table', 'truncate public.people'],
  ])('cannot %s', async (_, statement) => {
    await expect(granted.runtime.unsafe(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('lets nobody else call tokens in', async () => {
    const [row] = await granted.world.sql`
      select has_function_privilege('public', 'crossgate.bump_permission_version(text[])', 'execute') as may`;
    expect(row).toEqual({ may: false });
  });
});
