import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../infra/local/postgres.testing.ts';
import { configSchema } from '../config.ts';
import { grants, rights } from './grants.ts';
import { migrate } from './migrate.ts';
import { missingRights } from './missing-rights.ts';

const users = configSchema.shape.users.parse({
  table: 'public.Members',
  idType: 'bigint',
  columns: { email: 'eMail', name: 'full_name' },
});
const role = `gateway_${randomBytes(6).toString('hex')}`;
let database: FreshDatabase;
let owner: postgres.Sql;
let gateway: postgres.Sql;

beforeAll(async () => {
  database = await freshDatabase();
  owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await migrate(owner, users);
  await owner.unsafe(`create table public."Members" (id bigserial primary key, "eMail" text, full_name text)`);
  await owner.unsafe(`create role ${role} login password 'x'`);
  gateway = postgres(Object.assign(new URL(database.url), { username: role, password: 'x' }).href, { max: 1 });
});
afterAll(async () => {
  await gateway.end();
  await owner.unsafe(`drop owned by ${role}`);
  await owner.unsafe(`drop role ${role}`);
  await owner.end();
  await database.drop();
});

describe('what a role lacks', () => {
  it('is everything before the grants but what everybody may, said without a right to look', async () => {
    const missing = await missingRights(gateway, users);
    expect(missing.things).toEqual([]);
    expect(missing.rights).toEqual(
      expect.arrayContaining([
        'usage on schema crossgate',
        'insert on crossgate.sessions',
        'select ("eMail") on "public"."Members"',
      ]),
    );
    expect(missing.rights.length).toBeGreaterThan(rights(users).length);
  });

  it('is nothing after them', async () => {
    for (const statement of grants(users, role)) await owner.unsafe(statement);
    expect(await missingRights(gateway, users)).toEqual({ rights: [], things: [] });
  });

  it.each([
    ['a privilege', 'delete on crossgate.sessions', 'delete on crossgate.sessions'],
    ['a column', 'update ("eMail") on public."Members"', 'update ("eMail") on "public"."Members"'],
    ['the schema', 'usage on schema crossgate', 'usage on schema crossgate'],
  ])('is %s that was taken away', async (_, taken, says) => {
    await owner.unsafe(`revoke ${taken} from ${role}`);
    expect(await missingRights(gateway, users)).toEqual({ rights: [says], things: [] });
    await owner.unsafe(`grant ${taken} to ${role}`);
  });

  it.each([
    ['a table', { table: 'public.nobody', columns: { id: 'id' } }, ['"id" of "public"."nobody"', '"public"."nobody"']],
    ['a column', { columns: { ...users.columns, state: 'State' } }, ['"State" of "public"."Members"']],
  ])('is %s that is not there', async (_, other, things) => {
    expect(await missingRights(gateway, { ...users, ...other })).toEqual({ rights: [], things });
  });
});
