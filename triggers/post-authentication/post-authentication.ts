import type { AnnounceSignIn } from '../announce-sign-in.ts';
import { parseAuthenticationEvent } from '../cognito-events.ts';

/** What the trigger is made of. */
export type PostAuthenticationOptions = {
  readonly announce: AnnounceSignIn;
  /** Where failures go: nobody else hears of them. */
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/** Post-authentication as a function of its event. Never rejects. */
export type PostAuthentication = (event: unknown) => Promise<unknown>;

/**
 * Tells the queue that somebody signed in, and hands the event back, whatever happens: an error here would keep a person
 * out for nothing but a time of day.
 *
 * Cognito doesn't ask at the first sign-in by another provider, nor where managed login has a session already; of these
 * pre-token-generation tells.
 */
export function createPostAuthentication({ announce, log }: PostAuthenticationOptions): PostAuthentication {
  return async (event) => {
    try {
      const { source, person } = parseAuthenticationEvent(event);
      await announce(person, source);
    } catch (error) {
      log('event not understood', { field: error instanceof TypeError ? error.message : String(error) });
    }
    return event;
  };
}
