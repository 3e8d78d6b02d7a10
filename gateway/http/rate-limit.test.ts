import { expect, it } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

it('takes as many as it may in a window, then says when to come again', () => {
  const limit = createRateLimit(60);
  const start = 1_800_000_000 - (1_800_000_000 % 60);
  const takes = (caller: string, at: number) => limit.take(caller, 2, start + at);
  expect([takes('a', 0), takes('a', 1), takes('a', 10), takes('a', 59)]).toEqual([undefined, undefined, 50, 1]);
  expect(takes('b', 10)).toBeUndefined();
  expect([takes('a', 60), takes('a', 61), takes('a', 62)]).toEqual([undefined, undefined, 58]);
});
