import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../infra/local/postgres.testing.ts';
import { migrate } from '../../../shared/migrations/migrate.ts';
import { readsWhatItWrote } from './uncached.ts';

let database: FreshDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await migrate(sql, {});
});
afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** Answers a reading statement with the same parameters as it did before, as Hyperdrive does by default. */
function cachedBy(real: postgres.Sql): postgres.Sql {
  const known = new Map<string, unknown>();
  const ask = async (parts: TemplateStringsArray, ...values: (string | number)[]) => {
    const key = JSON.stringify([parts, values]);
    if (!/^\s*select/.test(parts[0] ?? '')) return await real(parts, ...values);
    if (!known.has(key)) known.set(key, await real(parts, ...values));
    return known.get(key);
  };
  return ask as unknown as postgres.Sql;
}

it('a database without a cache before it gives back what was written, again and again', async () => {
  expect(await readsWhatItWrote(sql, 1_900_000_000)).toBe(true);
  expect(await readsWhatItWrote(sql, 1_900_000_000)).toBe(true);
});

it('one with a cache before it is found out', async () => {
  const cached = cachedBy(sql);
  expect(await readsWhatItWrote(cached, 1_900_000_100)).toBe(false);
});
