import { describe, expect, it } from 'vitest';
import { isPublicPath } from './public-paths.ts';

describe('a public path', () => {
  it.each([
    ['/about', true],
    ['/about?next=/private', true],
    ['https://whatever.test/about', true],
    ['/about/', false],
    ['/About', false],
    ['/about/us', false],
    ['/assets', true],
    ['/assets/', true],
    ['/assets/a/b.css?v=1', true],
    ['/assetsx', false],
    ['/', false],
    ['', false],
    ['*', false],
    ['/private?/assets/x', false],
    ['/private#/assets/x', false],
    ['/assets/../private', false],
    ['/assets/..', false],
    ['/assets/%2e%2e/private', false],
    ['/assets/%2E./private', false],
    ['/assets/..%2fprivate', false],
    ['/assets/..%5cprivate', false],
    ['/assets/..\\private', false],
    ['/assets/%252e%252e/private', false],
    ['/assets/..;/private', false],
    ['//assets/x', false],
    ['/assets//x', false],
    ['/assets/%00', false],
    ['/private/../assets/x', false],
    ['https://evil.test@host/assets/x', true],
    ['//evil.test/assets/x', false],
  ])('%s: %s', (target, expected) => {
    expect(isPublicPath(target, ['/about', '/assets/*'])).toBe(expected);
  });

  it('may be all of them', () => {
    for (const target of ['/', '/a', '/a/b']) expect(isPublicPath(target, ['/*'])).toBe(true);
  });
});
