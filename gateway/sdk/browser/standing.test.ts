import { expect, it } from 'vitest';
import type { State } from './ladder.ts';
import { createStanding } from './standing.ts';

/** A state and whether its session is new; what is found one after the other. */
type Found = readonly [State, boolean?];

it.each<[string, readonly Found[], readonly State[]]>([
  ['the first that is found is how the page was made', [['signed-in']], []],
  ['so is nobody', [['signed-out']], []],
  ['a session that began just now', [['signed-in', true]], ['signed-in']],
  ['signed in, then out', [['signed-in'], ['signed-out']], ['signed-out']],
  ['out, then in', [['signed-out'], ['signed-in']], ['signed-in']],
  ['the same again', [['signed-in'], ['signed-in'], ['signed-in']], []],
  ['unknown ends nothing', [['signed-in'], ['unknown'], ['signed-in']], []],
  ['unknown begins nothing', [['unknown'], ['signed-in']], []],
  ['out after unknown is the end all the same', [['signed-in'], ['unknown'], ['signed-out']], ['signed-out']],
  ['another session than before', [['signed-in'], ['unknown'], ['signed-in', true]], ['signed-in']],
  ['the end is told once', [['signed-in'], ['signed-out'], ['signed-out'], ['unknown']], ['signed-out']],
])('%s', (_, found, reactions) => {
  const reacted: State[] = [];
  const standing = createStanding((to) => reacted.push(to));
  for (const [state, isNew] of found) standing.become(state, isNew);
  expect(reacted).toEqual(reactions);
});

it('tells listeners of changes alone, before anything else is done about them', () => {
  const heard: string[] = [];
  const standing = createStanding((to) => heard.push(`react ${to}`));
  const end = standing.onChange((state) => heard.push(state));
  for (const state of ['unknown', 'signed-in', 'signed-in', 'signed-out'] as const) standing.become(state);
  end();
  standing.become('signed-in');
  expect(heard).toEqual(['signed-in', 'signed-out', 'react signed-out', 'react signed-in']);
});

it('a listener that throws stops nobody, and its error is not lost', () => {
  const reported: unknown[] = [];
  const before = globalThis.reportError;
  globalThis.reportError = (error) => reported.push(error);
  try {
    const heard: State[] = [];
    const standing = createStanding(() => {});
    standing.onChange(() => {
      throw new Error('the app’s own');
    });
    standing.onChange((state) => heard.push(state));
    standing.become('signed-in');
    expect([standing.state, heard, reported]).toEqual(['signed-in', ['signed-in'], [new Error('the app’s own')]]);
  } finally {
    globalThis.reportError = before;
  }
});
