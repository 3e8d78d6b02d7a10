import { describe, expect, it } from 'vitest';
import { type Facts, judge, type Row, signInRange } from './invariants.ts';
import type { Member } from './member.ts';

const signedIn = (start: number, uid: string | undefined = 'id-ann') => ({ start, end: start + 1.5, uids: [uid, uid] });
const refused = (start: number) => ({ start, end: start + 1.5 });
const ann = (changes: Partial<Member> = {}): Member => ({
  email: 'ann@chaos.test',
  name: 'Ann',
  subject: 'sub-ann',
  attempts: [signedIn(100.9)],
  ...changes,
});
const rowOfAnn: Row = {
  id: 'id-ann',
  provider: 'cognito',
  subject: 'sub-ann',
  email: 'ann@chaos.test',
  name: 'Ann',
  state: 'active',
  lastLoginAt: 101,
};
const older: Row = { ...rowOfAnn, id: 'id-old', provider: null, subject: null, email: 'old@chaos.test' };
const dead = (body: string) => ({ messageId: body, body, sentAt: 0, receiveCount: 6 });
const calm = (changes: Partial<Facts> = {}): Facts => ({
  members: [ann()],
  turnedAway: ['eve@chaos.test'],
  rows: [rowOfAnn, { ...older, lastLoginAt: null }],
  legacy: ['old@chaos.test'],
  poolSubjects: new Set(['sub-ann']),
  queue: { ready: 0, inFlight: 0, deadLetters: [dead('poison')] },
  poison: ['poison'],
  writtenDown: new Map([['sub-ann', [99, 101]]]),
  ...changes,
});

it('finds nothing where all is well', () => {
  expect(judge(calm())).toEqual({ violations: [], lost: 0 });
});

describe('the time of the last sign-in', () => {
  it.each<[string, Member['attempts'], object]>([
    ['of who never tried', [], { most: 0 }],
    ['is within the sign-in, to the second', [signedIn(100.9)], { least: 100, most: 102.4 }],
    [
      'is that of the newest, in whatever order they ended',
      [signedIn(105), signedIn(100)],
      { least: 105, most: 106.5 },
    ],
    [
      'may be that of one that was refused for want of a token',
      [signedIn(100), refused(110)],
      { least: 100, most: 116.5 },
    ],
    ['of who was refused only may be there or not', [refused(110)], { most: 116.5 }],
  ])('%s', (_, attempts, range) => expect(signInRange(attempts)).toEqual(range));

  it('is not all: an earlier sign-in that left no trace is lost too', () => {
    const members = [ann({ attempts: [signedIn(50), signedIn(100.9)] })];
    const { violations, lost } = judge(calm({ members }));
    expect(violations).toEqual(['ann@chaos.test: signed in at 50, and nobody wrote it down']);
    expect(lost).toBe(1);
  });
});

describe('what must not be is named', () => {
  it.each<[string, Partial<Facts>, RegExp, number]>([
    ['a sign-in that nobody wrote down', { rows: [{ ...rowOfAnn, lastLoginAt: null }] }, /signed in at 100.*never/, 1],
    ['an older time over a newer one', { rows: [{ ...rowOfAnn, lastLoginAt: 99 }] }, /signed in at 100.*99/, 1],
    ['a time at which nobody was there', { rows: [{ ...rowOfAnn, lastLoginAt: 200 }] }, /gone by 102.4/, 0],
    ['somebody without a row', { rows: [] }, /has no row/, 1],
    ['somebody with two rows', { rows: [rowOfAnn, { ...rowOfAnn, id: '2', email: 'b@x' }] }, /has 2 rows/, 0],
    [
      'two rows with one email',
      { rows: [rowOfAnn, { ...older, email: 'ANN@chaos.test' }] },
      /2 rows have the email/,
      0,
    ],
    ['the row of another', { rows: [{ ...rowOfAnn, email: 'bob@chaos.test' }] }, /not theirs/, 0],
    ['a name that was changed', { rows: [{ ...rowOfAnn, name: 'Attacker' }] }, /not theirs/, 0],
    ['an older row that somebody got', { rows: [rowOfAnn, { ...older, subject: 'sub-eve' }] }, /got the older row/, 0],
    ['a row of nobody', { rows: [rowOfAnn, { ...older, email: 'x@y' }] }, /nobody's row/, 0],
    ['a row of who was refused', { rows: [rowOfAnn, { ...older, email: 'EVE@chaos.test' }] }, /was refused and has/, 0],
    ['somebody who was removed from the pool', { poolSubjects: new Set() }, /not in the pool/, 0],
    [
      'another uid than the row’s',
      { members: [ann({ attempts: [signedIn(100, 'id-bob')] })] },
      /tokens said id-bob/,
      0,
    ],
    [
      'a uid that changed',
      { members: [ann({ attempts: [signedIn(99, 'x'), signedIn(100)] })] },
      /tokens said x, id-/,
      0,
    ],
    [
      'a token without',
      { members: [ann({ attempts: [signedIn(99), { ...signedIn(100), uids: [undefined] }] })] },
      /nothing/,
      0,
    ],
    [
      'a good message that was given up',
      { queue: { ready: 0, inFlight: 0, deadLetters: [dead('poison'), dead('good')] } },
      /nothing was wrong with it: good/,
      0,
    ],
    ['poison that was taken', { queue: { ready: 0, inFlight: 0, deadLetters: [] } }, /not in the dead-letter queue/, 0],
    ['messages that wait', { queue: { ready: 1, inFlight: 1, deadLetters: [dead('poison')] } }, /2 messages/, 0],
  ])('%s', (_, changes, says, lost) => {
    const verdict = judge(calm(changes));
    expect(verdict.violations.join('\n')).toMatch(says);
    expect(verdict.lost).toBe(lost);
  });
});
