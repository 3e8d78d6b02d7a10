import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../../shared/clock.ts';

/** Time, for those who wait. A test passes its own. */
export type Waiting = {
  /** Milliseconds since whenever; never goes back. */
  now(): Milliseconds;
  wait(time: Milliseconds): Promise<unknown>;
};

export const realWaiting: Waiting = { now: () => performance.now(), wait: (time) => sleep(time) };

/** Makes a turnstile: each call resolves when its turn has come, `perSecond` turns a second, without saving up. */
export function turnstile(perSecond: number, { now, wait }: Waiting = realWaiting): () => Promise<void> {
  let next = 0;
  return async () => {
    const turn = Math.max(now(), next);
    next = turn + 1000 / perSecond;
    if (turn > now()) await wait(turn - now());
  };
}

const firstPause: Milliseconds = 500;
const longestPause: Milliseconds = 20_000;

/**
 * Calls again what was one call too many, after pauses that double from half a second to twenty seconds, with some chance
 * in them so that several who wait don't come back together.
 *
 * @param isTooMany Whether an error says so. Any other one comes out at once.
 * @param attempts In all; the last one's error comes out.
 */
export async function patiently<T>(
  call: () => Promise<T>,
  isTooMany: (error: unknown) => boolean,
  attempts = 9,
  { wait }: Pick<Waiting, 'wait'> = realWaiting,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isTooMany(error) || attempt === attempts) throw error;
      const pause = Math.min(firstPause * 2 ** (attempt - 1), longestPause);
      await wait(pause * (0.5 + Math.random() / 2));
    }
  }
}
