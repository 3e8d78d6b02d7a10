import { randomUUID } from 'node:crypto';
import type { Clock, Milliseconds } from '../shared/clock.ts';
import { within } from '../shared/deadline.ts';
import type { SignIn } from '../shared/users/directory.ts';
import type { PoolPerson } from './cognito-events.ts';
import { writeSignInMessage } from './sign-in-message.ts';
import type { SendToQueue } from './sign-in-queue.ts';

/**
 * Tells `profile-update` of a sign-in. Never rejects, and takes no longer than its deadline.
 *
 * @returns The sign-in that the queue is not known to have taken, for whoever can write it down otherwise. `undefined`: it
 *   has, or there is none.
 */
export type AnnounceSignIn = (person: PoolPerson, trigger: string) => Promise<SignIn | undefined>;

/** What telling is made of. */
export type AnnouncerOptions = {
  /** Absent: no queue is configured, which is logged once. */
  readonly send?: SendToQueue | undefined;
  /** Id that the gateway's configuration gives the user pool. */
  readonly provider: string;
  readonly deadline: Milliseconds;
  readonly clock: Clock;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/** Signing in rests on nothing that happens here: whatever fails is logged, and the sign-in goes on. */
export function createAnnouncer({ send, provider, deadline, clock, log }: AnnouncerOptions): AnnounceSignIn {
  let isSaid = false;
  return async ({ subject, attributes }, trigger) => {
    if (!send) {
      if (!isSaid) log('sign-ins are not written down', { reason: 'triggers.queueUrl is not set' });
      isSaid = true;
      return undefined;
    }
    const id = randomUUID();
    const at = clock();
    try {
      const body = writeSignInMessage({ provider, subject }, { id, at, attributes, trigger });
      await within(deadline, send(body), () => new Error(`no answer within ${deadline} ms`));
      return undefined;
    } catch (error) {
      log('sign-in not announced', { id, provider, subject, at, trigger, error });
      return { at, attributes };
    }
  };
}
