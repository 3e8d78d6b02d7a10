import { isVisible } from './page.ts';

/** Returning to a page makes more than one event. */
const atLeastBetween = 2000;

/**
 * Calls `look` every `interval` milliseconds, and at once when somebody comes back to the page; never while it is hidden, and
 * never twice at a time.
 *
 * @param signal Ends it.
 * @returns Looks now, unless that is just being done.
 */
export function startWatch(interval: number, look: () => Promise<void>, signal: AbortSignal): () => void {
  let last = performance.now();
  let isLooking = false;
  const now = async () => {
    if (isLooking) return;
    isLooking = true;
    last = performance.now();
    await look();
    isLooking = false;
  };
  const ifVisible = (since: number) => () => {
    if (isVisible() && performance.now() - last >= since) void now();
  };
  const onReturn = ifVisible(atLeastBetween);
  const timer = setInterval(ifVisible(0), interval);
  signal.addEventListener('abort', () => clearInterval(timer));
  document.addEventListener('visibilitychange', onReturn, { signal });
  addEventListener('focus', onReturn, { signal });
  return () => void now();
}
