import { describe, expect, it } from 'vitest';
import { createSqlWatch, type SqlStatement } from './sql-watch.ts';

const int16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const message = (type: string, ...parts: (string | Buffer)[]) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const startup = message('', Buffer.from([0, 3, 0, 0]), 'user', 'ann', Buffer.from([0]));
const parse = (name: string, text: string) => message('P', name, text, int16(0));
const bind = (name: string, parameters: number) =>
  message('B', '', name, int16(1), int16(0), int16(parameters), ...Array(parameters).fill(Buffer.from([0, 0, 0, 0])));
const execute = message('E', '', Buffer.alloc(4));
const sync = message('S');
const parsed = message('1');
const bound = message('2');
const complete = (tag: string) => message('C', tag);
const ready = message('Z', Buffer.from('I'));
const failed = (code: string) => message('E', 'SERROR', `C${code}`, 'Msecret value in here', Buffer.from([0]));

/** @param piece Bytes per piece in which it all arrives. */
function watch(passes: readonly ['client' | 'server', Buffer][], piece = Number.POSITIVE_INFINITY) {
  const seen: Omit<SqlStatement, 'durationMs'>[] = [];
  const { fromClient, fromServer } = createSqlWatch(
    ({ durationMs: _, ...statement }) => seen.push(statement),
    () => 0,
  );
  for (const [from, bytes] of passes) {
    for (let at = 0; at < bytes.length; at += Math.min(piece, bytes.length)) {
      const chunk = bytes.subarray(at, at + piece);
      if (from === 'client') fromClient(chunk);
      else fromServer(chunk);
    }
  }
  return seen;
}

const greeting: ['client' | 'server', Buffer][] = [
  ['client', startup],
  ['server', Buffer.concat([message('R', Buffer.alloc(4)), ready])],
];

describe('what is seen on the wire', () => {
  it.each([1, 3, Number.POSITIVE_INFINITY])('a prepared statement, used twice, in pieces of %d', (piece) => {
    const text = 'select $1, $2';
    const passes: ['client' | 'server', Buffer][] = [
      ...greeting,
      ['client', Buffer.concat([parse('s1', text), message('D', Buffer.from('S'), 's1'), sync])],
      ['server', Buffer.concat([parsed, message('t', int16(0)), message('T', int16(0)), ready])],
      ['client', Buffer.concat([bind('s1', 2), execute, sync])],
      ['server', Buffer.concat([bound, message('D', int16(0)), complete('SELECT 1'), ready])],
      ['client', Buffer.concat([bind('s1', 2), execute, sync])],
      ['server', Buffer.concat([bound, complete('SELECT 0'), ready])],
    ];
    expect(watch(passes, piece)).toEqual([
      { text, parameters: 2, outcome: 'SELECT 1' },
      { text, parameters: 2, outcome: 'SELECT 0' },
    ]);
  });

  it('simple queries, also of several statements, and several on their way at once', () => {
    expect(
      watch([
        ...greeting,
        ['client', Buffer.concat([message('Q', 'begin; select 1'), parse('', 'select 2'), bind('', 0), execute, sync])],
        ['server', Buffer.concat([complete('BEGIN'), complete('SELECT 1'), ready])],
        ['server', Buffer.concat([parsed, bound, complete('SELECT 1'), ready])],
      ]),
    ).toEqual([
      { text: 'begin; select 1', parameters: 0, outcome: 'BEGIN, SELECT 1' },
      { text: 'select 2', parameters: 0, outcome: 'SELECT 1' },
    ]);
  });

  it('what failed, by its code alone, and what came after it', () => {
    expect(
      watch([
        ...greeting,
        ['client', Buffer.concat([parse('', 'selec'), bind('', 0), execute, sync])],
        ['server', Buffer.concat([failed('42601'), ready])],
        ['client', Buffer.concat([parse('', 'insert'), bind('', 1), execute, sync])],
        ['server', Buffer.concat([parsed, bound, failed('23505'), ready])],
        ['client', message('Q', 'rollback')],
        ['server', Buffer.concat([complete('ROLLBACK'), ready])],
      ]),
    ).toEqual([
      { text: 'selec', parameters: 0, outcome: 'error 42601' },
      { text: 'insert', parameters: 1, outcome: 'error 23505' },
      { text: 'rollback', parameters: 0, outcome: 'ROLLBACK' },
    ]);
  });

  it('nothing of what is not a statement', () => {
    const notice = message('N', 'SNOTICE', Buffer.from([0]));
    expect(
      watch([...greeting, ['server', notice], ['client', message('p', 'password')], ['client', message('X')]]),
    ).toEqual([]);
  });
});
