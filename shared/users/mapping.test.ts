import { describe, expect, it } from 'vitest';
import { holdsId, mapUsers, quoteIdentifier, quoteLiteral, stateOf } from './mapping.ts';

const users = {
  table: 'hr.People',
  idType: 'uuid',
  idDefault: 'database',
  columns: { id: 'Key', email: 'mail', state: 'state' },
  states: { active: ['active'], deleted: ['deleted'] },
  linkLegacyRows: false,
} as const;

const mutable = (changes: object = {}) => mapUsers({ ...structuredClone(users), ...changes } as never);

describe('the mapping of a users table', () => {
  it('quotes table and columns and keeps their case', () => {
    expect(mutable()).toMatchObject({ table: '"hr"."People"', id: '"Key"', email: '"mail"', activeState: `'active'` });
  });

  it('leaves out what is not mapped', () => {
    expect(mutable()).not.toHaveProperty('subject');
  });

  it('looks for a table without schema in public, not along the search path', () => {
    expect(mutable({ table: 'people' })).toMatchObject({ table: '"public"."people"' });
  });

  it('is our own table where none is named, whatever else is said', () => {
    expect(mutable({ table: undefined })).toMatchObject({
      table: '"crossgate"."users"',
      id: '"id"',
      subject: '"subject"',
      idDefault: 'uuid-v7',
    });
  });

  it('refuses UUIDs for a bigint key', () => {
    expect(() => mutable({ idType: 'bigint', idDefault: 'uuid-v7' })).toThrow(/config_invalid/);
  });

  it.each([
    ['a quote', 'a"; drop table x; --', '"a""; drop table x; --"'],
    ['a dot', 'a.b', '"a.b"'],
    ['a reserved word', 'user', '"user"'],
  ])('quotes a name with %s', (_, name, quoted) => {
    expect(quoteIdentifier(name)).toBe(quoted);
  });

  it.each([
    ['empty', ''],
    ['with NUL', 'a\0b'],
    ['too long, which PostgreSQL would cut', 'a'.repeat(64)],
  ])('refuses a name that is %s', (_, name) => {
    expect(() => quoteIdentifier(name)).toThrow(/config_invalid/);
  });

  it.each([
    ['plain', 'on', `'on'`],
    ['with a quote', `let's`, `'let''s'`],
    ['with a backslash', `a\\'b`, ` E'a\\\\''b'`],
  ])('quotes a value: %s', (_, value, quoted) => {
    expect(quoteLiteral(value)).toBe(quoted);
  });
});

describe('the state of a row', () => {
  it('is active where no column says otherwise', () => {
    expect(stateOf(mutable({ columns: { id: 'id' } }), 'p')).toBe(`'active'`);
  });

  it('is disabled for every value that is not named', () => {
    expect(stateOf(mutable({ states: { active: ['a', 'b'], deleted: [] } }), 'p')).toMatch(
      /^case when p\."state"::text in \('a', 'b'\) then 'active' +else 'disabled' end$/,
    );
  });
});

describe('what a key can hold', () => {
  it.each([
    ['bigint', '1', true],
    ['bigint', '-1', true],
    ['bigint', '9223372036854775807', true],
    ['bigint', '-9223372036854775808', true],
    ['bigint', '9223372036854775808', false],
    ['bigint', '01', false],
    ['bigint', '-0', false],
    ['bigint', '1e3', false],
    ['bigint', '٣', false],
    ['uuid', '0198c0de-0000-7000-8000-000000000001', true],
    ['uuid', '0198C0DE-0000-7000-8000-000000000001', true],
    ['uuid', '0198c0de000070008000000000000001', false],
    ['uuid', 'x', false],
    ['text', 'anything at all', true],
    ['text', '', false],
    ['text', 'a\0', false],
  ] as const)('%s %j: %s', (idType, id, holds) => {
    expect(holdsId({ idType }, id)).toBe(holds);
  });
});
