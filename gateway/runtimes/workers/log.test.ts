import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SsoError } from '../../../shared/errors.ts';
import { createLog } from './log.ts';

const written: [string, unknown][] = [];
beforeEach(() => {
  written.length = 0;
  for (const level of ['debug', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void written.push([level, JSON.parse(line)]));
});
afterEach(() => vi.restoreAllMocks());

it.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['error', ['error']],
  ['fatal', []],
  ['silent', []],
] as const)('writes from its level on: %s', (level, expected) => {
  const log = createLog({ level });
  for (const at of ['debug', 'info', 'warn', 'error'] as const) log[at]('something');
  expect(written.map(([at]) => at)).toEqual(expected);
});

it('writes one object a line, whatever stands in it', () => {
  createLog({ level: 'info' }).info('line\nbreak', { uid: '1"\n{"level":"error"}', roles: ['a'] });
  expect(written).toEqual([
    ['info', { level: 'info', event: 'line\nbreak', uid: '1"\n{"level":"error"}', roles: ['a'] }],
  ]);
});

it('tells of an error its name, code, message and causes, and nothing that it carries along', () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', parameters: ['s3cret'] });
  const error = Object.assign(new SsoError('store_unavailable', 'finding a session', { cause }), { token: 's3cret' });
  createLog({ level: 'info' }).warn('failed', {}, error);
  expect(written).toMatchObject([
    [
      'warn',
      { err: { name: 'SsoError', code: 'store_unavailable', cause: { code: 'ECONNREFUSED', message: 'refused' } } },
    ],
  ]);
  expect(JSON.stringify(written)).not.toContain('s3cret');
});
