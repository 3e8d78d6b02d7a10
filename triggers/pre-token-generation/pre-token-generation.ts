import { LRUCache } from 'lru-cache';
import type { Milliseconds } from '../../shared/clock.ts';
import { type FailureCode, failures, SsoError } from '../../shared/errors.ts';
import type { Identity } from '../../shared/identity.ts';
import { claimsOf } from '../../shared/permissions/claims.ts';
import type { Person, UserDirectory } from '../../shared/users/directory.ts';
import { parseTokenEvent, type TokenEvent } from '../cognito-events.ts';
import { tokenResponse } from './response.ts';

/** What the trigger is made of. */
export type PreTokenGenerationOptions = {
  readonly users: UserDirectory;
  /** Id that the gateway's configuration gives this user pool. */
  readonly provider: string;
  /** What happens while the directory can't answer: no token, or one that says nothing of the person. */
  readonly onFailure: 'refuse' | 'degrade';
  /** Gives up after this long; well under Cognito's 5,000. */
  readonly deadline: Milliseconds;
  /** How long roles and permissions are remembered, as long as the permission version stands. 0: not at all. */
  readonly cacheFor: Milliseconds;
  /** Where the private reason of a failure goes. */
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/** Pre-token-generation as a function of its event. */
export type PreTokenGeneration = (event: unknown) => Promise<object>;

/**
 * Puts `uid`, `roles`, `permissions` and `perm_v` into the tokens of a person.
 *
 * The state and the permission version are read for every token; what is remembered are roles and permissions of a
 * version. A person without a row gets one, as the link policy allows. A machine's token is left as it is.
 *
 * The returned function rejects with an Error whose message Cognito shows to the person: a sentence of the failures
 * table, nothing internal.
 */
export function createPreTokenGeneration(options: PreTokenGenerationOptions): PreTokenGeneration {
  const { users, provider, onFailure, deadline, cacheFor, log } = options;
  const remembered = cacheFor > 0 ? new LRUCache<string, Person>({ max: 1000, ttl: cacheFor }) : undefined;

  const find = async (identity: Identity): Promise<Person | undefined> => {
    const known = remembered?.get(identity.subject);
    if (known) {
      const standing = await users.standing(identity);
      if (standing?.id === known.id && standing.permissionVersion === known.permissionVersion)
        return { ...known, state: standing.state };
    }
    const person = await users.findByIdentity(identity);
    if (person) remembered?.set(identity.subject, person);
    else remembered?.delete(identity.subject);
    return person;
  };

  const personOf = async ({ subject, attributes }: NonNullable<TokenEvent['person']>): Promise<Person> => {
    const identity = { provider, subject };
    const found = await find(identity);
    if (found) return found;
    const outcome = await users.heal(identity, attributes);
    if (outcome.kind === 'refused') {
      throw new SsoError(
        outcome.why === 'row_incomplete' ? 'account_unknown' : 'account_conflict',
        `no row: ${outcome.why}`,
      );
    }
    if (outcome.kind !== 'found') log(`users row ${outcome.kind}`, { provider, uid: outcome.person.id });
    return outcome.person;
  };

  return async (event) => {
    const { version, person: asked } = parse(event, log);
    const answer = (claims: Parameters<typeof tokenResponse>[1]) => ({
      ...(event as object),
      response: tokenResponse(version, claims),
    });
    if (!asked) return event as object;
    try {
      const person = await within(deadline, personOf(asked));
      if (person.state !== 'active') throw new SsoError('account_disabled', `the person is ${person.state}`);
      return answer(claimsOf(person));
    } catch (error) {
      const known = error instanceof SsoError ? error : new SsoError('internal', 'unexpected', { cause: error });
      // a final answer stands whatever the policy: only ignorance may be degraded
      const ignorant = known.failure.status >= 500;
      log('pre-token-generation failed', {
        code: known.code,
        reason: known.reason,
        degraded: ignorant && onFailure === 'degrade',
        error: known.cause,
      });
      if (ignorant && onFailure === 'degrade') return answer(undefined);
      throw spoken(known.code);
    }
  };
}

function parse(event: unknown, log: PreTokenGenerationOptions['log']): TokenEvent {
  try {
    return parseTokenEvent(event);
  } catch (error) {
    log('event not understood', { field: (error as Error).message });
    throw spoken('internal');
  }
}

/** An error whose whole text is fit for a person: Cognito hands it on. */
function spoken(code: FailureCode): Error {
  const error = new Error(failures[code].says);
  error.name = 'Refused';
  error.stack = '';
  return error;
}

async function within<T>(deadline: Milliseconds, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new SsoError('directory_unavailable', `no answer within ${deadline} ms`)),
      deadline,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
