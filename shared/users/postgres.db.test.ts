import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SsoError } from '../errors.ts';
import { asSubject, asUserId } from '../identity.ts';
import { directoryContract } from './directory.contract.ts';
import { createPostgresDirectory } from './postgres.ts';
import { type UsersTable, usersTables } from './tables.testing.ts';
import { directoryUnderTest, openWorld, promisesOf, type World } from './world.testing.ts';

for (const table of usersTables) {
  directoryContract(`the directory in Postgres, ${table.name}`, promisesOf(table.users), async () =>
    directoryUnderTest(await openWorld(table)),
  );
}

const providers = [{ id: 'pool', trustedEmailDomains: ['acme.test'] }];
const identity = (subject: string) => ({ provider: 'pool', subject: asSubject(subject) });
const columns = { id: 'id', subject: 'subject', email: 'email', name: 'name' };

/** Their table with the columns above, and one more thing. */
function peopleWith(more: string, changes: Partial<UsersTable['users']> = {}): UsersTable {
  return {
    name: more,
    ddl: [`create table public.people (id bigserial primary key, subject text, email text, name text, ${more})`],
    users: {
      table: 'people',
      idType: 'bigint',
      idDefault: 'database',
      columns,
      states: { active: ['active'], deleted: ['deleted'] },
      linkLegacyRows: true,
      ...changes,
    },
  };
}

async function within(table: UsersTable, use: (world: World) => Promise<void>): Promise<void> {
  const world = await openWorld(table);
  try {
    await use(world);
  } finally {
    await world.close();
  }
}

describe('a users table that takes no row from us', () => {
  it.each([
    ['a column that we know nothing of', 'tenant int not null', 'tenant'],
    ['a check', `constraint grown_up check (length(name) > 9)`, 'grown_up'],
    ['a unique index of its own', 'unique (name)', 'people_name_key'],
    ['a foreign key', 'boss bigint not null default 0 references public.people', 'people_boss_fkey'],
    [
      'a value too long',
      `constraint x check (true)); alter table public.people alter name type char(1`,
      'SQLSTATE 22001',
    ],
  ])('for %s is said to lack something, and what', async (_, more, detail) => {
    await within(peopleWith(more), async ({ sql, users }) => {
      await sql`insert into public.people (name) values ('Ann')`.catch(() => {});
      const directory = createPostgresDirectory(sql, { users, providers });
      const outcome = await directory.heal(identity('s'), { emailVerified: true, email: 'ann@acme.test', name: 'Ann' });
      expect(outcome).toEqual({ kind: 'refused', why: 'row_incomplete', detail });
      expect(await sql`select from public.people where subject is not null`).toHaveLength(0);
      expect(await sql`select from crossgate.audit`).toHaveLength(0);
    });
  });

  it('for a trigger of its own says so', async () => {
    await within(peopleWith('x int'), async ({ sql, users }) => {
      await sql.unsafe(`create function public.no() returns trigger language plpgsql as $$
        begin raise exception 'not you, %', new.email; end $$;
        create trigger no before insert on public.people for each row execute function public.no()`);
      const directory = createPostgresDirectory(sql, { users, providers });
      const outcome = await directory.heal(identity('s'), { emailVerified: true, email: 'ann@acme.test' });
      expect(outcome).toEqual({ kind: 'refused', why: 'row_incomplete', detail: 'SQLSTATE P0001' });
    });
  });

  it('for a unique email in other letters says that the email is taken', async () => {
    await within(peopleWith('unique (email)'), async ({ sql, users }) => {
      await sql`insert into public.people (subject, email) values ('old', 'ANN@acme.test')`;
      const directory = createPostgresDirectory(sql, { users, providers });
      const outcome = await directory.heal(identity('s'), { emailVerified: true, email: 'ann@acme.test' });
      expect(outcome).toEqual({ kind: 'refused', why: 'email_taken' });
    });
  });
});

describe('a subject column of another type', () => {
  it('has nobody for what it cannot hold, without an error', async () => {
    const table: UsersTable = {
      ...peopleWith(''),
      ddl: ['create table public.people (id bigserial primary key, subject uuid unique, email text, name text)'],
    };
    await within(table, async ({ sql, users }) => {
      const directory = createPostgresDirectory(sql, { users, providers });
      const ann = identity('0198c0de-0000-7000-8000-000000000001');
      expect(await directory.heal(ann, { emailVerified: false })).toMatchObject({ kind: 'created' });
      expect(await directory.findByIdentity(ann)).toMatchObject({ id: '1' });
      expect(await directory.findByIdentity(identity(`x'--`))).toBeUndefined();
      expect(await directory.standing(identity(`x'--`))).toBeUndefined();
      expect(await directory.among('pool', [asSubject(`x'--`), ann.subject])).toMatchObject([{ id: '1' }]);
      const outcome = await directory.heal(identity(`x'--`), { emailVerified: false });
      expect(outcome).toMatchObject({ kind: 'refused', why: 'row_incomplete' });
    });
  });
});

describe('a table of one provider', () => {
  it('has nobody for a second provider, though the subject be the same', async () => {
    await within(peopleWith('x int'), async ({ sql, users }) => {
      const directory = createPostgresDirectory(sql, { users, providers });
      await directory.heal(identity('s'), { emailVerified: false });
      expect(await directory.findByIdentity({ provider: 'evil', subject: asSubject('s') })).toBeUndefined();
      expect(await directory.standing({ provider: 'evil', subject: asSubject('s') })).toBeUndefined();
    });
  });
});

describe('a row from before with another provider beside it', () => {
  it('is not linked', async () => {
    const table = peopleWith('idp text', { columns: { ...columns, provider: 'idp' } });
    await within(table, async ({ sql, users }) => {
      await sql`insert into public.people (email, idp) values ('ann@acme.test', 'other'), ('bob@acme.test', 'pool')`;
      const directory = createPostgresDirectory(sql, { users, providers });
      const heal = (email: string) => directory.heal(identity(email), { emailVerified: true, email });
      expect(await heal('ann@acme.test')).toEqual({ kind: 'refused', why: 'email_taken' });
      expect(await heal('bob@acme.test')).toMatchObject({ kind: 'linked', person: { id: '2' } });
    });
  });
});

describe('what healing writes', () => {
  let world: World;
  const [own] = usersTables;
  if (!own) throw new Error('no users table');
  beforeAll(async () => {
    world = await openWorld(own);
  });
  afterAll(() => world.close());

  it('is in the audit trail, once a change', async () => {
    const { sql, users } = world;
    const directory = createPostgresDirectory(sql, { users, providers });
    const legacy = await world.add({ email: 'bob@acme.test' });
    const created = await directory.heal(identity('ann'), { emailVerified: true, email: 'ann@acme.test' });
    await directory.heal(identity('bob'), { emailVerified: true, email: 'bob@acme.test' });
    await directory.heal(identity('bob'), { emailVerified: true, email: 'bob@acme.test' });
    await directory.heal(identity('eve'), { emailVerified: true, email: 'bob@acme.test' });
    const rows = await sql`select event, actor, subject, details from crossgate.audit order by id`;
    expect([...rows]).toEqual([
      {
        event: 'user.created',
        actor: 'crossgate',
        subject: 'person' in created && created.person.id,
        details: { provider: 'pool', subject: 'ann' },
      },
      { event: 'user.linked', actor: 'crossgate', subject: legacy, details: { provider: 'pool', subject: 'bob' } },
    ]);
  });

  it('has a uuid v7 as its id in our own table', async () => {
    const rows = await world.sql<{ id: string }[]>`select id from crossgate.users where subject = 'ann'`;
    expect(rows[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  });
});

it('reads by one statement, prepared once a connection', async () => {
  await within(peopleWith('x int'), async ({ url, users }) => {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    const directory = createPostgresDirectory(sql, { users, providers });
    for (let i = 0; i < 5; i += 1) await directory.findByIdentity(identity(`s-${i}`));
    const prepared = await sql`select from pg_prepared_statements where statement like ${'%"people"%'}`;
    expect(prepared).toHaveLength(1);
    await sql.end();
  });
});

describe('a database in trouble', () => {
  it('is directory_unavailable in every method, and quotes nothing of the question', async () => {
    const sql = postgres('postgres://nobody@127.0.0.1:1/none', { max: 1, onnotice: () => {}, backoff: () => 0 });
    const { users } = peopleWith('');
    const directory = createPostgresDirectory(sql, { users, providers });
    for (const ask of [
      () => directory.findByIdentity(identity('private')),
      () => directory.standing(identity('private')),
      () => directory.findById(asUserId('4711')),
      () => directory.heal(identity('private'), { emailVerified: true, email: 'private@acme.test' }),
      () => directory.recordSignIn(identity('private'), { at: 1 }),
      () => directory.page({ limit: 1 }),
      () => directory.among('pool', [asSubject('private')]),
      () => directory.amend({ id: asUserId('4711'), state: 'active' }, { email: 'private@acme.test' }),
      () => directory.ping(),
    ]) {
      const error = await ask().catch((thrown: unknown) => thrown as SsoError);
      expect(error).toMatchObject({ code: 'directory_unavailable', reason: expect.stringContaining('ECONNREFUSED') });
      expect(String(error)).not.toMatch(/private|4711/);
    }
    await sql.end({ timeout: 0 });
  });

  it.each([
    ['the table is missing', { table: 'nowhere' }, '42P01'],
    ['a column is missing', { columns: { ...columns, name: 'full_name' } }, '42703'],
    ['the key has another type', { idType: 'uuid' as const }, '42883'],
  ])('is directory_unavailable where %s, and the log says what', async (_, changes, state) => {
    await within(peopleWith('x int'), async ({ sql, users }) => {
      const directory = createPostgresDirectory(sql, { users: { ...users, ...changes }, providers });
      const someone = asUserId('idType' in changes ? '0198c0de-0000-7000-8000-000000000001' : '1');
      await expect(directory.findById(someone)).rejects.toMatchObject({
        code: 'directory_unavailable',
        reason: expect.stringContaining(state),
      });
    });
  });

  it('says nothing of anybody when a statement takes too long', async () => {
    await within(peopleWith('x int'), async ({ sql, url, users }) => {
      const hurried = postgres(url, { max: 1, onnotice: () => {}, connection: { statement_timeout: 50 } });
      const directory = createPostgresDirectory(hurried, { users, providers });
      await sql.begin(async (tx) => {
        await tx`lock table public.people`;
        await expect(directory.findByIdentity(identity('private'))).rejects.toMatchObject({
          code: 'directory_unavailable',
          reason: expect.stringMatching(/^finding a person by identity: 57014: canceling statement/),
        });
      });
      expect(await directory.findByIdentity(identity('private'))).toBeUndefined();
      await hurried.end();
    });
  });
});
