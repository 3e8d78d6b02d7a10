import { describe, expect, it } from 'vitest';
import { isAddress, whyNoParentDomain } from './parent-domain.ts';

describe('a parent domain', () => {
  it.each(['acme.com', 'acme.co.uk', 'apps.acme.com', 'acme.localhost', 'localhost', 'co.com', '127.0.0.1', '[::1]'])(
    '%s may be shared',
    (domain) => expect(whyNoParentDomain(domain)).toBeUndefined(),
  );

  it.each([
    'com',
    'uk',
    'co.uk',
    'com.au',
    'github.io',
    'vercel.app',
    'workers.dev',
    'eu-west-1.amazonaws.com',
    '0.0.1',
  ])('%s may not', (domain) => expect(whyNoParentDomain(domain)).toEqual(expect.any(String)));

  it.each([
    ['10.0.0.1', true],
    ['[::1]', true],
    ['0.0.1', false],
    ['10.acme.test', false],
  ])('%s is an address: %s', (host, expected) => expect(isAddress(host)).toBe(expected));
});
