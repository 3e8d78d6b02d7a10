import { describe, expect, it } from 'vitest';
import { freshNonce, isCode, readAnswer } from './message.ts';

const nonce = 'aN0nce_of-22.characters'.replace('.', '-');
const code = 'c0de_of-at-least-128bits';
const answer = { v: 1, type: 'sso:result', nonce, state: 'signed-in', code };

describe('an answer of the frame', () => {
  it.each([
    ['with a code', answer, { state: 'signed-in', code }],
    ['without one', { ...answer, code: undefined }, { state: 'signed-in' }],
    [
      'with a reason',
      { ...answer, code: undefined, state: 'unknown', reason: 'storage-blocked' },
      { state: 'unknown', reason: 'storage-blocked' },
    ],
    ['that says nobody', { ...answer, code: undefined, state: 'signed-out' }, { state: 'signed-out' }],
    ['with a code for nobody: the code is dropped', { ...answer, state: 'signed-out' }, { state: 'signed-out' }],
    ['with a code that is none', { ...answer, code: '<img src=x>'.repeat(9) }, { state: 'signed-in' }],
    ['with an object for a code', { ...answer, code: [code] }, { state: 'signed-in' }],
  ])('%s', (_, data, read) => expect(readAnswer(data, nonce)).toEqual(read));

  it.each<[string, unknown]>([
    ['to another question', { ...answer, nonce: `${nonce}x` }],
    ['to none', { ...answer, nonce: undefined }],
    ['of another version', { ...answer, v: 2 }],
    ['of another type', { ...answer, type: 'sso:check' }],
    ['with a state of its own', { ...answer, state: 'admin' }],
    ['with a state that only looks like one', { ...answer, state: ['signed-in'] }],
    ['as text', JSON.stringify(answer)],
    ['that is null', null],
    ['that is nothing', undefined],
    ['that is a number', 1],
  ])('%s is none', (_, data) => expect(readAnswer(data, nonce)).toBeUndefined());
});

describe('a nonce', () => {
  it('is as the frame takes it, and new each time', () => {
    const nonces = Array.from({ length: 1000 }, freshNonce);
    expect(nonces.filter((one) => !/^[\w-]{22,64}$/.test(one))).toEqual([]);
    expect(new Set(nonces).size).toBe(1000);
  });
});

it.each([
  ['a code', code, true],
  ['nothing', '', false],
  ['too short to be one', 'x'.repeat(15), false],
  ['too long to be one', 'x'.repeat(1025), false],
  ['two lines', `${code}\n`, false],
  ['null', null, false],
])('%s: %j is one: %s', (_, value, is) => expect(isCode(value)).toBe(is));
