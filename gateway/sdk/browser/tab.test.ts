import { describe, expect, it } from 'vitest';
import { marked, mayReload, type Tab, unmarked } from './tab.ts';

const now = 1_772_719_380_000;
const tabWith = (values: Record<string, string>): Tab => {
  return (key, value) => {
    if (value) values[key] = value;
    return values[key] ?? null;
  };
};

describe('a reload', () => {
  const forgetful: Tab = () => null;
  const without: Tab = () => undefined;

  it.each(['signed-in', 'signed-out'] as const)('for somebody %s may be once, and not again at once: no loop', (to) => {
    const tab = tabWith({});
    const times = [0, 1, 5000, 9999, 10_000];
    expect(times.map((after) => mayReload(tab, to, now + after))).toEqual([true, false, false, false, true]);
  });

  it('to and fro ends as well', () => {
    const tab = tabWith({});
    const turns = ['signed-in', 'signed-out', 'signed-in', 'signed-out'] as const;
    expect(turns.map((to) => mayReload(tab, to, now))).toEqual([true, true, false, false]);
  });

  it.each<[string, Tab, boolean, boolean]>([
    ['where the tab has no memory', without, false, true],
    ['where the memory forgets', forgetful, false, true],
    ['where a clock was set back by much', tabWith({ 'signed-in': `${now + 3_600_000}` }), true, true],
    ['where something else wrote there', tabWith({ 'signed-in': 'x', 'signed-out': 'x' }), true, true],
  ])('%s', (_, tab, forSignIn, forSignOut) => {
    expect([mayReload(tab, 'signed-in', now), mayReload(tab, 'signed-out', now)]).toEqual([forSignIn, forSignOut]);
  });
});

describe('the mark of an address that a bounce comes back to', () => {
  it.each([
    ['', '?sso_tried=1'],
    ['?a=1', '?a=1&sso_tried=1'],
    ['?', '?&sso_tried=1'],
    ['?a=%20b+c&&d', '?a=%20b+c&&d&sso_tried=1'],
  ])('%j becomes %j, and itself again', (search, withMark) => {
    expect(marked(search)).toBe(withMark);
    expect(unmarked(withMark)).toBe(search);
  });

  it.each(['', '?a=1', '?sso_tried=1&a=1', '?sso_tried=12', '?xsso_tried=1', '?a=sso_tried=1'])(
    '%j has none',
    (search) => expect(unmarked(search)).toBeUndefined(),
  );
});
