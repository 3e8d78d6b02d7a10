import { expect, it } from 'vitest';
import { ago, ahead, timeElement } from './time-in-words.ts';

const now = 1_772_719_380;
const [minute, hour, day] = [60, 3600, 86_400];

it.each([
  [-30, 'just now', 'now'],
  [0, 'just now', 'now'],
  [1, 'just now', 'in less than a minute'],
  [59, 'just now', 'in less than a minute'],
  [minute, '1 minute ago', 'in 1 minute'],
  [2 * minute - 1, '1 minute ago', 'in 1 minute'],
  [2 * minute, '2 minutes ago', 'in 2 minutes'],
  [12 * minute, '12 minutes ago', 'in 12 minutes'],
  [hour - 1, '59 minutes ago', 'in 59 minutes'],
  [hour, 'about an hour ago', 'in about an hour'],
  [1.5 * hour - 1, 'about an hour ago', 'in about an hour'],
  [1.5 * hour, 'about 2 hours ago', 'in about 2 hours'],
  [11.4 * hour, 'about 11 hours ago', 'in about 11 hours'],
  [12 * hour - 1, 'about 12 hours ago', 'in about 12 hours'],
  [1.5 * day - 1, 'about 36 hours ago', 'in about 36 hours'],
  [1.5 * day, 'about 2 days ago', 'in about 2 days'],
  [90 * day, 'about 90 days ago', 'in about 90 days'],
])('%d seconds are “%s” and “%s”', (span, past, future) => {
  expect(ago(now - span, now)).toBe(past);
  expect(ahead(now + span, now)).toBe(future);
});

it('the moment itself stands beside its words', async () => {
  expect(String(await timeElement(now, 'just now'))).toBe(
    '<time datetime="2026-03-05T14:03:00.000Z" title="Thu, 05 Mar 2026 14:03:00 GMT">just now</time>',
  );
});
