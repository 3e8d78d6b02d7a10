import { expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { oldestNode, whyTooOld } from './node-version.ts';

it.each([
  ['20.20.2', true],
  ['22.17.1', true],
  ['22.9.0', true],
  ['22.18.0', false],
  ['22.20.1', false],
  ['24.0.0', false],
])('Node %s is too old: %s', (version, isTooOld) => {
  expect(whyTooOld(version)).toEqual(isTooOld ? expect.stringContaining(oldestNode) : undefined);
});

it('is what package.json says', () => {
  expect(manifest.engines.node).toBe(`>=${oldestNode}`);
});
