import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../shared/config.ts';
import { asSubject } from '../../shared/identity.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { type FreshDatabase, freshDatabase } from './postgres.testing.ts';
import { seedAccounts, seedPeople } from './seed.ts';

let database: FreshDatabase;
let sql: postgres.Sql;
const users = configSchema.shape.users.parse(undefined);

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { onnotice: () => {} });
  await migrate(sql, users);
  await seedPeople(sql);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

describe('seeded people', () => {
  it.each([
    ['ann', ['admin'], ['notes:read', 'notes:write', 'photos:read', 'photos:write', 'users:manage']],
    ['bob', ['editor'], ['notes:read', 'notes:write', 'photos:read']],
    ['cyd', [], []],
  ])('%s has her or his roles from the first sign-in on', async (username, roles, permissions) => {
    const account = seedAccounts.find((one) => one.username === username);
    const directory = createPostgresDirectory(sql, { users, providers: [{ id: 'cognito', trustedEmailDomains: [] }] });
    const person = await directory.findByIdentity({ provider: 'cognito', subject: asSubject(account?.sub ?? '') });
    expect(person).toMatchObject({ state: 'active', email: account?.email, name: account?.name, roles, permissions });
  });

  it('are the same after another start, and so is their permission version', async () => {
    const read = () => sql`select * from crossgate.people order by user_id`;
    const before = [...(await read())];
    const ids = await seedPeople(sql);
    expect(await seedPeople(sql)).toEqual(ids);
    expect([...(await read())]).toEqual(before);
    expect(await sql`select from crossgate.users`).toHaveLength(3);
  });

  it('do not take anything from anybody else', async () => {
    const id = (await seedPeople(sql)).get('cyd@acme.test') ?? '';
    await sql`insert into crossgate.roles (name) values ('guest')`;
    await sql`insert into crossgate.user_roles (user_id, role) values (${id}, 'guest')`;
    await seedPeople(sql);
    expect(await sql`select role from crossgate.user_roles where user_id = ${id}`).toEqual([{ role: 'guest' }]);
  });
});
