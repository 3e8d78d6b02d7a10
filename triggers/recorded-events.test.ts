import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { asSubject } from '../shared/identity.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../shared/users/memory.ts';
import { parseAuthenticationEvent, parseConfirmationEvent, parseTokenEvent } from './cognito-events.ts';
import { createPostAuthentication } from './post-authentication/post-authentication.ts';
import { createPostConfirmation } from './post-confirmation/post-confirmation.ts';
import { createPreTokenGeneration } from './pre-token-generation/pre-token-generation.ts';
import { createProfileUpdate } from './profile-update/profile-update.ts';

const native = '5478c4d8-0011-7001-9eea-aaaaaaaaaaaa';
const google = 'b4e8f4c8-2022-7002-8bcd-bbbbbbbbbbbb';
const folder = new URL('./events/', import.meta.url);
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as { request?: unknown };

/** Who signs in by the event, as far as the directory hears of it; what each trigger makes of it. */
type Outcome = {
  readonly reads: 'token' | 'confirmation' | 'authentication' | 'nothing';
  readonly subject?: string;
  /** Whether the queue hears of it. */
  readonly announced?: boolean;
  readonly email?: string;
  readonly name?: string;
};

const zoe = { subject: native, email: 'zoe@example.com', name: 'Zoë Example 🦊' } as const;
const gia = { subject: google, email: 'gia@example.com', name: 'Gia Example' } as const;
const signIn = { reads: 'token', announced: true, ...zoe } as const;
const refresh = { ...signIn, announced: false } as const;
const unnamed = { reads: 'token', announced: true, subject: native, email: 'zoe@example.com' } as const;
const machine = { reads: 'token' } as const;

const outcomes: Readonly<Record<string, Outcome>> = {
  'pre-sign-up-external-provider': { reads: 'nothing' },
  'post-confirmation-sign-up': { reads: 'confirmation', ...zoe },
  'post-confirmation-federated': { reads: 'confirmation', ...gia },
  'post-confirmation-linked': { reads: 'confirmation', ...zoe },
  'post-confirmation-forgot-password': { reads: 'confirmation', ...zoe },
  'post-authentication': { reads: 'authentication', announced: true, ...zoe },
  'post-authentication-federated': { reads: 'authentication', announced: true, ...gia },
  'token-hosted-auth-v1': signIn,
  'token-hosted-auth-v2': { ...signIn, ...gia },
  'token-hosted-auth-v3': signIn,
  'token-authentication-v1': signIn,
  'token-authentication-v2': signIn,
  'token-authentication-v3': signIn,
  'token-new-password-challenge-v1': unnamed,
  'token-new-password-challenge-v2': unnamed,
  'token-new-password-challenge-v3': unnamed,
  'token-authenticate-device-v1': signIn,
  'token-authenticate-device-v2': signIn,
  'token-authenticate-device-v3': unnamed,
  'token-refresh-tokens-v1': refresh,
  'token-refresh-tokens-v2': refresh,
  'token-refresh-tokens-v3': refresh,
  'token-client-credentials-v3': machine,
  'token-client-credentials-v3-lists': machine,
  'sqs-sign-ins': { reads: 'nothing' },
};

let people: MemoryDirectory;
let announced: string[];
const log = () => {};
beforeEach(() => {
  people = createMemoryDirectory({ providers: [{ id: 'cognito', trustedEmailDomains: [] }] });
  announced = [];
});

const announce = async ({ subject }: { subject: string }) => void announced.push(subject);
const triggers = {
  token: () =>
    createPreTokenGeneration({
      users: people,
      provider: 'cognito',
      onFailure: 'refuse',
      deadline: 1000,
      cacheFor: 0,
      claimBudget: 2048,
      announce,
      log,
    }),
  confirmation: () =>
    createPostConfirmation({ users: people, provider: 'cognito', deadline: 1000, clock: () => 1735689600, log }),
  authentication: () => createPostAuthentication({ announce, log }),
};
const parsers = {
  token: parseTokenEvent,
  confirmation: parseConfirmationEvent,
  authentication: parseAuthenticationEvent,
};
const kinds = ['token', 'confirmation', 'authentication'] as const;

it('every recorded event has its outcome here', () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
  expect(names.sort()).toEqual(Object.keys(outcomes).sort());
});

it('no recorded event has anybody real in it', () => {
  for (const name of Object.keys(outcomes)) {
    const text = readFileSync(new URL(`${name}.json`, folder), 'utf8');
    const addresses: string[] = text.match(/[\w.+-]+@[\w.-]+/g) ?? [];
    expect(addresses.filter((address) => !address.endsWith('@example.com'))).toEqual([]);
    const accounts: string[] = text.match(/\b\d{12}\b(?=:)/g) ?? [];
    expect(accounts.filter((account) => account !== '111122223333')).toEqual([]);
  }
});

describe.each(Object.entries(outcomes))('%s', (name, outcome) => {
  it('is read by its own parser alone', () => {
    for (const kind of kinds) {
      if (kind === outcome.reads) expect(() => parsers[kind](read(name))).not.toThrow();
      else expect(() => parsers[kind](read(name))).toThrow(/^(triggerSource|event)$/);
    }
  });

  it('goes through its trigger with its own response, and whom it is of', async () => {
    if (outcome.reads === 'nothing') return;
    const event = read(name);
    const answer = (await triggers[outcome.reads]()(event)) as { request?: unknown; response?: unknown };
    expect(answer.request).toEqual(event.request);
    if (outcome.reads !== 'token' || !outcome.subject) expect(answer).toEqual(event);
    expect(announced).toEqual(outcome.announced ? [outcome.subject] : []);
    if (outcome.reads === 'authentication') return;
    const identity = { provider: 'cognito', subject: asSubject(outcome.subject ?? '') };
    const person = await people.findByIdentity(identity);
    expect({ email: person?.email, name: person?.name }).toEqual({ email: outcome.email, name: outcome.name });
    expect(people.count(() => true)).toBe(outcome.subject ? 1 : 0);
  });

  it('is refused by every other trigger, in words that give nothing away; post-authentication hands it back', async () => {
    for (const kind of kinds.filter((one) => one !== outcome.reads)) {
      const event = read(name);
      if (kind === 'authentication') expect(await triggers[kind]()(event)).toBe(event);
      else await expect(triggers[kind]()(event)).rejects.toThrow(/^Something went wrong on our side\.$/);
    }
    expect(announced).toEqual([]);
    expect(people.count(() => true)).toBe(0);
  });
});

it('whose profile a confirmation is of', () => {
  const profile = (name: string) => parseConfirmationEvent(read(name)).profile;
  expect(profile('post-confirmation-sign-up')).toBe('native');
  expect(profile('post-confirmation-federated')).toBe('external');
  expect(profile('post-confirmation-linked')).toBe('linked');
});

it('sqs-sign-ins: the two that say the same are applied once, the older one changes nothing, the rest come again', async () => {
  const identity = { provider: 'cognito', subject: asSubject(native) };
  const id = people.add({ identity, email: 'old@example.com', name: 'Before' });
  const poisoned: string[] = [];
  const consume = createProfileUpdate({
    users: people,
    notePoison: async (messageId, reason) => void poisoned.push(`${messageId.at(-1)} ${reason}`),
    deadline: 1000,
    clock: () => 1735689601,
    log,
  });
  const failed = (await consume(read('sqs-sign-ins'))).batchItemFailures.map((one) => one.itemIdentifier.at(-1));
  expect(failed).toEqual(['4', '5', '6']);
  expect(poisoned).toEqual(['4 v is 2, not 1', '5 the body is no JSON']);
  expect(await people.findById(id)).toMatchObject({ email: 'zoe@example.com', name: 'Zoë Example 🦊' });
  expect(people.lastLogin(id)).toBe(1735689600);
});
