import type { Milliseconds } from '../../shared/clock.ts';

/** What a run says while it goes on. */
export type Timeline = {
  /** Since the beginning. */
  elapsed(): Milliseconds;
  /** A line with the time before it. */
  say(text: string): void;
};

/** @param write Gets each line, without its end. */
export function createTimeline(write: (line: string) => void): Timeline {
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  return { elapsed, say: (text) => write(`${(elapsed() / 1000).toFixed(1).padStart(6)} s  ${text}`) };
}
