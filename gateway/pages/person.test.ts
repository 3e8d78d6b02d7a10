import { expect, it } from 'vitest';
import { avatar, calledBy, initials } from './person.ts';

it.each([
  ['Ann Lee', 'AL'],
  ['ann', 'A'],
  ['ann@acme.test', 'A'],
  ['Ann van der Berg', 'AB'],
  ['  Ann   Lee  ', 'AL'],
  ['“Ann” (Lee)', 'AL'],
  ['élodie Ôster', 'ÉÔ'],
  ['e\u0301lodie', 'E\u0301'],
  ['Анна Ли', 'АЛ'],
  ['李小龙', '李'],
  ['محمد بن عبد الله', 'م'],
  ['👩‍👩‍👧 Family', '👩‍👩‍👧'],
  ['🦊', '🦊'],
  ['R2 D2', 'RD'],
  [`a${'\u0301'.repeat(500)}`, 'A'],
  ['\u202eAnn', 'A'],
  ['— …', ''],
  ['', ''],
])('the initials of %j are %j', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

it.each([
  [{ id: '7', name: 'Ann Lee', email: 'ann@acme.test' }, 'Ann Lee'],
  [{ id: '7', name: '  ', email: 'ann@acme.test' }, 'ann@acme.test'],
  [{ id: '7', name: undefined, email: undefined }, 'Account 7'],
])('%j is called %s', (person, name) => {
  expect(calledBy(person)).toBe(name);
});

it('someone without name and email address has a figure for a picture', async () => {
  const picture = String(await avatar({ id: '7' }));
  expect(picture).toContain('<svg');
  expect(picture).toContain('aria-hidden="true"');
});
