import { beforeEach, describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { asSubject } from '../../shared/identity.ts';
import type { UserDirectory } from '../../shared/users/directory.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import { type AnnounceSignIn, createAnnouncer } from '../announce-sign-in.ts';
import { createPreTokenGeneration, type PreTokenGenerationOptions } from './pre-token-generation.ts';

const ann = { provider: 'cognito', subject: asSubject('ann-sub') };
const roles = ['admin'];
const permissions = ['notes:read', 'notes:write'];

let people: MemoryDirectory;
let logged: Record<string, unknown>[];

beforeEach(() => {
  people = createMemoryDirectory({ providers: [{ id: 'cognito', trustedEmailDomains: [] }] });
  logged = [];
});

function trigger(options: Partial<PreTokenGenerationOptions> = {}) {
  return createPreTokenGeneration({
    users: people,
    provider: 'cognito',
    onFailure: 'refuse',
    deadline: 1000,
    cacheFor: 30_000,
    claimBudget: 2048,
    log: (event, fields) => logged.push({ event, ...fields }),
    ...options,
  });
}

function event(version: string, overrides: object = {}) {
  return {
    version,
    triggerSource: 'TokenGeneration_HostedAuth',
    region: 'us-east-1',
    userPoolId: 'us-east-1_LocalDev0',
    userName: 'ann',
    callerContext: { awsSdkVersion: 'x', clientId: 'web' },
    request: {
      userAttributes: { sub: 'ann-sub', email: 'ann@acme.test', email_verified: 'true', name: 'Ann' },
      groupConfiguration: { groupsToOverride: ['staff'], iamRolesToOverride: [], preferredRole: null },
    },
    response: version === '1' ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
    ...overrides,
  };
}

const both = (claims: object) => ({
  claimsAndScopeOverrideDetails: {
    idTokenGeneration: { claimsToAddOrOverride: claims },
    accessTokenGeneration: { claimsToAddOrOverride: claims },
  },
});

describe('the claims', () => {
  it.each(['2', '3'])('V%s: lists, in both tokens, and nothing said of groups or scopes', async (version) => {
    const uid = people.add({ identity: ann, roles, permissions });
    const input = event(version);
    const output = await trigger()(input);
    expect(output).toEqual({ ...input, response: both({ uid, roles, permissions, perm_v: 1 }) });
  });

  it('V1: strings alone', async () => {
    const uid = people.add({ identity: ann, roles: ['admin', 'editor'], permissions });
    const output = await trigger()(event('1'));
    expect(output).toMatchObject({
      response: {
        claimsOverrideDetails: {
          claimsToAddOrOverride: { uid, roles: 'admin editor', permissions: 'notes:read notes:write', perm_v: '1' },
        },
      },
    });
  });

  it('what an earlier response said is replaced whole', async () => {
    people.add({ identity: ann });
    const output = (await trigger()(
      event('2', { response: { claimsAndScopeOverrideDetails: { groupOverrideDetails: {} } } }),
    )) as {
      response: { claimsAndScopeOverrideDetails: object };
    };
    expect(output.response.claimsAndScopeOverrideDetails).not.toHaveProperty('groupOverrideDetails');
  });

  it('attributes that look like our claims don’t become claims', async () => {
    const uid = people.add({ identity: ann });
    const attributes = {
      sub: 'ann-sub',
      uid: 'evil',
      roles: 'admin',
      'custom:uid': 'evil',
      permissions: 'users:manage',
    };
    const output = await trigger()(event('2', { request: { userAttributes: attributes } }));
    expect(output).toMatchObject({ response: both({ uid, roles: [], permissions: [], perm_v: 1 }) });
  });
});

describe('the budget of claims', () => {
  const many = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}-${i}:read`);

  it.each(['2', '3'])('V%s: 400 permissions are left out whole, and a log line says so', async (version) => {
    const uid = people.add({ identity: ann, roles, permissions: many(400, 'resource') });
    const generation = { claimsToAddOrOverride: { uid, roles, perm_v: 1 }, claimsToSuppress: ['permissions'] };
    expect(await trigger()(event(version))).toMatchObject({
      response: {
        claimsAndScopeOverrideDetails: { idTokenGeneration: generation, accessTokenGeneration: generation },
      },
    });
    expect(logged).toMatchObject([{ event: 'claims left out of a token', uid, leftOut: ['permissions'] }]);
  });

  it('V1: the same, as strings', async () => {
    const uid = people.add({ identity: ann, roles, permissions: many(400, 'resource') });
    expect(await trigger()(event('1'))).toMatchObject({
      response: {
        claimsOverrideDetails: {
          claimsToAddOrOverride: { uid, roles: 'admin', perm_v: '1' },
          claimsToSuppress: ['permissions'],
        },
      },
    });
  });

  it('300 roles are left out too: who they are stays', async () => {
    const uid = people.add({ identity: ann, roles: many(300, 'team'), permissions });
    const generation = { claimsToAddOrOverride: { uid, perm_v: 1 }, claimsToSuppress: ['roles', 'permissions'] };
    expect(await trigger()(event('2'))).toMatchObject({
      response: { claimsAndScopeOverrideDetails: { idTokenGeneration: generation } },
    });
  });
});

describe('who gets a row', () => {
  it('a person without one, once', async () => {
    const run = trigger();
    const [first, second] = await Promise.all([run(event('2')), run(event('2'))]);
    expect(first).toEqual(second);
    const person = await people.findByIdentity(ann);
    expect(person).toMatchObject({ email: 'ann@acme.test', name: 'Ann', state: 'active' });
  });

  it('never a machine, whose token stays as it is', async () => {
    const input = event('3', { triggerSource: 'TokenGeneration_ClientCredentials', request: { scopes: ['api/read'] } });
    expect(await trigger()(input)).toEqual(input);
    expect(await people.findByIdentity(ann)).toBeUndefined();
  });

  it('nobody whose email belongs to somebody else', async () => {
    people.add({ identity: { provider: 'cognito', subject: asSubject('other') }, email: 'ann@acme.test' });
    await expect(trigger()(event('2'))).rejects.toThrow('Another account already uses this email address.');
  });
});

describe('who gets no token', () => {
  it.each(['disabled', 'deleted'] as const)('somebody who is %s, degraded or not', async (state) => {
    people.add({ identity: ann, state });
    for (const onFailure of ['refuse', 'degrade'] as const) {
      await expect(trigger({ onFailure })(event('2'))).rejects.toThrow('This account is disabled.');
    }
  });

  it('somebody disabled between two tokens, though remembered', async () => {
    const uid = people.add({ identity: ann, roles });
    const run = trigger();
    await run(event('2'));
    people.change(uid, { state: 'disabled' });
    await expect(run(event('2', { triggerSource: 'TokenGeneration_RefreshTokens' }))).rejects.toThrow('disabled');
  });
});

describe('what is remembered', () => {
  it('roles, until the permission version moves', async () => {
    const uid = people.add({ identity: ann, roles });
    let reads = 0;
    const counted: UserDirectory = {
      ...people,
      findByIdentity: (identity) => {
        reads += 1;
        return people.findByIdentity(identity);
      },
    };
    const run = trigger({ users: counted });
    await run(event('2'));
    await run(event('2'));
    expect(reads).toBe(1);
    people.change(uid, { roles: [] });
    expect(await run(event('2'))).toMatchObject({ response: both({ uid, roles: [], permissions: [], perm_v: 2 }) });
    expect(reads).toBe(2);
  });
});

describe('when the directory can’t answer', () => {
  const down: UserDirectory = {
    ...createMemoryDirectory(),
    findByIdentity: () => Promise.reject(new SsoError('directory_unavailable', 'connect ECONNREFUSED 10.1.2.3:5432')),
  };

  it('refuses by default, in words that give nothing away', async () => {
    const failure = await trigger({ users: down })(event('2')).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).toBe('Refused: Accounts cannot be read right now.');
    expect((failure as Error).stack).toBe('');
    expect(logged).toMatchObject([{ event: 'pre-token-generation failed', code: 'directory_unavailable' }]);
  });

  it.each([
    ['1', { claimsOverrideDetails: { claimsToSuppress: ['uid', 'roles', 'permissions', 'perm_v'] } }],
    [
      '2',
      {
        claimsAndScopeOverrideDetails: {
          idTokenGeneration: { claimsToSuppress: ['uid', 'roles', 'permissions', 'perm_v'] },
          accessTokenGeneration: { claimsToSuppress: ['uid', 'roles', 'permissions', 'perm_v'] },
        },
      },
    ],
  ])('V%s under degrade: a token that says nothing of the person', async (version, response) => {
    expect(await trigger({ users: down, onFailure: 'degrade' })(event(version))).toMatchObject({ response });
  });

  it('gives up at its own deadline', async () => {
    const hanging: UserDirectory = { ...down, findByIdentity: () => new Promise(() => {}) };
    await expect(trigger({ users: hanging, deadline: 5 })(event('2'))).rejects.toThrow(
      'Accounts cannot be read right now.',
    );
  });
});

describe('telling of a sign-in', () => {
  const told: string[] = [];
  const announce: AnnounceSignIn = async ({ subject }, source) => {
    told.push(`${subject} ${source}`);
    return undefined;
  };
  beforeEach(() => {
    told.length = 0;
  });

  it.each([
    'TokenGeneration_HostedAuth',
    'TokenGeneration_Authentication',
    'TokenGeneration_NewPasswordChallenge',
    'TokenGeneration_AuthenticateDevice',
  ])('happens for %s', async (triggerSource) => {
    await trigger({ announce })(event('2', { triggerSource }));
    expect(told).toEqual([`ann-sub ${triggerSource}`]);
  });

  it.each(['TokenGeneration_RefreshTokens', 'TokenGeneration_ClientCredentials', 'TokenGeneration_SomethingNew'])(
    'does not for %s',
    async (triggerSource) => {
      await trigger({ announce })(event('3', { triggerSource }));
      expect(told).toEqual([]);
    },
  );

  it('begins before the directory has answered', async () => {
    const reading = Promise.withResolvers<void>();
    const slow: UserDirectory = {
      ...people,
      findByIdentity: async (identity) => {
        await reading.promise;
        return people.findByIdentity(identity);
      },
    };
    const answer = trigger({ users: slow, announce })(event('2'));
    expect(told).toHaveLength(1);
    reading.resolve();
    await answer;
  });

  it('is waited for, also where there is no token', async () => {
    const sending = Promise.withResolvers<undefined>();
    people.add({ identity: ann, state: 'disabled' });
    let isAnswered = false;
    const answer = trigger({ announce: () => sending.promise })(event('2')).finally(() => {
      isAnswered = true;
    });
    answer.catch(() => {});
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    expect(isAnswered).toBe(false);
    sending.resolve(undefined);
    await expect(answer).rejects.toThrow('This account is disabled.');
  });

  it.each<[string, () => Promise<void>]>([
    ['fails', () => Promise.reject(new Error('AccessDenied'))],
    ['never ends', () => new Promise(() => {})],
  ])('takes nothing from the token when the queue %s, within its deadline', async (_, send) => {
    const log = (what: string, fields: object) => void logged.push({ event: what, ...fields });
    const failing = createAnnouncer({ send, provider: 'cognito', deadline: 20, clock: () => 1, log });
    const uid = people.add({ identity: ann });
    const began = performance.now();
    const answer = await trigger({ announce: failing })(event('2'));
    expect(performance.now() - began).toBeLessThan(500);
    expect(answer).toMatchObject({ response: both({ uid, roles: [], permissions: [], perm_v: 1 }) });
    expect(logged).toMatchObject([{ event: 'sign-in not announced' }, { event: 'sign-in applied' }]);
  });
});

describe('events that are none', () => {
  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['another trigger', event('2', { triggerSource: 'PostConfirmation_ConfirmSignUp' })],
    ['an unknown version', event('4')],
    ['no attributes', event('2', { request: {} })],
    ['attributes as a list', event('2', { request: { userAttributes: [] } })],
    ['no sub', event('2', { request: { userAttributes: { email: 'a@b' } } })],
  ])('%s: refused without details', async (_, input) => {
    await expect(trigger()(input)).rejects.toThrow('Something went wrong on our side.');
  });
});
