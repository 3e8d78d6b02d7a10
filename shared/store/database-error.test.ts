import { describe, expect, it } from 'vitest';
import { SsoError } from '../errors.ts';
import { databaseError, hasAnswered, sqlState } from './database-error.ts';

const from = (message: string, fields: object) => Object.assign(new Error(message), fields);

describe('an error of the database', () => {
  it.each([
    ['a connection', 'connect ECONNREFUSED 127.0.0.1:5432', { code: 'ECONNREFUSED' }, 'ECONNREFUSED 127'],
    ['a missing right', 'permission denied for table people', { code: '42501' }, 'permission denied for table people'],
    ['a timeout', 'canceling statement due to statement timeout', { code: '57014' }, 'statement timeout'],
  ])('keeps its words where they are about %s', (_, message, fields, said) => {
    const error = databaseError('store_unavailable', 'sweeping', from(message, fields));
    expect(error).toMatchObject({ code: 'store_unavailable', reason: expect.stringContaining(said) });
    expect(error.reason).toMatch(/^sweeping: /);
  });

  it.each([
    ['bad data', 'invalid input syntax for type uuid: "private"', { code: '22P02' }],
    [
      'a broken constraint',
      'violates',
      { code: '23505', detail: 'Key (email)=(private)', constraint_name: 'people_key' },
    ],
    ['a trigger', 'not you, private', { code: 'P0001' }],
  ])('quotes nobody in message or cause where it is about %s', (_, message, fields) => {
    const error = databaseError('directory_unavailable', 'healing', from(message, { ...fields, query: 'private' }));
    const { cause } = error;
    expect(JSON.stringify([error.message, String(cause), { ...(cause as object) }])).not.toContain('private');
    expect(error.reason).toContain(fields.code);
  });

  it('names the constraint at fault', () => {
    const broken = from('violates', { code: '23505', constraint_name: 'people_key' });
    expect(databaseError('store_unavailable', 'x', broken).reason).toBe('x: 23505 people_key');
  });

  it('leaves an error of ours as it is', () => {
    const ours = new SsoError('forbidden', 'no');
    expect(databaseError('store_unavailable', 'x', ours)).toBe(ours);
  });

  it.each([
    ['SQLSTATE', from('', { code: '40P01' }), '40P01'],
    ['a code of Node', from('', { code: 'ECONNRESET' }), undefined],
    ['a code of Node that is as long', from('', { code: 'EPIPE' }), undefined],
    ['no code', new Error('x'), undefined],
    ['no error', 'x', undefined],
  ])('has a SQLSTATE or none: %s', (_, error, state) => {
    expect(sqlState(error)).toBe(state);
  });
});

describe('whether the database said no, or nothing', () => {
  const sql = (code: string) => Object.assign(new Error('x'), { code });
  it.each<[string, unknown, boolean]>([
    ['it is read-only', sql('25006'), true],
    ['a right is missing', sql('42501'), true],
    ['a value is refused', databaseError('store_unavailable', 'writing', sql('23505')), true],
    ['it is stopping', sql('57P01'), false],
    ['it is starting', databaseError('store_unavailable', 'reading', sql('57P03')), false],
    ['it has no connection left', sql('53300'), false],
    ['the connection broke', sql('ECONNRESET'), false],
    ['nothing came in time', databaseError('store_unavailable', 'reading', new Error('late')), false],
    ['something else altogether', 'x', false],
  ])('%s', (_, error, answered) => expect(hasAnswered(error)).toBe(answered));
});
