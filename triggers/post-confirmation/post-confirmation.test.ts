import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { asSubject } from '../../shared/identity.ts';
import type { HealRefusal, UserDirectory } from '../../shared/users/directory.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import type { PoolUser } from './pool-users.ts';
import { createPostConfirmation, type PostConfirmationOptions } from './post-confirmation.ts';

const now = 1_735_689_600;
const ann = { provider: 'cognito', subject: asSubject('ann-sub') };
const google = { provider: 'cognito', subject: asSubject('b4e8f4c8-2022-7002-8bcd-bbbbbbbbbbbb') };

let people: MemoryDirectory;
let logged: Record<string, unknown>[];
let takenBack: PoolUser[];
beforeEach(() => {
  people = createMemoryDirectory({ providers: [{ id: 'cognito', trustedEmailDomains: [] }] });
  logged = [];
  takenBack = [];
});

const takeBack = async (user: PoolUser) => {
  takenBack.push(user);
  return 'done' as const;
};
const trigger = (options: Partial<PostConfirmationOptions> = {}) =>
  createPostConfirmation({
    users: people,
    provider: 'cognito',
    deadline: 1000,
    clock: () => now,
    log: (event, fields) => logged.push({ event, ...fields }),
    ...options,
  });

function event(what: 'ConfirmSignUp' | 'ConfirmForgotPassword', attributes: object = {}) {
  return {
    version: '1',
    triggerSource: `PostConfirmation_${what}`,
    region: 'us-east-1',
    userPoolId: 'us-east-1_LocalDev0',
    userName: 'ann',
    callerContext: { awsSdkVersion: 'x', clientId: 'web' },
    request: {
      userAttributes: {
        sub: 'ann-sub',
        'cognito:user_status': 'CONFIRMED',
        email: 'ann@acme.test',
        email_verified: 'true',
        name: 'Ann',
        ...attributes,
      },
    },
    response: {},
  };
}
const signUp = event('ConfirmSignUp');
const reset = event('ConfirmForgotPassword');
const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../events/post-confirmation-${name}.json`, import.meta.url), 'utf8'));

/** A directory whose one method does something else. */
const but = (changes: Partial<UserDirectory>): UserDirectory => ({ ...people, ...changes });
const refusing = (why: HealRefusal) => but({ heal: async () => ({ kind: 'refused', why }) });
const down = () => Promise.reject(new SsoError('directory_unavailable', 'connect ECONNREFUSED 10.1.2.3:5432'));
const never = () => new Promise<never>(() => {});

describe('signing up', () => {
  it('makes the row, and hands the event back as it was', async () => {
    expect(await trigger()(signUp)).toBe(signUp);
    expect(await people.findByIdentity(ann)).toMatchObject({ email: 'ann@acme.test', name: 'Ann', state: 'active' });
  });

  it('makes one row, though the pool asks twice', async () => {
    const run = trigger();
    await Promise.all([run(signUp), run(signUp)]);
    await run(signUp);
    expect(people.count(() => true)).toBe(1);
    expect(logged).toMatchObject([{ event: 'users row created' }]);
  });

  it('is no sign-in yet', async () => {
    await trigger()(signUp);
    const person = await people.findByIdentity(ann);
    expect(person && people.lastLogin(person.id)).toBeUndefined();
  });

  it.each<[HealRefusal, string]>([
    ['email_taken', 'Another account already uses this email address.'],
    ['link_forbidden', 'Another account already uses this email address.'],
    ['ambiguous', 'Another account already uses this email address.'],
    ['row_incomplete', 'Something went wrong on our side.'],
  ])('that is refused for %s says so in words fit for a person', async (why, says) => {
    const failure = await trigger({ users: refusing(why) })(signUp).catch((error: Error) => error);
    expect(String(failure)).toBe(`Refused: ${says}`);
    expect(failure).toHaveProperty('stack', '');
    expect(logged).toMatchObject([{ event: 'post-confirmation failed', reason: `no row: ${why}` }]);
  });

  it.each(['disabled', 'deleted'] as const)('of somebody who is %s is refused, and nothing written', async (state) => {
    const id = people.add({ identity: ann, state, name: 'Before' });
    await expect(trigger({ takeBack })(signUp)).rejects.toThrow('This account is disabled.');
    expect(await people.findById(id)).toMatchObject({ state, name: 'Before' });
    expect(takenBack).toEqual([]);
  });

  it.each<[string, UserDirectory['heal'], string]>([
    ['a database that is down', down, 'Accounts cannot be read right now.'],
    ['a database that says nothing', never, 'Accounts cannot be read right now.'],
    ['a mistake of ours', () => Promise.reject(new TypeError('x of undefined')), 'Something went wrong on our side.'],
  ])('with %s is refused within the deadline, in words that give nothing away', async (_, heal, says) => {
    const began = performance.now();
    await expect(trigger({ users: but({ heal }), deadline: 20 })(signUp)).rejects.toThrow(new RegExp(`^${says}$`));
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('the first sign-in by another provider', () => {
  it('makes the row and is written down', async () => {
    await trigger()(recorded('federated'));
    const person = await people.findByIdentity(google);
    expect(person).toMatchObject({ email: 'gia@example.com', name: 'Gia Example' });
    expect(person && people.lastLogin(person.id)).toBe(now);
  });

  it.each<[string, UserDirectory['recordSignIn']]>([
    ['fails', down],
    ['never ends', never],
  ])('succeeds though writing it down %s: the row is there', async (_, recordSignIn) => {
    const confirmed = recorded('federated');
    expect(await trigger({ users: but({ recordSignIn }), deadline: 50 })(confirmed)).toBe(confirmed);
    expect(await people.findByIdentity(google)).toBeDefined();
    expect(logged).toMatchObject([{ event: 'users row created' }, { event: 'sign-in not written down' }]);
  });
});

describe('resetting a password', () => {
  it('makes no second row', async () => {
    const id = people.add({ identity: ann, email: 'ann@acme.test' });
    expect(await trigger()(reset)).toBe(reset);
    expect(await people.findByIdentity(ann)).toMatchObject({ id });
    expect(people.count(() => true)).toBe(1);
  });

  it('makes the row of somebody whom an administrator created', async () => {
    await trigger()(reset);
    expect(await people.findByIdentity(ann)).toBeDefined();
  });

  it.each(['disabled', 'deleted'] as const)('of somebody who is %s changes nothing', async (state) => {
    const id = people.add({ identity: ann, state, name: 'Before' });
    const before = await people.findById(id);
    expect(await trigger({ takeBack })(reset)).toBe(reset);
    expect(await people.findById(id)).toEqual(before);
    expect(people.count(() => true)).toBe(1);
  });

  it.each<[string, UserDirectory['heal']]>([
    ['the row is refused', async () => ({ kind: 'refused', why: 'email_taken' })],
    ['the database is down', down],
    ['the database says nothing', never],
  ])('never fails, though %s: the new password holds already', async (_, heal) => {
    expect(await trigger({ users: but({ heal }), deadline: 20, takeBack })(reset)).toBe(reset);
    expect(logged).toHaveLength(1);
    expect(takenBack).toEqual([]);
  });
});

describe('taking back', () => {
  it.each<[string, string]>([
    ['sign-up', '5478c4d8-0011-7001-9eea-aaaaaaaaaaaa'],
    ['federated', 'Google_100000000000000000001'],
  ])('a refused %s names the profile as the pool does', async (name, userName) => {
    const run = trigger({ users: refusing('email_taken'), takeBack });
    await expect(run(recorded(name))).rejects.toThrow('Another account already uses this email address.');
    expect(takenBack).toEqual([{ userPoolId: 'us-east-1_EXAMPLE00', userName }]);
    expect(logged).toMatchObject([{ event: 'sign-up taken back', outcome: 'done' }, { code: 'account_conflict' }]);
  });

  it.each<[string, UserDirectory['heal']]>([
    ['a deadline', never],
    ['a lost connection', () => Promise.reject(new SsoError('directory_unavailable', 'CONNECTION_CLOSED'))],
    ['a statement that took too long', () => Promise.reject(new SsoError('directory_unavailable', '57014'))],
    ['a provider that is not configured', () => Promise.reject(new SsoError('unknown_provider', 'x'))],
    ['a mistake of ours', () => Promise.reject(new TypeError('x of undefined'))],
  ])('never happens after %s: the row may be there', async (_, heal) => {
    await expect(trigger({ users: but({ heal }), takeBack, deadline: 20 })(signUp)).rejects.toThrow();
    expect(takenBack).toEqual([]);
  });

  it.each<[string, UserDirectory['findByIdentity']]>([
    ['the row is there by now', async () => people.findByIdentity(ann)],
    ['nobody knows whether it is', down],
    ['nobody says whether it is', never],
  ])('does not happen where %s', async (_, findByIdentity) => {
    people.add({ identity: ann });
    const { heal } = refusing('email_taken');
    const run = trigger({ users: but({ heal, findByIdentity }), takeBack, deadline: 50 });
    await expect(run(signUp)).rejects.toThrow('Another account already uses this email address.');
    expect(takenBack).toEqual([]);
    expect(logged).toMatchObject([{ event: 'sign-up not taken back' }, { code: 'account_conflict' }]);
  });

  it.each<[string, object]>([
    ['an own profile that another identity was linked to', { identities: '[{"userId":"1","primary":false}]' }],
    ['an external profile with two identities', { 'cognito:user_status': 'EXTERNAL_PROVIDER', identities: '[{},{}]' }],
    ['a profile with identities that cannot be read', { identities: '[{' }],
    ['a profile with identities that are no list', { identities: '{"userId":"1"}' }],
  ])('never touches %s: it was there before', async (_, attributes) => {
    const run = trigger({ users: refusing('email_taken'), takeBack });
    await expect(run(event('ConfirmSignUp', attributes))).rejects.toThrow();
    expect(takenBack).toEqual([]);
  });

  it.each<[string, object]>([
    ['none', {}],
    ['an empty list', { identities: '[]' }],
    ['an empty text', { identities: '' }],
  ])('takes a profile with %s for identities for an own one', async (_, attributes) => {
    const run = trigger({ users: refusing('email_taken'), takeBack });
    await expect(run(event('ConfirmSignUp', attributes))).rejects.toThrow();
    expect(takenBack).toEqual([{ userPoolId: 'us-east-1_LocalDev0', userName: 'ann' }]);
  });

  it('that fails is logged, and the person still reads why', async () => {
    const failing = () => Promise.reject(new Error('AccessDeniedException'));
    const run = trigger({ users: refusing('email_taken'), takeBack: failing });
    await expect(run(signUp)).rejects.toThrow('Another account already uses this email address.');
    expect(logged).toMatchObject([{ event: 'sign-up not taken back' }, { code: 'account_conflict' }]);
  });

  it('does not happen unless configured', async () => {
    await expect(trigger({ users: refusing('email_taken') })(signUp)).rejects.toThrow();
    expect(logged).toHaveLength(1);
  });
});

describe('events that are none', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['another trigger', { ...signUp, triggerSource: 'PreSignUp_SignUp' }],
    ['no pool', { ...signUp, userPoolId: undefined }],
    ['no name', { ...signUp, userName: '' }],
    ['no sub', event('ConfirmSignUp', { sub: '' })],
    ['attributes as a list', { ...signUp, request: { userAttributes: [] } }],
  ])('%s: refused without details', async (_, input) => {
    await expect(trigger({ takeBack })(input)).rejects.toThrow(/^Something went wrong on our side\.$/);
    expect(people.count(() => true)).toBe(0);
    expect(takenBack).toEqual([]);
  });
});
