import type { Milliseconds } from '../../shared/clock.ts';
import { openSandbox, type Sandbox } from './edge-sandbox.ts';

/** What a function adds to one event: middle and slow end. */
export type Added = { readonly addedP50Ms: Milliseconds; readonly addedP99Ms: Milliseconds };

/** One function, and what it is sent. */
export type Way = {
  readonly name: string;
  readonly file: string;
  /** The events in turn, as JSON; a single one comes again and again. */
  readonly events: readonly string[];
};

/**
 * Measures how long one invocation takes, from the event's JSON to the answer's, as Lambda's runtime has them. Beside each
 * function one that hands on what it gets takes the same events, and what the first adds is the difference between the
 * two. One event at a time, each in a process of its own that slept meanwhile; all take turns, and whoever begins moves
 * on, so that a slow moment of the machine meets all alike.
 *
 * @param passThrough Module of the function that hands on.
 * @param rounds Events for each; the first tenth only warms up.
 */
export async function measureAdded(
  ways: readonly Way[],
  passThrough: string,
  rounds: number,
): Promise<ReadonlyMap<string, Added>> {
  const runners: { readonly events: readonly string[]; readonly sandbox: Sandbox; readonly taken: Milliseconds[] }[] =
    [];
  try {
    for (const { file, events } of ways)
      for (const one of [file, passThrough]) runners.push({ events, sandbox: await openSandbox(one, '{}'), taken: [] });
    for (let i = 0; i < rounds; i++) {
      for (let k = 0; k < runners.length; k++) {
        const runner = runners[(i + k) % runners.length];
        const event = runner?.events[i % runner.events.length];
        if (!runner || event === undefined) throw new Error('there are no events');
        const { took } = await runner.sandbox.invoke(event);
        if (i >= rounds / 10) runner.taken.push(took);
      }
    }
  } finally {
    for (const { sandbox } of runners) sandbox.stop();
  }
  const difference = (way: number, share: number) =>
    quantile(runners[2 * way]?.taken ?? [], share) - quantile(runners[2 * way + 1]?.taken ?? [], share);
  return new Map(
    ways.map(({ name }, i) => [name, { addedP50Ms: difference(i, 0.5), addedP99Ms: difference(i, 0.99) }]),
  );
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
