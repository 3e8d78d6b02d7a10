import { describe, expect, it } from 'vitest';
import { climb, type Rungs, type Summit } from './climb.ts';
import type { BounceFacts, FrameFinding, State } from './ladder.ts';

/** What the world answers, whenever it is asked. */
type World = Rungs['page'] & {
  readonly bounce: BounceFacts;
  readonly own: State;
  readonly frame: FrameFinding;
  readonly silentFedcm: boolean;
  readonly redeemed: State;
};

const states: readonly State[] = ['signed-in', 'signed-out', 'unknown'];
const findings: readonly FrameFinding[] = ['code', 'signed-in', 'signed-out', 'unknown', 'refused', 'unreachable'];
const either = [true, false];

/** Every world there is: 20,736. */
function* worlds(): Generator<World> {
  for (const server of either)
    for (const gateway of either)
      for (const fedcm of either)
        for (const wanted of either)
          for (const embedded of either)
            for (const visible of either)
              for (const earlier of [null, '1', undefined])
                for (const own of states)
                  for (const frame of findings)
                    for (const silentFedcm of either)
                      for (const redeemed of states) {
                        const bounce = { wanted, embedded, visible, earlier };
                        yield { server, gateway, fedcm, bounce, own, frame, silentFedcm, redeemed };
                      }
}

/** Climbs in a world, and writes down the steps. `until`: the climb is called off while that step is under way. */
async function climbIn(world: World, until?: string): Promise<{ steps: string[]; summit: Summit }> {
  const steps: string[] = [];
  const off = new AbortController();
  const did = <T>(step: string, answer: T): T => {
    steps.push(step);
    if (step === until) off.abort();
    if (steps.length > 20) throw new Error(`it never ends: ${steps}`);
    return answer;
  };
  const { server, gateway, fedcm } = world;
  const rungs: Rungs = {
    page: { server, gateway, fedcm },
    bounceFacts: () => world.bounce,
    own: async () => did('own', world.own),
    frame: async () => did('frame', world.frame),
    fedcm: async () => did('fedcm', world.silentFedcm),
    redeem: async () => did('redeem', world.redeemed),
    bounce: () => did('bounce', undefined),
  };
  return { steps, summit: await climb(rungs, off.signal) };
}

/** Worlds in which a climb breaks a law. */
async function breaches(law: (world: World, steps: readonly string[], summit: Summit) => boolean): Promise<World[]> {
  const broken: World[] = [];
  for (const world of worlds()) {
    const { steps, summit } = await climbIn(world);
    if (!law(world, steps, summit)) broken.push(world);
  }
  return broken;
}

describe('in every world, a climb', () => {
  it('ends, and takes no step twice', async () => {
    expect(await breaches((_, steps) => new Set(steps).size === steps.length)).toEqual([]);
  });

  it('bounces only by choice, at the top of the tab, seen, for the first time, and as the last thing', async () => {
    const broken = await breaches(({ bounce }, steps) => {
      if (!steps.includes('bounce')) return true;
      const { wanted, embedded, visible, earlier } = bounce;
      return wanted && !embedded && visible && earlier === null && steps.at(-1) === 'bounce';
    });
    expect(broken).toEqual([]);
  });

  it('neither bounces nor asks FedCM once the frame says that nobody is signed in, refuses, or that the gateway is down', async () => {
    const broken = await breaches(
      ({ frame }, steps) =>
        !steps.includes('frame') ||
        !['signed-out', 'refused', 'unreachable'].includes(frame) ||
        steps.at(-1) === 'frame',
    );
    expect(broken).toEqual([]);
  });

  it('asks nobody else where the app’s own session is there, or its server does not answer', async () => {
    const broken = await breaches(
      ({ server, own }, steps) => !server || own === 'signed-out' || steps.join() === 'own',
    );
    expect(broken).toEqual([]);
  });

  it('ends signed in only by the word of the app’s own server; without one, by the frame’s', async () => {
    const broken = await breaches(({ server, own, redeemed, frame }, steps, { state, isNew }) => {
      if (state !== 'signed-in') return !isNew;
      if (!server) return steps.join() === 'frame' && ['signed-in', 'code'].includes(frame) && !isNew;
      return isNew ? steps.includes('redeem') && redeemed === 'signed-in' : own === 'signed-in';
    });
    expect(broken).toEqual([]);
  });

  it('ends signed out only by the word of the frame', async () => {
    const broken = await breaches(
      ({ frame }, steps, { state }) => state !== 'signed-out' || (steps.includes('frame') && frame === 'signed-out'),
    );
    expect(broken).toEqual([]);
  });

  it('without a server side asks the frame at most', async () => {
    expect(await breaches(({ server }, steps) => server || ['', 'frame'].includes(steps.join()))).toEqual([]);
  });
});

describe('a climb that is called off', () => {
  const bounce: BounceFacts = { wanted: true, embedded: false, visible: true, earlier: null };
  const world: World = {
    ...{ server: true, gateway: true, fedcm: true, bounce },
    ...{ own: 'signed-out', frame: 'unknown', silentFedcm: true, redeemed: 'signed-in' },
  };

  it.each([
    ['own', ['own']],
    ['frame', ['own', 'frame']],
    ['fedcm', ['own', 'frame', 'fedcm']],
  ])('at %s takes no further step', async (until, steps) => {
    expect(await climbIn(world, until)).toEqual({
      steps,
      summit: { state: 'unknown', isNew: false, own: 'signed-out' },
    });
  });
});
