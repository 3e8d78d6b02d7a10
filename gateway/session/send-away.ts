import type { UserId } from '../../shared/identity.ts';
import { endSessionsOf } from './end.ts';
import type { SharedParts } from './parts.ts';

/** Questions to the directory at a time: after a change of everybody's roles there is a whole company to look up. */
const atOnce = 2;

/**
 * Ends the sessions of people who may no longer come in as soon as the feed has news of them, without waiting for their
 * next renewal: apps on other domains hear of it by back-channel logout within seconds.
 *
 * News from before this process began is left to the renewals. While the directory or the store is down nobody's session
 * ends; whoever is still to be looked up is, after the next news that could be read. Every process looks, and the first
 * ends them.
 */
export function sendAwayOnNews(parts: SharedParts): void {
  const waiting = new Set<UserId>();
  let working = 0;
  let failing = false;

  const look = async (userId: UserId): Promise<void> => {
    const person = await parts.users.findById(userId);
    if (person?.state !== 'active') await endSessionsOf({ userId }, 'disabled', parts);
  };

  const work = async (): Promise<void> => {
    for (const userId of waiting) {
      waiting.delete(userId);
      try {
        await look(userId);
        failing = false;
      } catch (error) {
        waiting.add(userId);
        if (!failing) parts.log.warn('whether people may still come in cannot be asked now', {}, error);
        failing = true;
        return;
      }
    }
  };

  parts.feed.onRead((changed) => {
    for (const userId of changed) waiting.add(userId);
    while (working < Math.min(atOnce, waiting.size)) {
      working += 1;
      const done = work().finally(() => {
        working -= 1;
      });
      parts.background?.(done);
    }
  });
}
