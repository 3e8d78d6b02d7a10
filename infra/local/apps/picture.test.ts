import { expect, it } from 'vitest';
import { highestSeed, paint, titleFor } from './picture.ts';

const seeds = [0, 1, 2, 42, 4711, 123_456_789, highestSeed];

it('paints the same picture for the same seed, and another for another', () => {
  expect(new Set(seeds.map((seed) => paint(seed, 'a', 'x'))).size).toBe(seeds.length);
  for (const seed of seeds) expect(paint(seed, 'a', 'x')).toBe(paint(seed, 'a', 'x'));
  for (const seed of seeds) expect(titleFor(seed)).toBe(titleFor(seed));
});

it.each(seeds)('paints nothing but shapes with finite numbers: %i', (seed) => {
  const picture = paint(seed, '7', 'Painted landscape');
  expect(picture).not.toMatch(/NaN|undefined|Infinity|style=|<script|href/);
  expect(picture.length).toBeLessThan(6000);
});
