import { beforeEach, describe, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import { asSubject, asUserId } from '../../shared/identity.ts';
import type { SignInOutcome, UserDirectory } from '../../shared/users/directory.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import { createAnnouncer } from '../announce-sign-in.ts';
import { createPreTokenGeneration, type PreTokenGenerationOptions } from './pre-token-generation.ts';

const ann = { provider: 'cognito', subject: asSubject('ann-sub') };
const at = 1_735_689_600;
const event = {
  version: '2',
  triggerSource: 'TokenGeneration_Authentication',
  request: { userAttributes: { sub: ann.subject, email: 'ann@acme.test', email_verified: 'true', name: 'Ann' } },
  response: { claimsAndScopeOverrideDetails: null },
};
const away = () => Promise.reject(new Error('ECONNREFUSED'));

let people: MemoryDirectory;
let logged: Record<string, unknown>[];
beforeEach(() => {
  people = createMemoryDirectory({ providers: [{ id: 'cognito', trustedEmailDomains: [] }] });
  logged = [];
});

/** The trigger, with a queue that does as told. */
function trigger(send: () => Promise<void>, options: Partial<PreTokenGenerationOptions> = {}) {
  const log = (what: string, fields: object) => void logged.push({ event: what, ...fields });
  return createPreTokenGeneration({
    users: people,
    provider: 'cognito',
    onFailure: 'refuse',
    deadline: 1000,
    cacheFor: 30_000,
    claimBudget: 2048,
    announce: createAnnouncer({ send, provider: 'cognito', deadline: 20, clock: () => at, log }),
    log,
    ...options,
  });
}

const uidIn = (answer: object) => (/"uid":"([^"]+)"/.exec(JSON.stringify(answer)) ?? [])[1] ?? '';
const events = () => logged.map((line) => line.event);

describe('a sign-in that the queue did not take is written down by the trigger itself', () => {
  it.each<[string, () => Promise<void>]>([
    ['refuses', away],
    ['never answers', () => new Promise(() => {})],
  ])('where the queue %s', async (_, send) => {
    const uid = people.add({ identity: ann });
    expect(uidIn(await trigger(send)(event))).toBe(uid);
    expect(people.lastLogin(uid)).toBe(at);
    expect(events()).toEqual(['sign-in not announced', 'sign-in applied']);
    expect(JSON.stringify(logged)).not.toContain('ann@acme.test');
  });

  it('of somebody whose row it has just made, too', async () => {
    const uid = uidIn(await trigger(away)(event));
    expect(people.lastLogin(asUserId(uid))).toBe(at);
  });

  it('and an older one never over a newer one', async () => {
    const uid = people.add({ identity: ann });
    await people.recordSignIn(ann, { at: at + 5 });
    await trigger(away)(event);
    expect(people.lastLogin(uid)).toBe(at + 5);
  });

  it('but not one that the queue took, one that is no sign-in, or one that was refused', async () => {
    const uid = people.add({ identity: ann });
    await trigger(async () => {})(event);
    await trigger(away)({ ...event, triggerSource: 'TokenGeneration_RefreshTokens' });
    expect(people.lastLogin(uid)).toBeUndefined();

    const bob = people.add({ identity: { ...ann, subject: asSubject('bob-sub') }, state: 'disabled' });
    const his = { ...event, request: { userAttributes: { sub: 'bob-sub' } } };
    await expect(trigger(away)(his)).rejects.toThrow('This account is disabled.');
    expect(people.lastLogin(bob)).toBeUndefined();
  });
});

describe('a database that fails after it has said who it is', () => {
  const gone = new SsoError('directory_unavailable', 'recording', { cause: new Error('ECONNRESET') });
  const sqlError = (code: string) =>
    new SsoError('directory_unavailable', 'recording', { cause: Object.assign(new Error('no'), { code }) });
  const broken: readonly [string, () => Promise<SignInOutcome>][] = [
    ['breaks', () => Promise.reject(gone)],
    ['stops', () => Promise.reject(sqlError('57P01'))],
    ['says nothing more', () => new Promise(() => {})],
  ];
  const readOnly = () => Promise.reject(sqlError('25006'));

  it.each(broken)('because it %s: no token, as ever, so that the sign-in is tried again', async (_, recordSignIn) => {
    people.add({ identity: ann });
    const users: UserDirectory = { ...people, recordSignIn };
    const began = performance.now();
    await expect(trigger(away, { users, deadline: 100 })(event)).rejects.toThrow('Accounts cannot be read right now.');
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it.each([...broken, ['is read-only', readOnly]] as const)(
    'because it %s: the token all the same, whole, where that may be degraded',
    async (_, recordSignIn) => {
      const uid = people.add({ identity: ann });
      const users: UserDirectory = { ...people, recordSignIn };
      expect(uidIn(await trigger(away, { users, deadline: 100, onFailure: 'degrade' })(event))).toBe(uid);
    },
  );

  it('because it takes no writes keeps nobody out: a line has whose sign-in it was, and when', async () => {
    const uid = people.add({ identity: ann });
    const users: UserDirectory = { ...people, recordSignIn: readOnly };
    expect(uidIn(await trigger(away, { users })(event))).toBe(uid);
    expect(events()).toEqual(['sign-in not announced', 'sign-in not written down']);
    expect(logged[1]).toMatchObject({ ...ann, at });
    expect(JSON.stringify(logged)).not.toContain('ann@acme.test');
  });
});
