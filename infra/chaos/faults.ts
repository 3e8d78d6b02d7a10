import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import type { BreakableWorld } from './breakable-world.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Something that breaks, and when. */
export type Fault = {
  readonly at: Milliseconds;
  readonly says: string;
  /** Resolves once it is mended, with more to say where there is. */
  inject(broken: BreakableWorld, signal: AbortSignal): Promise<string | undefined>;
};

type Kind = (random: Random) => Omit<Fault, 'at'>;

const seconds = (time: Milliseconds) => `${(time / 1000).toFixed(1)} s`;

/** Waits, or less where all of it is over. */
const wait = (time: Milliseconds, signal: AbortSignal) => sleep(time, undefined, { signal }).catch(() => {});

const restart: Kind = (random) => {
  const away = random.between(300, 1200);
  return {
    says: `Postgres is stopped, and started again after ${seconds(away)}`,
    inject: async (broken) => void (await broken.restartDatabase(away)),
  };
};

const killConsumer: Kind = () => ({
  says: 'profile-update is killed in the middle of a batch (SIGKILL)',
  inject: async (broken) => ((await broken.killConsumer(5000)) ? undefined : 'there was no batch to kill it at'),
});

const queueAway =
  (how: 'unreachable' | 'hanging', also?: Kind): Kind =>
  (random) => {
    const time = random.between(2000, 3500);
    const other = also?.(random);
    return {
      says: `the queue is ${how} for ${seconds(time)}${other ? `, and meanwhile: ${other.says}` : ''}`,
      async inject(broken, signal) {
        broken.world.queue.setFault(how);
        try {
          await wait(time / 3, signal);
          await other?.inject(broken, signal);
          await wait((time * 2) / 3, signal);
        } finally {
          broken.world.queue.setFault(undefined);
        }
        return undefined;
      },
    };
  };

const between =
  (how: 'stalled' | 'cut' | 'slow', [least, most]: readonly [Milliseconds, Milliseconds]): Kind =>
  (random) => {
    const time = random.between(least, most);
    const delay = Math.round(random.between(40, 120));
    const says = {
      stalled: `nothing gets through to the database for ${seconds(time)}: triggers time out`,
      cut: `connections to the database break for ${seconds(time)}`,
      slow: `everything to and from the database takes ${delay} ms longer for ${seconds(time)}`,
    };
    return {
      says: says[how],
      async inject({ proxy }, signal) {
        proxy.setFault(how === 'slow' ? { delay } : how);
        await wait(time, signal);
        proxy.setFault(undefined);
        return undefined;
      },
    };
  };

/** Longer than the triggers' own deadline of three seconds. */
const stall = between('stalled', [3300, 4200]);
const cut = between('cut', [400, 1500]);
const slow = between('slow', [2000, 3000]);

const few: readonly Kind[] = [
  restart,
  killConsumer,
  queueAway('unreachable'),
  stall,
  queueAway('unreachable', restart),
];
const more: readonly Kind[] = [
  killConsumer,
  killConsumer,
  queueAway('hanging'),
  queueAway('unreachable', stall),
  queueAway('unreachable', cut),
  stall,
  cut,
  slow,
];

/**
 * Decides what breaks when: one thing after the other, in an order and at times that chance chooses.
 *
 * @param duration Of the load.
 */
export function planFaults(size: 'small' | 'full', duration: Milliseconds, random: Random): Fault[] {
  const kinds = random.shuffled(size === 'small' ? few : [...few, ...more]);
  const slot = (duration * 0.9) / kinds.length;
  return kinds.map((kind, i) => ({ at: slot * (i + random.between(0.3, 0.6)), ...kind(random) }));
}

/** Breaks one thing after the other. Resolves with how many there were, once all is mended. */
export async function runFaults(
  faults: readonly Fault[],
  broken: BreakableWorld,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<number> {
  const began = timeline.elapsed();
  let count = 0;
  for (const { at, says, inject } of faults) {
    await wait(Math.max(0, began + at - timeline.elapsed()), signal);
    if (signal.aborted) break;
    timeline.say(`! ${says}`);
    const more = await inject(broken, signal);
    timeline.say(`  mended${more === undefined ? '' : `: ${more}`}`);
    if (more === undefined) count += 1;
  }
  return count;
}
