import { describe, expect, it } from 'vitest';
import { asSubject, asUserId } from '../../../shared/identity.ts';
import type { ListedPerson } from '../../../shared/users/directory.ts';
import { differencesOf, isRecent, type PoolUser } from './difference.ts';

const subject = asSubject('s');
const ann: PoolUser = {
  username: 'ann',
  subject,
  enabled: true,
  status: 'CONFIRMED',
  attributes: { email: 'ann@acme.test', emailVerified: true, name: 'Ann 🦊' },
  changedAt: 0,
};
const row: ListedPerson = { id: asUserId('1'), provider: 'pool', subject, state: 'active', email: 'ann@acme.test' };
const { email: _, ...noEmail } = row;
const everything = { email: true, state: true };
const says = (email: string, emailVerified = true): PoolUser => ({ ...ann, attributes: { email, emailVerified } });

describe('what differs', () => {
  it.each<[string, PoolUser | undefined, ListedPerson | undefined, string[]]>([
    ['both halves alike', ann, row, []],
    ['nobody at all', undefined, undefined, []],
    ['no row', ann, undefined, ['missing-rows']],
    ['no row, made by an administrator', { ...ann, status: 'FORCE_CHANGE_PASSWORD' }, undefined, ['missing-rows']],
    ['no row, from another identity provider', { ...ann, status: 'EXTERNAL_PROVIDER' }, undefined, ['missing-rows']],
    ['no row, not confirmed', { ...ann, status: 'UNCONFIRMED' }, undefined, []],
    ['no row, disabled after a sign-up that failed', { ...ann, enabled: false }, undefined, []],
    ['no pool user', undefined, row, ['orphans']],
    ['no pool user, disabled', undefined, { ...row, state: 'disabled' }, ['orphans']],
    ['no pool user, marked deleted', undefined, { ...row, state: 'deleted' }, []],
    ['another email', says('new@acme.test'), row, ['emails']],
    ['another email, not verified', says('new@acme.test', false), row, []],
    ['another email that is none', says('new'), row, []],
    ['the email in capitals', says('ANN@Acme.Test'), row, []],
    ['the email with a letter that folds to another', says('ann@acme.te\u017ft'), row, ['emails']],
    ['an email where the row has none', ann, noEmail, ['emails']],
    ['no email where the row has one', { ...ann, attributes: { emailVerified: false } }, row, []],
    [
      'another email, of a disabled row',
      { ...says('new@acme.test'), enabled: false },
      { ...row, state: 'disabled' },
      [],
    ],
    ['disabled in the pool', { ...ann, enabled: false }, row, ['disabled-in-pool']],
    ['disabled in the table', ann, { ...row, state: 'disabled' }, ['disabled-in-table']],
    ['deleted in the table', ann, { ...row, state: 'deleted' }, ['disabled-in-table']],
    ['disabled in both', { ...ann, enabled: false }, { ...row, state: 'disabled' }, []],
    ['two things', { ...says('new@acme.test'), enabled: false }, row, ['emails', 'disabled-in-pool']],
  ])('%s', (_, user, half, differences) => {
    expect(differencesOf(user, half, everything)).toEqual(differences);
  });

  it('is only what the table can say', () => {
    const moved = { ...says('new@acme.test'), enabled: false };
    expect(differencesOf(moved, row, { email: false, state: true })).toEqual(['disabled-in-pool']);
    expect(differencesOf(moved, row, { email: true, state: false })).toEqual(['emails']);
  });
});

describe('too new to tell', () => {
  it.each<[string, number | undefined, number, boolean]>([
    ['this very second', 1000, 300, true],
    ['four minutes ago', 760, 300, true],
    ['five minutes ago', 700, 300, false],
    ['in the future, by another clock', 1100, 300, true],
    ['this very second, without grace', 1000, 0, false],
    ['who knows when', undefined, 300, false],
  ])('%s', (_, at, grace, recent) => {
    expect(isRecent(at, 1000, grace)).toBe(recent);
  });
});
