import type { Clock, Milliseconds } from '../../shared/clock.ts';
import { within } from '../../shared/deadline.ts';
import { type FailureCode, SsoError } from '../../shared/errors.ts';
import type { Identity } from '../../shared/identity.ts';
import type { HealOutcome, HealRefusal, UserDirectory } from '../../shared/users/directory.ts';
import { type ConfirmationEvent, parseConfirmationEvent } from '../cognito-events.ts';
import { spoken } from '../refusal.ts';
import type { TakeBack } from './pool-users.ts';

/** What the trigger is made of. */
export type PostConfirmationOptions = {
  readonly users: UserDirectory;
  /** Id that the gateway's configuration gives this user pool. */
  readonly provider: string;
  /** Gives up after this long. With the time to take back a sign-up it must stay below Cognito's 5,000. */
  readonly deadline: Milliseconds;
  readonly clock: Clock;
  /** How the pool's profile is taken back when its row was refused. Absent: it stays. */
  readonly takeBack?: TakeBack | undefined;
  /** Where the private reason of a failure goes. */
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/** Post-confirmation as a function of its event. */
export type PostConfirmation = (event: unknown) => Promise<object>;

/** What a person reads of a refusal. A table that takes no such row is our mistake, not theirs. */
const codes: Record<HealRefusal, FailureCode> = {
  email_taken: 'account_conflict',
  link_forbidden: 'account_conflict',
  ambiguous: 'account_conflict',
  row_incomplete: 'internal',
};

/**
 * Makes the row of somebody who has just signed up, or come by another provider for the first time. Idempotent by
 * (provider, subject); an email that is another row's follows the link policy. Of who comes by another provider the
 * sign-in is written down, too: post-authentication doesn't run for it.
 *
 * The returned function rejects with an Error whose message Cognito shows to the person: a sentence of the failures
 * table, nothing internal. The pool has confirmed the profile by then and keeps it; where so configured it is taken back,
 * but only after an answer that nothing was written, and never a profile that was there before. Without an answer (a
 * deadline, a lost connection) nothing is taken back, for the row may be there: pre-token-generation heals what it isn't.
 *
 * After a password reset a missing row is made likewise, but that never rejects: the new password holds already, and who
 * may not come in is told so at the sign-in.
 */
export function createPostConfirmation(options: PostConfirmationOptions): PostConfirmation {
  const { users, provider, deadline, clock, takeBack, log } = options;
  const late = () => new SsoError('directory_unavailable', `no answer within ${deadline} ms`);

  async function afterSignUp(event: ConfirmationEvent): Promise<void> {
    const { person, profile } = event;
    const identity = { provider, subject: person.subject };
    const at = clock();
    const until = performance.now() + deadline;
    const outcome = await within(deadline, users.heal(identity, person.attributes), late);
    if (outcome.kind === 'refused') {
      await takeBackRefused(event, identity, until - performance.now());
      throw new SsoError(codes[outcome.why], reasonOf(outcome));
    }
    report(outcome);
    if (outcome.person.state !== 'active')
      throw new SsoError('account_disabled', `the person is ${outcome.person.state}`);
    if (profile === 'native') return;
    try {
      const signIn = { at, attributes: person.attributes };
      await within(Math.max(0, until - performance.now()), users.recordSignIn(identity, signIn), late);
    } catch (error) {
      // the row is what had to be; pre-token-generation tells of this sign-in again
      log('sign-in not written down', { ...identity, error });
    }
  }

  async function afterReset({ person }: ConfirmationEvent): Promise<void> {
    const identity = { provider, subject: person.subject };
    const outcome = await within(deadline, users.heal(identity, person.attributes), late);
    if (outcome.kind === 'refused') log('no users row after a password reset', { reason: reasonOf(outcome) });
    else report(outcome);
  }

  function report(outcome: Exclude<HealOutcome, { kind: 'refused' }>): void {
    if (outcome.kind !== 'found') log(`users row ${outcome.kind}`, { provider, uid: outcome.person.id });
  }

  /** The refusal is what the person reads, whatever comes of this. */
  async function takeBackRefused(event: ConfirmationEvent, identity: Identity, left: Milliseconds): Promise<void> {
    if (!takeBack) return;
    const { userPoolId, userName, profile } = event;
    if (profile === 'linked') return log('sign-up not taken back', { ...identity, reason: 'the profile is older' });
    try {
      if (await within(Math.max(0, left), users.findByIdentity(identity), late)) {
        return log('sign-up not taken back', { ...identity, reason: 'there is a row by now' });
      }
      log('sign-up taken back', { ...identity, outcome: await takeBack({ userPoolId, userName }) });
    } catch (error) {
      log('sign-up not taken back', { ...identity, error });
    }
  }

  return async (event) => {
    const confirmed = parse(event, log);
    try {
      await (confirmed.what === 'sign-up' ? afterSignUp(confirmed) : afterReset(confirmed));
    } catch (error) {
      const known = error instanceof SsoError ? error : new SsoError('internal', 'unexpected', { cause: error });
      const { code, reason, cause } = known;
      log('post-confirmation failed', {
        what: confirmed.what,
        code,
        reason,
        ...(cause !== undefined && { error: cause }),
      });
      if (confirmed.what === 'sign-up') throw spoken(code);
    }
    return event as object;
  };
}

function reasonOf({ why, detail }: { readonly why: HealRefusal; readonly detail?: string }): string {
  return `no row: ${why}${detail === undefined ? '' : ` (${detail})`}`;
}

function parse(event: unknown, log: PostConfirmationOptions['log']): ConfirmationEvent {
  try {
    return parseConfirmationEvent(event);
  } catch (error) {
    log('event not understood', { field: (error as Error).message });
    throw spoken('internal');
  }
}
