import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asSubject, type Identity } from '../shared/identity.ts';
import { createPostgresDirectory } from '../shared/users/postgres.ts';
import { usersTables } from '../shared/users/tables.testing.ts';
import { openWorld, type World } from '../shared/users/world.testing.ts';
import { createPostConfirmation } from './post-confirmation/post-confirmation.ts';
import { createPreTokenGeneration } from './pre-token-generation/pre-token-generation.ts';

/** Post-confirmation and pre-token-generation over one users table: what one refuses the other doesn't allow. */
let world: World;
let logged: Record<string, unknown>[];
let takenBack: string[];

beforeEach(async () => {
  const [own] = usersTables;
  if (!own) throw new Error('no users table');
  world = await openWorld(own);
  logged = [];
  takenBack = [];
});
afterEach(() => world.close());

type Setting = { readonly sql?: postgres.Sql; readonly link?: boolean; readonly deadline?: number };

function triggers({ sql = world.sql, link = false, deadline = 3000 }: Setting = {}) {
  const users = createPostgresDirectory(sql, {
    users: { ...world.users, linkLegacyRows: link },
    providers: [{ id: 'cognito', trustedEmailDomains: ['acme.test'] }],
  });
  const log = (event: string, fields: object) => void logged.push({ event, ...fields });
  const shared = { users, provider: 'cognito', deadline, log };
  return {
    confirm: createPostConfirmation({
      ...shared,
      clock: () => 1,
      takeBack: async ({ userName }) => {
        takenBack.push(userName);
        return 'done';
      },
    }),
    token: createPreTokenGeneration({ ...shared, onFailure: 'refuse', cacheFor: 0, claimBudget: 2048 }),
  };
}

type Said = { readonly sub: string; readonly email?: string; readonly email_verified?: string; readonly name?: string };
const shared = (userAttributes: Said) => ({
  userPoolId: 'us-east-1_LocalDev0',
  userName: `user-${userAttributes.sub}`,
  request: { userAttributes },
  response: {},
});
const signUp = (said: Said) => ({ version: '1', triggerSource: 'PostConfirmation_ConfirmSignUp', ...shared(said) });
const reset = (said: Said) => ({ ...signUp(said), triggerSource: 'PostConfirmation_ConfirmForgotPassword' });
const sign = (said: Said) => ({ version: '2', triggerSource: 'TokenGeneration_HostedAuth', ...shared(said) });

const ann: Said = { sub: 'ann', email: 'ann@acme.test', email_verified: 'true', name: 'Ann' };
const identity = (subject: string): Identity => ({ provider: 'cognito', subject: asSubject(subject) });
const rows = async () => [
  ...(await world.sql<{ subject: string; email: string; state: string }[]>`
    select subject, email, state from crossgate.users order by subject`),
];
const conflict = 'Another account already uses this email address.';

describe('one row', () => {
  it('for a sign-up that is confirmed many times at once, and for the tokens beside it', async () => {
    const { confirm, token } = triggers();
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        i % 2 === 0 ? confirm(signUp(ann)) : (token(sign(ann)) as Promise<unknown>),
      ),
    );
    expect(await rows()).toEqual([{ subject: 'ann', email: 'ann@acme.test', state: 'active' }]);
    expect(logged.map(({ event }) => event)).toEqual(['users row created']);
  });

  it('for a reset after the sign-up', async () => {
    const { confirm } = triggers();
    await confirm(signUp(ann));
    await confirm(reset({ ...ann, email: 'other@acme.test' }));
    expect(await rows()).toEqual([{ subject: 'ann', email: 'ann@acme.test', state: 'active' }]);
  });

  it.each([
    ['SQL', `'); drop table crossgate.users; --`],
    ['NUL', 'Ann\0'],
    ['emoji', '🦊'.repeat(150)],
    ['100,000 characters', 'x'.repeat(100_000)],
  ])('for a name with %s', async (_, name) => {
    const { confirm } = triggers();
    await confirm(signUp({ ...ann, name }));
    expect(await rows()).toHaveLength(1);
  });
});

describe('what post-confirmation refuses', () => {
  it.each<[string, Setting, Said]>([
    ['the email of somebody else', { link: true }, { ...ann, sub: 'eve' }],
    ['the same in capitals', { link: true }, { ...ann, sub: 'eve', email: 'ANN@acme.test' }],
    ['the same, unverified', { link: true }, { ...ann, sub: 'eve', email_verified: 'false' }],
    ['a row from before, not to be linked', {}, { sub: 'eve', email: 'legacy@acme.test', email_verified: 'true' }],
    [
      'a row from before, unverified',
      { link: true },
      { sub: 'eve', email: 'legacy@acme.test', email_verified: 'false' },
    ],
    [
      'a row from before, of a domain not trusted',
      { link: true },
      { sub: 'eve', email: 'old@globex.test', email_verified: 'true' },
    ],
    ['a row that is disabled', { link: true }, { sub: 'eve', email: 'gone@acme.test', email_verified: 'true' }],
  ])('no token heals: %s', async (_, setting, eve) => {
    await world.add({ identity: identity('ann'), email: 'ann@acme.test' });
    await world.add({ email: 'legacy@acme.test' });
    await world.add({ email: 'old@globex.test' });
    await world.add({ email: 'gone@acme.test', state: 'disabled' });
    const before = await rows();
    const { confirm, token } = triggers(setting);
    await expect(confirm(signUp(eve))).rejects.toThrow(conflict);
    for (let i = 0; i < 2; i += 1) await expect(token(sign(eve))).rejects.toThrow(conflict);
    expect(await confirm(reset(eve))).toMatchObject({ userName: 'user-eve' });
    await expect(token(sign(eve))).rejects.toThrow(conflict);
    expect(await rows()).toEqual(before);
    expect(takenBack).toEqual(['user-eve']);
  });

  it('is linked instead where the configuration says so, once, and audited', async () => {
    const id = await world.add({ email: 'ann@acme.test' });
    const { confirm, token } = triggers({ link: true });
    await Promise.all([confirm(signUp(ann)), token(sign(ann)), confirm(signUp(ann))]);
    expect(await rows()).toEqual([{ subject: 'ann', email: 'ann@acme.test', state: 'active' }]);
    const audited = await world.sql`select event, subject from crossgate.audit`;
    expect([...audited]).toEqual([{ event: 'user.linked', subject: id }]);
    expect(takenBack).toEqual([]);
  });
});

describe.each(['disabled', 'deleted'] as const)('somebody who is %s', (state) => {
  it('gets nothing, and their row stays', async () => {
    await world.add({ identity: identity('ann'), email: 'ann@acme.test', state });
    const before = await rows();
    const { confirm, token } = triggers({ link: true });
    await expect(confirm(signUp(ann))).rejects.toThrow('This account is disabled.');
    expect(await confirm(reset(ann))).toMatchObject({ userName: 'user-ann' });
    await expect(token(sign(ann))).rejects.toThrow('This account is disabled.');
    expect(await rows()).toEqual(before);
    expect(takenBack).toEqual([]);
  });
});

it('a machine never gets a row', async () => {
  const machine = { ...sign({ sub: 'ann' }), version: '3', triggerSource: 'TokenGeneration_ClientCredentials' };
  expect(await triggers().token(machine)).toBe(machine);
  expect(await rows()).toEqual([]);
});

describe('without an answer', () => {
  it('of a pool whose connections are all taken, the deadline holds, and nothing is taken back', async () => {
    const busy = postgres(world.url, { max: 1, onnotice: () => {} });
    const done = Promise.withResolvers<void>();
    const holding = busy.begin(() => done.promise);
    const { confirm, token } = triggers({ sql: busy, deadline: 100 });
    const began = performance.now();
    await expect(confirm(signUp(ann))).rejects.toThrow('Accounts cannot be read right now.');
    await expect(token(sign(ann))).rejects.toThrow('Accounts cannot be read right now.');
    expect(await confirm(reset(ann))).toMatchObject({ userName: 'user-ann' });
    expect(performance.now() - began).toBeLessThan(1500);
    done.resolve();
    await holding;
    await busy.end();
    expect(takenBack).toEqual([]);
  });

  it.each([
    ['a server that is down', () => 'postgres://nobody@127.0.0.1:1/none'],
    ['a password that is wrong', () => Object.assign(new URL(world.url), { username: 'nobody', password: 'x' }).href],
  ])('of %s, the person reads nothing of the inside', async (_, url) => {
    const gone = postgres(url(), { max: 1, onnotice: () => {}, backoff: () => 0 });
    const { confirm } = triggers({ sql: gone });
    await expect(confirm(signUp(ann))).rejects.toThrow(/^Accounts cannot be read right now\.$/);
    expect(logged).toMatchObject([{ event: 'post-confirmation failed', code: 'directory_unavailable' }]);
    expect(takenBack).toEqual([]);
    await gone.end({ timeout: 0 });
  });

  it('whether the insert was committed, the row that is there serves the next sign-in', async () => {
    const slow = postgres(world.url, { max: 1, onnotice: () => {} });
    // commits, but only after the trigger has given up
    await world.sql.unsafe(`create function public.slow() returns trigger language plpgsql as $$
      begin perform pg_sleep(0.3); return new; end $$;
      create trigger slow before insert on crossgate.users for each row execute function public.slow()`);
    const { confirm } = triggers({ sql: slow, deadline: 50 });
    await expect(confirm(signUp(ann))).rejects.toThrow('Accounts cannot be read right now.');
    await slow.end();
    expect(takenBack).toEqual([]);
    expect(await rows()).toHaveLength(1);
    await expect(triggers().token(sign(ann))).resolves.toBeDefined();
    expect(await rows()).toHaveLength(1);
  });
});
