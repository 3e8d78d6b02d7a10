/** Chance that can be repeated. Not for secrets. */
export type Random = {
  /** At least `least`, less than `most`. */
  between(least: number, most: number): number;
  /** A whole number from 0, less than `count`. */
  below(count: number): number;
  /** The same things in another order. */
  shuffled<T>(things: readonly T[]): T[];
};

/** The same seed gives the same numbers in the same order: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    between: (least, most) => least + next() * (most - least),
    below,
    shuffled(things) {
      const rest = [...things];
      return things.flatMap(() => rest.splice(below(rest.length), 1));
    },
  };
}
