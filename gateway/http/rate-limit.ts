import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../shared/clock.ts';

/** Counts what each caller asks for in this process. */
export type RateLimit = {
  /**
   * Counts one more request of a caller.
   *
   * @param most Requests that it may make in a window.
   * @returns `undefined`: go on. Else the seconds after which to come again.
   */
  take(caller: string, most: number, now: Seconds): Seconds | undefined;
};

/**
 * Makes a limit by fixed windows: simple, and wrong by at most twice the limit around the turn of one.
 *
 * @param window Seconds.
 */
export function createRateLimit(window: Seconds): RateLimit {
  const counts = new LRUCache<string, { readonly since: Seconds; taken: number }>({ max: 10_000 });
  return {
    take(caller, most, now) {
      const since = now - (now % window);
      const known = counts.get(caller);
      const count = known?.since === since ? known : { since, taken: 0 };
      if (count !== known) counts.set(caller, count);
      if (count.taken >= most) return since + window - now;
      count.taken += 1;
      return undefined;
    },
  };
}
