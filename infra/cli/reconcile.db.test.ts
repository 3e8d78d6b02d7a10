import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asSubject } from '../../shared/identity.ts';
import { awsEnvironment, type Json, openReconciled, type Reconciled } from './reconcile.testing.ts';

let world: Reconciled;
beforeEach(() => {
  for (const [name, value] of Object.entries(awsEnvironment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.close();
});

const snapshot = async () => ({
  rows: [...(await world.sql`select provider, subject, email, name, state from crossgate.users order by id`)],
  audit: [...(await world.sql`select event from crossgate.audit order by id`)],
  pool: world.server.pool.accounts(),
});
const kindsOf = (differences: readonly Json[]) => differences.map(({ kind }) => kind).sort();
const identity = (sub: string) => ({ provider: 'cognito', subject: asSubject(sub) });
const rowOf = (sub: string) => world.directory.findByIdentity(identity(sub));

/** One of each difference, and of each thing that is none. */
async function everyDifference() {
  const missing = await world.inPool({ email: 'missing@acme.test', name: 'Mïssing 🦊👩‍👩‍👧' });
  const invited = await world.inPool({ email: 'invited@acme.test', as: 'invited' });
  const moved = await world.inBoth({ email: 'moved@acme.test' });
  await world.setEmail(moved, 'newhome@acme.test');
  const disabledInPool = await world.inBoth({ email: 'dip@acme.test' });
  await world.disable(disabledInPool);
  const disabledInTable = await world.inBoth({ email: 'dit@acme.test' });
  await world.sql`update crossgate.users set state = 'disabled' where subject = ${disabledInTable}`;
  const orphan = await world.inBoth({ email: 'orphan@acme.test' });
  await world.remove(orphan);

  await world.inBoth({ email: 'alike@acme.test', name: '🌱' });
  await world.inPool({ email: 'unconfirmed@acme.test', as: 'unconfirmed' });
  await world.disable(await world.inPool({ email: 'refused@acme.test' }));
  const capitals = await world.inBoth({ email: 'capitals@acme.test' });
  await world.sql`update crossgate.users set email = 'CAPITALS@Acme.Test' where subject = ${capitals}`;
  await world.setEmail(await world.inBoth({ email: 'sure@acme.test' }), 'unsure@acme.test', false);
  const gone = await world.inBoth({ email: 'gone@acme.test' });
  await world.sql`update crossgate.users set state = 'deleted' where subject = ${gone}`;
  await world.remove(gone);
  await world.sql`insert into crossgate.users (id, email) values (gen_random_uuid(), 'legacy@acme.test')`;
  await world.sql`insert into crossgate.users (id, provider, subject)
    values (gen_random_uuid(), 'other', 'somebody of another provider')`;
  return { missing, invited, moved, disabledInPool, disabledInTable, orphan };
}

const allKinds = ['disabled-in-pool', 'disabled-in-table', 'emails', 'missing-rows', 'missing-rows', 'orphans'];
const allFixes = 'missing-rows,emails,disabled-in-pool,disabled-in-table,orphans';

describe('crossgate reconcile', () => {
  it('finds each kind of difference, says what it would do, and changes nothing', async () => {
    world = await openReconciled();
    const people = await everyDifference();
    const before = await snapshot();
    const { exit, differences, summary } = await world.found();
    expect(exit).toBe(4);
    expect(kindsOf(differences)).toEqual(allKinds);
    expect(differences.every(({ outcome }) => outcome === 'found')).toBe(true);
    expect(differences).toContainEqual(
      expect.objectContaining({
        kind: 'emails',
        subject: people.moved,
        pool: expect.objectContaining({ email: 'newhome@acme.test', emailVerified: true }),
        row: expect.objectContaining({ email: 'moved@acme.test' }),
      }),
    );
    expect(summary).toMatchObject({
      kind: 'summary',
      dryRun: true,
      pool: 10,
      unconfirmed: 1,
      rows: 8,
      waiting: 1,
      recent: 0,
      differences: { 'missing-rows': { found: 2, mended: 0 }, orphans: { found: 1, mended: 0 } },
    });
    expect(await snapshot()).toEqual(before);
  });

  it('says the same in words, and nothing that steers a terminal', async () => {
    world = await openReconciled();
    await everyDifference();
    const { exit, out, err } = await world.run();
    expect(exit).toBe(4);
    expect(out).toMatch(
      /^emails +pool user \S+, row \S+: moved@acme.test in the table, newhome@acme.test in the pool$/m,
    );
    expect(out).toMatch(/^orphans +row \S+, subject \S+: unknown to the pool$/m);
    expect(out).toMatch(/10 people in the pool \(1 not confirmed\), 8 rows of theirs/);
    expect(out).toMatch(/Nothing was changed: --fix/);
    expect(err).toBe('');
  });

  it('mends what it is told to, in one go, and finds nothing the second time', async () => {
    world = await openReconciled();
    const people = await everyDifference();
    const first = await world.found('--fix', allFixes);
    expect(first).toMatchObject({ exit: 0, summary: { dryRun: false } });
    expect(first.differences.every(({ outcome }) => outcome === 'mended')).toBe(true);
    expect(await rowOf(people.missing)).toMatchObject({
      state: 'active',
      email: 'missing@acme.test',
      name: 'Mïssing 🦊👩‍👩‍👧',
    });
    expect(await rowOf(people.invited)).toMatchObject({ email: 'invited@acme.test' });
    expect(await rowOf(people.moved)).toMatchObject({ email: 'newhome@acme.test' });
    expect(await rowOf(people.disabledInPool)).toMatchObject({ state: 'disabled' });
    expect(await rowOf(people.orphan)).toMatchObject({ state: 'deleted' });
    const account = world.server.pool.accounts().find(({ sub }) => sub === people.disabledInTable);
    expect(account).toMatchObject({ enabled: false });
    const second = await world.run('--fix', allFixes);
    expect(second).toMatchObject({ exit: 0, out: expect.stringContaining('Pool and table agree.') });
  });

  it.each(['missing-rows', 'emails', 'disabled-in-pool', 'disabled-in-table', 'orphans'])(
    'mends %s alone when told so',
    async (kind) => {
      world = await openReconciled();
      await everyDifference();
      const { exit, differences } = await world.found('--fix', kind);
      expect(exit).toBe(4);
      for (const one of differences) expect(one.outcome, String(one.kind)).toBe(one.kind === kind ? 'mended' : 'found');
      const left = (await world.found()).differences;
      expect(kindsOf(left)).toEqual(allKinds.filter((other) => other !== kind));
    },
  );

  it('mends two differences of one person', async () => {
    world = await openReconciled();
    const sub = await world.inBoth({ email: 'ann@acme.test' });
    await world.setEmail(sub, 'new@acme.test');
    await world.disable(sub);
    expect(await world.found('--fix', 'disabled-in-pool,emails')).toMatchObject({ exit: 0 });
    expect(await rowOf(sub)).toMatchObject({ email: 'new@acme.test', state: 'disabled' });
  });

  it('links a legacy row as the policy allows, and leaves what the policy refuses', async () => {
    world = await openReconciled();
    await world.sql`insert into crossgate.users (id, email) values
      (gen_random_uuid(), 'Ann@acme.test'), (gen_random_uuid(), 'bob@globex.test')`;
    const ann = await world.inPool({ email: 'ann@acme.test' });
    const bob = await world.inPool({ email: 'bob@globex.test' });
    const eve = await world.inPool({ email: 'eve@acme.test' });
    await world.inBoth({ email: 'taken@acme.test' });
    await world.setEmail(eve, 'fresh@acme.test');
    await world.sql`update crossgate.users set email = 'FRESH@acme.test' where email = 'taken@acme.test'`;
    const { exit, differences } = await world.found('--fix', 'missing-rows');
    expect(exit).toBe(4);
    const became = (sub: string) => differences.find(({ subject }) => subject === sub);
    expect(became(ann)).toMatchObject({ outcome: 'mended' });
    expect(became(bob)).toMatchObject({ outcome: 'left', why: 'link_forbidden' });
    expect(became(eve)).toMatchObject({ outcome: 'left', why: 'email_taken' });
    expect(await world.sql`select from crossgate.users`).toHaveLength(3);
  });

  it('leaves an email that another row has', async () => {
    world = await openReconciled();
    const ann = await world.inBoth({ email: 'ann@acme.test' });
    await world.sql`insert into crossgate.users (id, email) values (gen_random_uuid(), 'NEW@acme.test')`;
    await world.setEmail(ann, 'new@acme.test');
    const { exit, differences } = await world.found('--fix', 'emails');
    expect([exit, differences]).toMatchObject([4, [{ kind: 'emails', outcome: 'left', why: 'email_taken' }]]);
    expect(await rowOf(ann)).toMatchObject({ email: 'ann@acme.test' });
  });

  it('marks no more orphans deleted than it may: so many at once may mean the wrong pool', async () => {
    world = await openReconciled();
    for (let i = 0; i < 5; i++) await world.remove(await world.inBoth({ email: `p${i}@acme.test` }));
    const { exit, summary, differences } = await world.found('--fix', 'orphans', '--max-orphans', '2');
    expect(exit).toBe(4);
    expect(summary).toMatchObject({ differences: { orphans: { found: 5, mended: 2 } } });
    expect(differences.filter(({ why }) => why === 'too_many')).toHaveLength(3);
    expect(await world.sql`select from crossgate.users where state = 'deleted'`).toHaveLength(2);
  });

  it('leaves alone what changed within the grace', async () => {
    world = await openReconciled();
    await world.inPool({ email: 'just@acme.test' });
    await world.remove(await world.inBoth({ email: 'alike@acme.test' }));
    const { exit, differences, summary } = await world.found('--fix', allFixes, '--grace', '5m');
    expect({ exit, differences }).toEqual({ exit: 0, differences: [] });
    expect(summary).toMatchObject({ recent: 2 });
    await world.sql`update crossgate.users set created_at = now() - interval '6 minutes'`;
    expect((await world.found('--grace', '5m')).differences).toMatchObject([{ kind: 'orphans' }]);
  });
});

describe('a users table of theirs', () => {
  const columns = { id: 'id', email: 'mail', name: 'name', state: 'standing' };
  const users = {
    table: 'people',
    idType: 'bigint',
    idDefault: 'database',
    columns,
    states: { active: ['on'], deleted: ['gone'] },
    linkLegacyRows: false,
  } as const;
  const ddl = [
    `create table public.people (id bigserial primary key, mail text, name text,
    standing text not null check (standing in ('on', 'gone', 'locked')))`,
  ];
  const theirs = { ddl, users: { ...users, states: { active: ['on'], deleted: ['gone'] } } };

  it('without a subject column is reconciled through crossgate.identities', async () => {
    world = await openReconciled({}, theirs);
    const orphan = await world.inBoth({ email: 'orphan@acme.test' });
    await world.remove(orphan);
    const missing = await world.inPool({ email: 'missing@acme.test' });
    await world.sql`insert into public.people (mail, standing) values ('legacy@acme.test', 'on')`;
    const { exit, differences, summary } = await world.found('--fix', 'missing-rows,orphans');
    expect([exit, kindsOf(differences)]).toEqual([0, ['missing-rows', 'orphans']]);
    expect(summary).toMatchObject({ waiting: 1, rows: 2 });
    expect(await rowOf(missing)).toMatchObject({ id: '3' });
    expect([...(await world.sql`select id, standing from public.people order by id`)]).toEqual([
      { id: '1', standing: 'gone' },
      { id: '2', standing: 'on' },
      { id: '3', standing: 'on' },
    ]);
  });

  it('keeps a row that has another identity beside the one that is gone', async () => {
    world = await openReconciled({}, theirs);
    const sub = await world.inBoth({ email: 'ann@acme.test' });
    await world.sql`insert into crossgate.identities (provider, subject, user_id) values ('other', 'ann', '1')`;
    await world.remove(sub);
    expect(await world.found('--fix', 'orphans')).toMatchObject({ exit: 0, differences: [] });
  });

  it('that takes no word for disabled is left as it is', async () => {
    world = await openReconciled({}, theirs);
    const sub = await world.inBoth({ email: 'ann@acme.test' });
    await world.disable(sub);
    const { exit, differences } = await world.found('--fix', 'disabled-in-pool');
    expect([exit, differences]).toMatchObject([4, [{ outcome: 'left', why: 'row_refused' }]]);
    expect(await rowOf(sub)).toMatchObject({ state: 'active' });
  });

  it('that says nothing of states differs in nothing there', async () => {
    const { state: __, ...stateless } = columns;
    world = await openReconciled(
      {},
      {
        ddl: ['create table public.people (id bigserial primary key, mail text, name text)'],
        users: { ...theirs.users, columns: stateless },
      },
    );
    await world.disable(await world.inBoth({ email: 'ann@acme.test' }));
    const orphan = await world.inBoth({ email: 'bob@acme.test' });
    await world.remove(orphan);
    const { exit, differences } = await world.found('--fix', allFixes);
    expect([exit, differences]).toMatchObject([4, [{ kind: 'orphans', outcome: 'left', why: 'not_mapped' }]]);
  });
});
