import { describe, expect, it } from 'vitest';
import { patiently, turnstile } from './pace.ts';

/** Time that passes only where somebody waits. */
function time() {
  let at = 0;
  const waits: number[] = [];
  return {
    waits,
    pass: (ms: number) => {
      at += ms;
    },
    now: () => at,
    wait: async (ms: number) => {
      waits.push(ms);
      at += ms;
    },
  };
}

describe('a turnstile', () => {
  it('lets ten a second through, and saves no turns up', async () => {
    const clock = time();
    const turn = turnstile(10, clock);
    for (let i = 0; i < 3; i++) await turn();
    expect(clock.waits).toEqual([100, 100]);
    clock.pass(5_000);
    for (let i = 0; i < 3; i++) await turn();
    expect(clock.waits).toEqual([100, 100, 100, 100]);
  });
});

describe('patience', () => {
  const tooMany = new Error('too many');
  const failing = (times: number) => {
    let calls = 0;
    return async () => {
      calls += 1;
      if (calls <= times) throw tooMany;
      return calls;
    };
  };

  it('waits ever longer, and gets there', async () => {
    const clock = time();
    expect(await patiently(failing(7), (error) => error === tooMany, 9, clock)).toBe(8);
    const longest = [500, 1000, 2000, 4000, 8000, 16_000, 20_000];
    clock.waits.forEach((pause, i) => {
      expect(pause).toBeGreaterThanOrEqual((longest[i] ?? 0) / 2);
      expect(pause).toBeLessThanOrEqual(longest[i] ?? 0);
    });
    expect(clock.waits).toHaveLength(7);
  });

  it.each([
    ['has an end', 9, () => true, 8],
    ['is for that error alone', 1, () => false, 0],
  ])('%s', async (_, times, isTooMany, waits) => {
    const clock = time();
    await expect(patiently(failing(times), isTooMany, 9, clock)).rejects.toBe(tooMany);
    expect(clock.waits).toHaveLength(waits);
  });
});
