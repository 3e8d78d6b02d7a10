import { afterEach, describe, expect, it } from 'vitest';
import { asSubject } from '../identity.ts';
import type { UserDirectory } from './directory.ts';
import { createPostgresDirectory } from './postgres.ts';
import { type UsersTable, usersTables } from './tables.testing.ts';
import { openWorld, type World } from './world.testing.ts';

const providers = [{ id: 'pool', trustedEmailDomains: ['acme.test'] }];
const identity = (subject: string) => ({ provider: 'pool', subject: asSubject(subject) });
const ann = identity('ann');
const at = 4_000_000_000;
const said = { email: 'new@acme.test', emailVerified: true, name: 'Ann Newname' };

/** Their table, with one more thing. */
const peopleWith = (more: string, columns: Partial<UsersTable['users']['columns']> = {}): UsersTable => ({
  name: more,
  ddl: [`create table public.people (id bigserial primary key, subject text, email text, name text, ${more})`],
  users: {
    table: 'people',
    idType: 'bigint',
    idDefault: 'database',
    columns: { id: 'id', subject: 'subject', email: 'email', name: 'name', ...columns },
    states: { active: ['active'], deleted: ['deleted'] },
    linkLegacyRows: true,
  },
});

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(table: UsersTable): Promise<{ world: World; directory: UserDirectory }> {
  world = await openWorld(table);
  return { world, directory: createPostgresDirectory(world.sql, { users: world.users, providers }) };
}

const audited = async ({ sql }: World) => [
  ...(await sql`select event, subject, details from crossgate.audit order by id`),
];

describe('a sign-in whose profile the table refuses', () => {
  const bare = `bare text generated always as (replace(email, '.', '')) stored unique`;
  it.each([
    ['a unique index that sees more than our comparison', bare, 'people_bare_key'],
    ['one that looks only when all is written', `${bare} deferrable initially deferred`, 'people_bare_key'],
    ['a check', `constraint no_new check (email not like 'new%')`, 'no_new'],
  ])('for %s is written all the same, less the email, and audited', async (_, more, detail) => {
    const { world, directory } = await open(peopleWith(more));
    const id = await world.add({ identity: ann, email: 'old@acme.test', name: 'Ann' });
    await world.add({ email: 'n.e.w@acme.test' });
    expect(await directory.recordSignIn(ann, { at, attributes: said })).toBe('applied');
    expect(await directory.findById(id)).toMatchObject({ email: 'old@acme.test', name: 'Ann Newname' });
    const details = { provider: 'pool', subject: 'ann', why: 'refused', detail };
    expect(await audited(world)).toEqual([{ event: 'user.email_kept', subject: id, details }]);
  });

  it('for a name too long is written all the same, less the name', async () => {
    const table = peopleWith('x int');
    const { world, directory } = await open({
      ...table,
      ddl: [...table.ddl, 'alter table public.people alter name type varchar(4)'],
    });
    const id = await world.add({ identity: ann, email: 'old@acme.test', name: 'Ann' });
    expect(await directory.recordSignIn(ann, { at, attributes: said })).toBe('applied');
    expect(await directory.findById(id)).toMatchObject({ email: 'new@acme.test', name: 'Ann' });
    expect((await audited(world)).map(({ event }) => event)).toEqual(['user.name_kept', 'user.email_changed']);
  });
});

describe('what a sign-in writes', () => {
  it('is audited where it is an email, or was one but for another row; without the email', async () => {
    const { world, directory } = await open(peopleWith('x int'));
    const id = await world.add({ identity: ann, email: 'old@acme.test' });
    await world.add({ email: 'taken@acme.test' });
    await directory.recordSignIn(ann, { at, attributes: said });
    await directory.recordSignIn(ann, { at, attributes: said });
    await directory.recordSignIn(ann, { at: at + 1, attributes: { ...said, email: 'Taken@acme.test' } });
    const details = { provider: 'pool', subject: 'ann' };
    expect(await audited(world)).toEqual([
      { event: 'user.email_changed', subject: id, details },
      { event: 'user.email_kept', subject: id, details: { ...details, why: 'email_taken' } },
    ]);
  });

  it('touches the column for changes with a profile, and not without one', async () => {
    const { world, directory } = await open(peopleWith('changed timestamptz', { updatedAt: 'changed' }));
    await world.add({ identity: ann, email: 'new@acme.test', name: 'Ann Newname' });
    await world.sql`update public.people set changed = null`;
    await directory.recordSignIn(ann, { at, attributes: said });
    expect([...(await world.sql`select changed from public.people`)]).toEqual([{ changed: null }]);
    await directory.recordSignIn(ann, { at: at + 1, attributes: { ...said, name: 'Ann' } });
    expect([...(await world.sql`select changed is not null as changed from public.people`)]).toEqual([
      { changed: true },
    ]);
  });

  it('is the time alone in a table without email and name', async () => {
    const { world, directory } = await open({
      ...peopleWith('x int'),
      users: { ...peopleWith('').users, columns: { id: 'id', subject: 'subject' } },
    });
    await world.sql`insert into public.people (subject, email, name) values ('ann', 'old@acme.test', 'Ann')`;
    expect(await directory.recordSignIn(ann, { at, attributes: said })).toBe('applied');
    expect(await directory.recordSignIn(ann, { at, attributes: said })).toBe('stale');
    expect([...(await world.sql`select email, name from public.people`)]).toEqual([
      { email: 'old@acme.test', name: 'Ann' },
    ]);
  });
});

it('a sign-in and an administrator who disables the person at the same moment do not wait for each other', async () => {
  const [own] = usersTables;
  if (!own) throw new Error('no users table');
  const { world, directory } = await open(own);
  const ids = await Promise.all(
    Array.from({ length: 10 }, (_, i) => world.add({ identity: identity(`s${i}`), email: `s${i}@acme.test` })),
  );
  const outcomes = await Promise.all(
    ids.flatMap((id, i) => [
      directory.recordSignIn(identity(`s${i}`), { at, attributes: { ...said, email: `new${i}@acme.test` } }),
      world.sql`update crossgate.users set state = 'disabled' where id = ${id}`.then(() => 'disabled'),
    ]),
  );
  expect(outcomes.filter((outcome) => outcome === 'disabled')).toHaveLength(10);
  for (const id of ids) expect(await directory.findById(id)).toMatchObject({ state: 'disabled', permissionVersion: 2 });
});
