import { describe, expect, it } from 'vitest';
import { readBatchAnswer } from './batch-answer.ts';

const sent = new Set(['m1', 'm2', 'm3']);

describe('which messages of a batch failed', () => {
  it.each<[string, string]>([
    ['nothing said', ''],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['no list', '{"batchItemFailures":null}'],
    ['an empty list', '{"batchItemFailures":[]}'],
    ['something else altogether', '{"ok":true}'],
  ])('none: %s', (_, text) => {
    expect(readBatchAnswer(text, sent)).toEqual([]);
  });

  it.each<[string, string, string[]]>([
    ['one', '{"batchItemFailures":[{"itemIdentifier":"m2"}]}', ['m2']],
    ['one, said twice', '{"batchItemFailures":[{"itemIdentifier":"m2"},{"itemIdentifier":"m2"}]}', ['m2']],
    ['two', '{"batchItemFailures":[{"itemIdentifier":"m3"},{"itemIdentifier":"m1"}]}', ['m3', 'm1']],
  ])('%s', (_, text, failed) => {
    expect(readBatchAnswer(text, sent)).toEqual(failed);
  });

  it.each<[string, string]>([
    ['an answer that is no JSON', '{"batchItemFailures":['],
    ['a text', '"ok"'],
    ['a list', '[]'],
    ['a number', '1'],
    ['no list where one belongs', '{"batchItemFailures":{"itemIdentifier":"m1"}}'],
    ['an identifier that is null', '{"batchItemFailures":[{"itemIdentifier":null}]}'],
    ['an empty identifier', '{"batchItemFailures":[{"itemIdentifier":""}]}'],
    ['a bad key', '{"batchItemFailures":[{"messageId":"m1"}]}'],
    ['identifiers without objects', '{"batchItemFailures":["m1"]}'],
    ['null as an entry', '{"batchItemFailures":[null]}'],
    [
      'an unknown message beside a known one',
      '{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m9"}]}',
    ],
  ])('all: %s', (_, text) => {
    expect(readBatchAnswer(text, sent)).toEqual(expect.any(String));
  });
});
