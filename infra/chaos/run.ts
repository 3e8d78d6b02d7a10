import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import { worldSecrets } from '../local/world-config.ts';
import { type BreakableWorld, startBreakableWorld } from './breakable-world.ts';
import { readRows, watchFunctions } from './facts.ts';
import { planFaults, runFaults } from './faults.ts';
import { judge } from './invariants.ts';
import { type LoadPlan, planLoad, runLoad, type Tally } from './load.ts';
import { createVisits, type Visits } from './member.ts';
import { poisonFor, sendPoison } from './poison.ts';
import { createRandom } from './random.ts';
import { findDifferences } from './reconciled.ts';
import { signUpWhomTheTableRefuses } from './refused-by-table.ts';
import type { Timeline } from './timeline.ts';

/** What a run is made of. */
export type ChaosOptions = {
  readonly size: 'small' | 'full';
  readonly signUps: number;
  readonly signIns: number;
  /** Decides what breaks when, and who comes when. */
  readonly seed: number;
  /** Folder of the world, which nobody else uses. */
  readonly dir: string;
};

/** What came of a run: its last line, and what doesn't hold. */
export type ChaosResult = {
  readonly summary: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
};

const shapes = {
  small: { duration: 20_000, perSecond: 15, poison: 5 },
  full: { duration: 80_000, perSecond: 32, poison: 8 },
} as const;
const sayEvery: Milliseconds = 4_000;
/** Messages that failed come again after two seconds, six times at most; the rest is leisure. */
const drainWithin: Milliseconds = 45_000;

/**
 * Brings up a world, breaks it in all ways at once with what people do, lets it come to rest, and looks whether user pool,
 * users table and queue still agree.
 *
 * @param signal Ends it early; it rejects then, with nothing left running.
 */
export async function runChaos(options: ChaosOptions, timeline: Timeline, signal: AbortSignal): Promise<ChaosResult> {
  const { size, dir } = options;
  const random = createRandom(options.seed);
  const { perSecond, poison: poisonCount, ...shape } = shapes[size];
  const duration = Math.max(shape.duration, ((options.signUps + options.signIns) / perSecond) * 1000);
  const plan = planLoad({ ...options, duration }, random);
  const faults = planFaults(size, duration, random);
  const watched = watchFunctions();
  const broken = await startBreakableWorld(dir, watched.note, (event) => timeline.say(`  gateway: ${event}`));
  const { world } = broken;
  const visits = createVisits(world.at.userPool, worldSecrets(dir).clientSecret, random, signal);
  try {
    timeline.say('The world is up: Postgres, user pool, queue, Lambda functions, gateway');
    const tally: Tally = { signedUp: 0, signedIn: 0, healed: 0, turnedAway: 0, wrong: [] };
    const legacy = await signUpWhomTheTableRefuses(broken, visits, tally);
    timeline.say(`${legacy.length} sign-ups were refused by the table, and taken back in the pool`);
    timeline.say(`${options.signUps} people begin to sign up, ${options.signIns} sign-ins follow`);
    const progress = setInterval(() => timeline.say(progressOf(plan, tally, visits, broken)), sayEvery);
    const [, broke, poison] = await Promise.all([
      runLoad(plan, visits, tally, signal),
      runFaults(faults, broken, timeline, signal),
      poisonQueue(plan, poisonCount, broken, timeline, signal),
    ]).finally(() => clearInterval(progress));
    signal.throwIfAborted();
    timeline.say(progressOf(plan, tally, visits, broken));

    const isDrained = await drain(broken, signal);
    timeline.say(isDrained ? 'The queue is empty' : 'The queue does not get empty');
    const at = { userPool: world.at.userPool, databaseUrl: broken.databaseUrl, cwd: dir };
    const differences = await findDifferences(at, signal);
    timeline.say(`crossgate reconcile: ${differences.length} differences`);

    const queue = world.queue.inspect();
    const { violations, lost } = judge({
      members: plan.members,
      turnedAway: plan.intruders.filter(({ how }) => how !== 'the address of somebody else').map(emailOf),
      rows: await readRows(world.sql),
      legacy,
      poolSubjects: new Set(world.userPool.accounts().map(({ sub }) => sub)),
      queue,
      poison,
      writtenDown: watched.writtenDown,
    });
    const { failures, untold, deliveredAgain } = watched.counts;
    return {
      summary: {
        signUps: tally.signedUp,
        signIns: tally.signedIn,
        refused: tally.turnedAway,
        faults: broke,
        retries: visits.retries,
        healed: tally.healed,
        failedInvocations: failures,
        queueRefusals: untold,
        deliveredAgain,
        lost,
        poisoned: poison.length,
        deadLetters: queue.deadLetters.length,
        differences: differences.length,
        seconds: Math.round(timeline.elapsed() / 100) / 10,
        seed: options.seed,
      },
      violations: [...tally.wrong, ...differences.map((line) => `reconcile found ${line}`), ...violations],
    };
  } finally {
    visits.close();
    await broken.stop();
  }
}

const emailOf = ({ member }: LoadPlan['intruders'][number]) => member.email;

function progressOf({ members }: LoadPlan, tally: Tally, { retries }: Visits, { world }: BreakableWorld): string {
  const { ready, inFlight, deadLetters } = world.queue.inspect();
  const people = `${tally.signedUp} of ${members.length} signed up, ${tally.signedIn} sign-ins, ${retries} retries`;
  return `${people}; in the queue ${ready + inFlight}, given up ${deadLetters.length}`;
}

/** Once the first person has a row, in whose name it can be done. */
async function poisonQueue(
  { members }: LoadPlan,
  count: number,
  { world }: BreakableWorld,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<string[]> {
  const subject = () => members.find((member) => member.subject !== undefined && member.attempts.length > 0)?.subject;
  while (subject() === undefined && !signal.aborted) await sleep(50);
  const poison = poisonFor(subject() ?? '', count);
  await sendPoison(poison, world.queue, signal);
  timeline.say(`! poisoned messages are put on the queue: ${poison.map(({ what }) => what).join(', ')}`);
  return poison.map(({ body }) => body);
}

async function drain({ world }: BreakableWorld, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + drainWithin;
  while (performance.now() < until && !signal.aborted) {
    const { ready, inFlight } = world.queue.inspect();
    if (ready + inFlight === 0) return true;
    await sleep(100);
  }
  return false;
}
