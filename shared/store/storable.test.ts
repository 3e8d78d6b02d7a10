import { describe, expect, it } from 'vitest';
import { cleaned, isStorable } from './storable.ts';

describe('text that can be stored as it is', () => {
  it.each([
    ['anything', `o'Brien 🦊 \u202e`, true],
    ['nothing', '', true],
    ['as long as may be', 'x'.repeat(100), true],
    ['longer', 'x'.repeat(101), false],
    ['NUL', 'a\0', false],
    ['the first half of a pair', '\ud83d', false],
    ['the second half of a pair', '\udd8a', false],
  ])('%s', (_, text, storable) => {
    expect(isStorable(text, 100)).toBe(storable);
  });
});

describe('cleaned text', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['empty', '', undefined],
    ['spaces', ' \t\r\n ', undefined],
    ['plain', 'Ann Example', 'Ann Example'],
    ['control characters', 'Ann\0\x1b[31m\u0085Example', 'Ann [31m Example'],
    ['line separators', 'a\u2028b', 'a b'],
    ['half a pair', 'a\ud83d', 'a'],
    ['marks that turn the writing', '\u202eevil\u2066', 'evil'],
    ['joined emoji stay joined', '👩\u200d🚀', '👩\u200d🚀'],
    ['cut between characters, not in them', '🦊'.repeat(21), '🦊'.repeat(20)],
  ])('%s', (_, text, clean) => {
    expect(cleaned(text, 20)).toBe(clean);
  });
});
