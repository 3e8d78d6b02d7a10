import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asSubject, type Identity, type UserId } from '../../shared/identity.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { usersTables } from '../../shared/users/tables.testing.ts';
import { openWorld, type World } from '../../shared/users/world.testing.ts';
import { writeSignInMessage } from '../sign-in-message.ts';
import { createPoisonNote } from './poison.ts';
import { createProfileUpdate, type ProfileUpdate, type ProfileUpdateOptions } from './profile-update.ts';

const now = 4_000_000_000;
const providers = [{ id: 'cognito', trustedEmailDomains: [] }];
const ann: Identity = { provider: 'cognito', subject: asSubject('ann-sub') };

let world: World;
let consume: ProfileUpdate;
let logged: Record<string, unknown>[];
let id: UserId;

beforeEach(async () => {
  const [own] = usersTables;
  if (!own) throw new Error('no users table');
  world = await openWorld(own);
  logged = [];
  consume = consumer(world.sql);
  id = await world.add({ identity: ann, email: 'ann@acme.test', name: 'Ann' });
});
afterEach(() => world.close());

function consumer(sql: postgres.Sql, options: Partial<ProfileUpdateOptions> = {}): ProfileUpdate {
  return createProfileUpdate({
    users: createPostgresDirectory(sql, { users: world.users, providers }),
    notePoison: createPoisonNote(sql),
    deadline: 3000,
    clock: () => now,
    log: (event, fields) => logged.push({ event, ...fields }),
    ...options,
  });
}

const said = (name: string, at: number, identity = ann) => {
  const attributes = { email: `${name}@acme.test`, emailVerified: true, name };
  return writeSignInMessage(identity, {
    id: `m-${name}`,
    at,
    attributes,
    trigger: 'PostAuthentication_Authentication',
  });
};
const batch = (...bodies: unknown[]) => ({ Records: bodies.map((body, i) => ({ messageId: `message-${i}`, body })) });
const failed = async (event: object, by = consume) =>
  (await by(event)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
const look = async () => {
  const [row] = await world.sql`
    select email, name, extract(epoch from last_login_at)::float8 as at
    from crossgate.users left join crossgate.people on user_id = users.id::text where users.id = ${id}`;
  return row;
};
const audited = async () => [...(await world.sql`select event, actor, details from crossgate.audit order by id`)];

describe('messages', () => {
  it('are applied once in effect, however often they come', async () => {
    expect(await failed(batch(said('anna', now), said('anna', now)))).toEqual([]);
    const first = await look();
    expect(await failed(batch(said('anna', now)))).toEqual([]);
    expect(await look()).toEqual(first);
    expect(first).toEqual({ email: 'anna@acme.test', name: 'anna', at: now });
    expect(await audited()).toHaveLength(1);
  });

  it('come out the same in any order', async () => {
    await failed(batch(said('b', now - 1), said('c', now), said('a', now - 2)));
    expect(await look()).toEqual({ email: 'c@acme.test', name: 'c', at: now });
  });

  it('come out the same when two functions work at once', async () => {
    const bodies = Array.from({ length: 10 }, (_, i) => said(`n${i}`, now - i));
    await Promise.all([failed(batch(...bodies)), failed(batch(...bodies.toReversed()))]);
    expect(await look()).toEqual({ email: 'n0@acme.test', name: 'n0', at: now });
  });

  it.each([
    ['SQL', `'); drop table crossgate.users; --`],
    ['emoji', 'Ann 🦊👩‍🚀'],
    ['quotes and backslashes', `O'Brien \\" $1 %s`],
  ])('may have %s in a name', async (_, name) => {
    const attributes = { emailVerified: false, name };
    const body = writeSignInMessage(ann, { id: 'm', at: now, attributes, trigger: 'x' });
    expect(await failed(batch(body))).toEqual([]);
    expect(await look()).toMatchObject({ name });
  });

  it('never bring anybody back', async () => {
    await world.sql`update crossgate.users set state = 'disabled' where id = ${id}`;
    expect(await failed(batch(said('anna', now)))).toEqual([]);
    expect(await look()).toEqual({ email: 'ann@acme.test', name: 'Ann', at: null });
    expect([...(await world.sql`select state from crossgate.users`)]).toEqual([{ state: 'disabled' }]);
  });
});

describe('a message that cannot be applied is the one that fails', () => {
  const nobody: Identity = { provider: 'cognito', subject: asSubject('nobody') };

  it('among others that can', async () => {
    const event = batch('no JSON', said('anna', now), said('x', now, nobody), undefined, said('b', now - 1));
    expect(await failed(event)).toEqual(['message-0', 'message-2', 'message-3']);
    expect(await look()).toMatchObject({ name: 'anna' });
    const reasons = logged.flatMap(({ messageId, reason }) => (reason === undefined ? [] : [{ messageId, reason }]));
    expect(reasons).toEqual([
      { messageId: 'message-0', reason: 'the body is no JSON' },
      { messageId: 'message-2', reason: 'nobody has the identity cognito nobody (message m-x)' },
      { messageId: 'message-3', reason: 'the body is no text' },
    ]);
  });

  it('all of them, without the function failing as a whole', async () => {
    expect(await failed(batch('a', 'b'))).toEqual(['message-0', 'message-1']);
  });

  it('with its reason in the audit trail, once however often it comes', async () => {
    for (let i = 0; i < 3; i += 1) await failed(batch(JSON.stringify({ v: 2 })));
    expect(await audited()).toEqual([
      {
        event: 'message.poisoned',
        actor: 'crossgate',
        details: { messageId: 'message-0', reason: 'v is 2, not 1' },
      },
    ]);
  });

  it('until the row is there', async () => {
    const late = said('late', now, nobody);
    expect(await failed(batch(late))).toEqual(['message-0']);
    await world.add({ identity: nobody, name: 'Late' });
    expect(await failed(batch(late))).toEqual([]);
    expect([...(await world.sql`select name from crossgate.users where subject = 'nobody'`)]).toEqual([
      { name: 'late' },
    ]);
  });

  it('also for a provider that is not configured', async () => {
    expect(await failed(batch(said('x', now, { ...ann, provider: 'evil' })))).toEqual(['message-0']);
    expect(await look()).toMatchObject({ name: 'Ann', at: null });
  });
});

describe('without a database', () => {
  it('all come again, and the rest of the batch is not tried', async () => {
    const gone = postgres('postgres://nobody@127.0.0.1:1/none', { max: 1, onnotice: () => {}, backoff: () => 0 });
    const event = batch(said('a', now), 'no JSON', said('b', now), said('c', now));
    expect(await failed(event, consumer(gone))).toEqual(['message-0', 'message-1', 'message-2', 'message-3']);
    const tried = logged.filter(({ reason }) => !String(reason).startsWith('not tried'));
    expect(tried).toMatchObject([{ messageId: 'message-0', reason: expect.stringContaining('ECONNREFUSED') }]);
    expect(JSON.stringify(logged)).not.toContain('acme.test');
    await gone.end({ timeout: 0 });
  });

  it('that answers too late they come again, within the deadline', async () => {
    const busy = postgres(world.url, { max: 1, onnotice: () => {} });
    const done = Promise.withResolvers<void>();
    const holding = busy.begin(() => done.promise); // the pool's only connection
    const began = performance.now();
    expect(await failed(batch(said('a', now), said('b', now)), consumer(busy, { deadline: 100 }))).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(1500);
    done.resolve();
    await holding;
    await busy.end();
  });

  it('a message that it cannot read is failed all the same', async () => {
    const gone = postgres('postgres://nobody@127.0.0.1:1/none', { max: 1, onnotice: () => {}, backoff: () => 0 });
    expect(await failed(batch('no JSON'), consumer(gone))).toEqual(['message-0']);
    expect(logged.map(({ event }) => event)).toEqual(['message poisoned', 'poisoned message not audited']);
    await gone.end({ timeout: 0 });
  });

  it('one message at which it fails does not take the others along', async () => {
    await world.sql.unsafe(`create function public.no() returns trigger language plpgsql as $$
      begin if new.user_id = '${id}' then raise exception 'no' using errcode = '42501'; end if; return new; end $$`);
    await world.sql`create trigger no before insert on crossgate.people for each row execute function public.no()`;
    const bob: Identity = { provider: 'cognito', subject: asSubject('bob-sub') };
    await world.add({ identity: bob, name: 'Bob' });
    expect(await failed(batch(said('anna', now), said('bobby', now, bob)))).toEqual(['message-0']);
    expect([...(await world.sql`select name from crossgate.users where subject = 'bob-sub'`)]).toEqual([
      { name: 'bobby' },
    ]);
  });
});
