import type { Milliseconds } from './clock.ts';

/**
 * The outcome of `work`, or `late()` as an error once `limit` is over. The work itself goes on: what becomes of it is
 * unknown then.
 */
export async function within<T>(limit: Milliseconds, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), limit);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
