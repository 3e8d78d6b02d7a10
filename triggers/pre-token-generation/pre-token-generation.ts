import type { Milliseconds } from '../../shared/clock.ts';
import { within } from '../../shared/deadline.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Identity, Subject } from '../../shared/identity.ts';
import { hasAnswered } from '../../shared/store/database-error.ts';
import type { Person, SignIn, UserDirectory } from '../../shared/users/directory.ts';
import type { AnnounceSignIn } from '../announce-sign-in.ts';
import { type PoolPerson, parseTokenEvent, type TokenEvent } from '../cognito-events.ts';
import { spoken } from '../refusal.ts';
import { rememberPeople } from './remembered.ts';
import { tokenFitter, tokenResponse } from './response.ts';

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
  /** Most bytes that our claims may add to a token; over it permissions, then roles, are left out. */
  readonly claimBudget: number;
  /**
   * Tells of a sign-in, beside the directory being asked. Post-authentication tells of most; not of the first one by
   * another provider, nor where managed login has a session already. What the queue doesn't take is written into the
   * directory instead. Absent: nobody is told.
   */
  readonly announce?: AnnounceSignIn | undefined;
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
  const { users, provider, onFailure, deadline, cacheFor, claimBudget, announce, log } = options;
  const late = () => new SsoError('directory_unavailable', `no answer within ${deadline} ms`);
  const fitInto = tokenFitter(claimBudget);
  const remembered = cacheFor > 0 ? rememberPeople(cacheFor) : undefined;

  const find = async (identity: Identity): Promise<Person | undefined> => {
    const known = remembered?.get(identity.subject);
    if (known) {
      const standing = await users.standing(identity);
      if (standing?.id === known.id && standing.permissionVersion === known.permissionVersion)
        return standing.state === known.state ? known : { ...known, state: standing.state };
    }
    const person = await users.findByIdentity(identity);
    if (person) remembered?.set(identity.subject, person);
    else remembered?.delete(identity.subject);
    return person;
  };

  const personOf = async ({ subject, attributes }: PoolPerson): Promise<Person> => {
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

  /**
   * While the queue is away there is no other trace of the sign-in. A database that doesn't answer is then treated as ever;
   * one that says no (it is read-only, a right is missing) keeps nobody out, and a log line is the trace.
   */
  const writeDown = async (subject: Subject, signIn: SignIn, left: Milliseconds): Promise<void> => {
    try {
      const outcome = await within(Math.max(0, left), users.recordSignIn({ provider, subject }, signIn), late);
      log(`sign-in ${outcome}`, { provider, subject, at: signIn.at });
    } catch (error) {
      log('sign-in not written down', { provider, subject, at: signIn.at, error });
      if (onFailure === 'refuse' && !hasAnswered(error)) throw error;
    }
  };

  return async (event) => {
    const { version, source, isSignIn, person: asked } = parse(event, log);
    const answer = (claims: Parameters<typeof tokenResponse>[1]) => ({
      ...(event as object),
      response: tokenResponse(version, claims),
    });
    if (!asked) return event as object;
    const until = performance.now() + deadline;
    const announced = isSignIn ? announce?.(asked, source) : undefined;
    try {
      const person = await within(deadline, personOf(asked), late);
      if (person.state !== 'active') throw new SsoError('account_disabled', `the person is ${person.state}`);
      const untold = await announced;
      if (untold) await writeDown(asked.subject, untold, until - performance.now());
      const { claims, size, leftOut } = fitInto(version, person);
      if (leftOut.length > 0) log('claims left out of a token', { uid: person.id, leftOut, size });
      return answer(claims);
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
    } finally {
      // Lambda freezes what is under way once the answer is given
      await announced;
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
