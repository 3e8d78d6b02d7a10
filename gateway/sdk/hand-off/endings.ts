import type { Milliseconds, Seconds } from '../../../shared/clock.ts';
import { within } from '../../../shared/deadline.ts';
import { SsoError } from '../../../shared/errors.ts';
import type { AppSession } from './app-session.ts';
import type { HandOffSettings } from './options.ts';

/** What has ended, as the app's logout store has it. Every method throws `store_unavailable` where it can't be asked. */
export type Endings = {
  /** Has the gateway's session ended, or this local one alone? */
  isEnded(session: AppSession): Promise<boolean>;
  /** Ends one local session, wherever its cookie was copied to. The gateway's session can be signed in by again. */
  endHere(session: AppSession): Promise<void>;
  /**
   * Ends every local session of a gateway's session, those included that are only on their way.
   *
   * @param jti Of the token that says so.
   * @returns `false`: that token came before, and nothing was done.
   */
  endAll(sid: string, jti: string, now: Seconds): Promise<boolean>;
};

const deadline: Milliseconds = 2000;
/** A sign-in that is under way now may still start a session so much later. */
const onTheWay: Seconds = 600;

export function createEndings(
  settings: Pick<HandOffSettings, 'logoutStore' | 'sessionLifetime' | 'onUnavailable'>,
): Endings {
  const { logoutStore: store, sessionLifetime, onUnavailable } = settings;

  const ask = async <T>(what: () => T | Promise<T>): Promise<T> => {
    try {
      const late = () => new Error(`no answer within ${deadline} ms`);
      return await within(deadline, Promise.resolve().then(what), late);
    } catch (cause) {
      const error = new SsoError('store_unavailable', 'the logout store', { cause });
      onUnavailable?.(error);
      throw error;
    }
  };
  /** What is no answer must not let anybody in. */
  const answered = (answer: boolean): boolean => {
    if (typeof answer !== 'boolean') throw new TypeError('neither true nor false');
    return answer;
  };

  return {
    isEnded: ({ id, claims }) => ask(async () => answered(await store.isEnded([`sid:${claims.sid}`, `local:${id}`]))),
    endHere: ({ id, endsAt }) => ask(() => store.end(`local:${id}`, endsAt)),
    async endAll(sid, jti, now) {
      // a token lives for minutes, and is refused by its age afterwards
      if (!(await ask(async () => answered(await store.claimOnce(`jti:${jti}`, now + onTheWay))))) return false;
      await ask(() => store.end(`sid:${sid}`, now + sessionLifetime + onTheWay));
      return true;
    },
  };
}
