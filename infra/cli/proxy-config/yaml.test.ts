import { describe, expect, it } from 'vitest';
import { type Yaml, yaml, yamlDocuments } from './yaml.ts';

describe('YAML is written', () => {
  it.each<[string, Yaml, string]>([
    ['words bare', { a: 'b/c-d.e' }, 'a: b/c-d.e\n'],
    [
      'what another reader could take for something else quoted',
      { a: 'yes', b: '1', c: '' },
      'a: "yes"\nb: "1"\nc: ""\n',
    ],
    ['words with marks quoted', { a: 'x: y', b: '@c', d: '# e' }, 'a: "x: y"\nb: "@c"\nd: "# e"\n'],
    ['keys by the same rule', { '@type': 'a', on: 'b' }, '"@type": a\n"on": b\n'],
    ['numbers and truth values as they are', { a: 1, b: false }, 'a: 1\nb: false\n'],
    ['lists of maps', { a: [{ b: 'c', d: 'e' }, 'f'] }, 'a:\n  - b: c\n    d: e\n  - f\n'],
    ['lists of lists', [['a', 'b'], ['c']], '- - a\n  - b\n- - c\n'],
    ['nothing as nothing', { a: [], b: {} }, 'a: []\nb: {}\n'],
    ['lines as a block', { a: 'b: 1\n\n  c "d"\n', e: 'f' }, 'a: |\n  b: 1\n\n    c "d"\ne: f\n'],
  ])('%s', (_, value, text) => {
    expect(yaml(value)).toBe(text);
  });

  it('as several documents', () => {
    expect(yamlDocuments([{ a: 1 }, { b: 2 }])).toBe('a: 1\n---\nb: 2\n');
  });
});
