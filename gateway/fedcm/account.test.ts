import { expect, it } from 'vitest';
import { asUserId } from '../../shared/identity.ts';
import type { Person } from '../../shared/users/directory.ts';
import { accountOf } from './account.ts';

const ann: Person = { id: asUserId('42'), state: 'active', roles: ['admin'], permissions: [], permissionVersion: 1 };
const clients = { all: [] };

it.each<[string, Partial<Person>, object]>([
  [
    'a name and an email',
    { name: 'Ann', email: 'a@b.c' },
    { name: 'Ann', email: 'a@b.c', login_hints: ['42', 'a@b.c'] },
  ],
  ['an email alone', { email: 'a@b.c' }, { name: 'a@b.c', email: 'a@b.c', login_hints: ['42', 'a@b.c'] }],
  ['neither', {}, { name: 'Account 42', login_hints: ['42'] }],
])('a person with %s has an account that a browser can show, and no more than that', (_, person, expected) => {
  expect(accountOf({ ...ann, ...person }, clients)).toEqual({ id: '42', approved_clients: [], ...expected });
});
