import { expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

it.each([
  ['localhost', true],
  ['auth.acme.localhost', true],
  ['127.0.0.1', true],
  ['[::1]', true],
  ['localhost.evil.test', false],
  ['evillocalhost', false],
  ['127.0.0.1.evil.test', false],
  ['10.0.0.1', false],
  ['0.0.0.0', false],
  ['', false],
])('%j is this machine: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));
