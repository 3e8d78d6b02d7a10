import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../infra/local/postgres.testing.ts';
import { logoutStoreContract } from './logout-store.contract.ts';
import type { LogoutStore } from './logout-store.ts';

/** The example that stands at {@link LogoutStore}. */
const createSqlLogoutStore = (sql: postgres.Sql): LogoutStore => ({
  end: async (id, until) =>
    void (await sql`insert into sso_ended values (${id}, to_timestamp(${until})) on conflict (id) do update
      set until = greatest(sso_ended.until, excluded.until)`),
  isEnded: async (ids) => (await sql`select 1 from sso_ended where id = any(${[...ids]}) limit 1`).length > 0,
  claimOnce: async (id, until) =>
    (await sql`insert into sso_ended values (${id}, to_timestamp(${until})) on conflict do nothing returning 1`)
      .length > 0,
});

let database: FreshDatabase;
const connections: postgres.Sql[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  for (const _ of ['one', 'two']) connections.push(postgres(database.url, { max: 4, onnotice: () => {} }));
  await connections[0]?.unsafe('create table sso_ended (id text primary key, until timestamptz not null)');
});
afterAll(async () => {
  await Promise.all(connections.map((sql) => sql.end()));
  await database.drop();
});

logoutStoreContract('a logout store in Postgres, as the documentation has it', async () => {
  const [store, second] = connections.map(createSqlLogoutStore);
  if (!store || !second) throw new Error('not connected');
  return { store, second };
});
