import { describe, expect, it } from 'vitest';
import { pathAndQuery } from './incoming.ts';

describe('path and query of a request', () => {
  it.each([
    ['/a/b?c=d', '/a/b', '?c=d'],
    ['https://other.test:81/a?b#c', '/a', '?b'],
    ['HTTP://other.test', '/', ''],
    ['//other.test/a', '//other.test/a', ''],
    ['/\\other.test', '//other.test', ''],
    ['/a/../../b', '/b', ''],
    ['/a?b\\c', '/a', '?b%5Cc'],
    ['/a b\r\nSet-Cookie: x', '/a%20bSet-Cookie:%20x', ''],
    ['*', '/', ''],
    ['', '/', ''],
    ['javascript:alert(1)', '/', ''],
    ['other.test:443', '/', ''],
    ['http://', '/', ''],
  ])('%j', (target, path, query) => {
    expect(pathAndQuery(target, 'https://notes.acme.com')).toEqual({ path, query });
  });
});
