import { expect, it } from 'vitest';
import { asUserId } from '../../shared/identity.ts';
import type { Person } from '../../shared/users/directory.ts';
import { rememberPeople } from './remembered.ts';

const person = (id: string): Person => ({
  id: asUserId(id),
  state: 'active',
  roles: [],
  permissions: [],
  permissionVersion: 1,
});

it.each([
  ['at once', 0, true],
  ['in the last second', 29, true],
  ['when the time is over', 30, false],
  ['long after', 3600, false],
])('somebody is known: %s', (_, later, isKnown) => {
  let now = 1_800_000_000;
  const remembered = rememberPeople(30_000, () => now);
  remembered.set('ann', person('1'));
  now += later;
  expect(remembered.get('ann')).toEqual(isKnown ? person('1') : undefined);
  expect(remembered.get('bob')).toBeUndefined();
});

it('whoever is forgotten is', () => {
  const remembered = rememberPeople(30_000, () => 0);
  remembered.set('ann', person('1'));
  remembered.delete('ann');
  expect(remembered.get('ann')).toBeUndefined();
});

it('a thousand people fit, and the next one takes the place of the oldest', () => {
  const remembered = rememberPeople(30_000, () => 0);
  for (let i = 0; i < 1000; i++) remembered.set(`p${i}`, person(`${i}`));
  remembered.set('p0', person('0'));
  remembered.set('p1000', person('1000'));
  expect([0, 1, 2, 999, 1000].map((i) => remembered.get(`p${i}`)?.id)).toEqual(['0', undefined, '2', '999', '1000']);
});
