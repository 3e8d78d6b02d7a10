import { describe, expect, it } from 'vitest';
import { createReturnPaths } from './return-path.ts';

const paths = createReturnPaths('https://www.globex.com', '/sso');
const below = createReturnPaths('https://globex.com/shop', '/sso');

describe('a path to return to', () => {
  it.each([
    ['/', 'https://www.globex.com/'],
    ['/list?page=2&q=a%20b#part', 'https://www.globex.com/list?page=2&q=a%20b#part'],
    ['/ä', 'https://www.globex.com/%C3%A4'],
    ['/a/../b', 'https://www.globex.com/b'],
    ['/%2f%2fevil.test', 'https://www.globex.com/%2f%2fevil.test'],
    ['/@evil.test', 'https://www.globex.com/@evil.test'],
    ['/:81@evil.test', 'https://www.globex.com/:81@evil.test'],
    ['/?https://evil.test', 'https://www.globex.com/?https://evil.test'],
    ['/ssomething', 'https://www.globex.com/ssomething'],
    [`/${'a'.repeat(1000)}`, `https://www.globex.com/${'a'.repeat(1000)}`],
  ])('%j is of the app', (path, address) => expect(paths.judge(path)).toBe(address));

  it.each([
    '',
    'x',
    '//x',
    '/\\x',
    '/.//x',
    '/./\\x',
    '/a/..//x',
    '/\u0000',
    '/a b',
    '/\u2028',
    '/sso',
    '/sso/',
    '/sso/login',
  ])('%j is not', (path) => expect(paths.judge(path)).toBeUndefined());
  it.each([`/${'a'.repeat(1024)}`, `/${'ä'.repeat(400)}`])('that is too long, or will be, is not: %#', (path) =>
    expect(paths.judge(path)).toBeUndefined(),
  );

  it('stays below the app’s own path', () => {
    expect(below.judge('/shop/list')).toBe('https://globex.com/shop/list');
    expect(below.judge('/shop')).toBe('https://globex.com/shop');
    for (const path of ['/', '/shopping', '/shop/../admin', '/shop/sso/login'])
      expect(below.judge(path)).toBeUndefined();
  });

  it.each([
    ['https://globex.com/shop/list?x', '/shop/list?x'],
    ['https://globex.com/other', '/shop/'],
    ['https://globex.com//evil.test', '/shop/'],
    ['https://globex.com.evil.test/shop/', '/shop/'],
    ['https://evil.test/shop/', '/shop/'],
  ])('is cut from %s', (address, path) => expect(below.pathOf(address)).toBe(path));
});
