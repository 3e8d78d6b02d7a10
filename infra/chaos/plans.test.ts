import { describe, expect, it } from 'vitest';
import { planFaults } from './faults.ts';
import { planLoad } from './load.ts';
import { createRandom } from './random.ts';

const size = { signUps: 60, signIns: 200, duration: 20_000 };
const faultsOf = (seed: number, of: 'small' | 'full' = 'small') =>
  planFaults(of, size.duration, createRandom(seed)).map(({ at, says }) => ({ at, says }));

describe('the same seed', () => {
  it('brings the same people at the same times, and another one others', () => {
    expect(planLoad(size, createRandom(7))).toEqual(planLoad(size, createRandom(7)));
    expect(planLoad(size, createRandom(8)).arrivals).not.toEqual(planLoad(size, createRandom(7)).arrivals);
  });

  it('breaks the same things at the same times, and another one others', () => {
    expect(faultsOf(7)).toEqual(faultsOf(7));
    expect(faultsOf(8)).not.toEqual(faultsOf(7));
  });
});

describe('whatever the seed', () => {
  const seeds = Array.from({ length: 50 }, (_, i) => i + 1);

  it('nobody signs in before they have begun to sign up, and all is within the time', () => {
    for (const seed of seeds) {
      const { arrivals, members, intruders } = planLoad(size, createRandom(seed));
      const since = new Map(arrivals.filter(({ does }) => does === 'sign-up').map(({ who, at }) => [who, at]));
      const signIns = arrivals.filter(({ does }) => does === 'sign-in');
      expect([members.length, since.size, signIns.length, intruders.length]).toEqual([60, 60, 200, 5]);
      for (const { who, at } of signIns) expect(at).toBeGreaterThanOrEqual(since.get(who) ?? Number.POSITIVE_INFINITY);
      expect(Math.max(...arrivals.map(({ at }) => at))).toBeLessThan(size.duration);
    }
  });

  it.each<['small' | 'full', number]>([
    ['small', 5],
    ['full', 13],
  ])('%s: Postgres is restarted twice, the consumer killed, the queue away and the database silent', (of, count) => {
    for (const seed of seeds) {
      const faults = faultsOf(seed, of);
      const times = (what: RegExp) => faults.filter(({ says }) => what.test(says)).length;
      expect(faults).toHaveLength(count);
      expect(times(/Postgres is stopped/)).toBe(2);
      expect(times(/SIGKILL/)).toBeGreaterThanOrEqual(1);
      expect(times(/queue is unreachable/)).toBeGreaterThanOrEqual(2);
      expect(times(/triggers time out/)).toBeGreaterThanOrEqual(1);
      expect(faults.map(({ at }) => at)).toEqual(faults.map(({ at }) => at).sort((a, b) => a - b));
    }
  });
});

it('chance is spread evenly, and things are only put into another order', () => {
  const random = createRandom(3);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i += 1) {
    const one = random.below(4);
    counts[one] = (counts[one] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(900);
  expect(random.shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
  expect(random.between(2, 2)).toBe(2);
});
