import { beforeEach, expect, it } from 'vitest';
import { SsoError } from '../../shared/errors.ts';
import type { UserId } from '../../shared/identity.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import { createPeopleAfresh, type PeopleAfresh } from './people-afresh.ts';

let directory: MemoryDirectory;
let people: PeopleAfresh;
let asked: number;
let news: number | undefined;
let uid: UserId;

beforeEach(() => {
  directory = createMemoryDirectory();
  uid = directory.add({ roles: ['admin'] });
  asked = 0;
  news = undefined;
  const counted = {
    findById: (id: UserId) => {
      asked += 1;
      return directory.findById(id);
    },
  };
  people = createPeopleAfresh(counted, { permissionVersion: () => news });
});

const find = (now: number) => people.find({ uid, permissionVersion: 1 }, now);

it('asks once for many at once, and again after five seconds', async () => {
  const found = await Promise.all([find(100), find(100), find(104)]);
  expect(found.map((person) => person?.roles)).toEqual([['admin'], ['admin'], ['admin']]);
  expect(asked).toBe(1);
  await find(105);
  expect(asked).toBe(2);
});

it('asks at once when there is news of the person', async () => {
  await find(100);
  directory.change(uid, { roles: [] });
  news = 2;
  expect((await find(100))?.roles).toEqual([]);
});

it('never remembers somebody who may not come in, nor nobody, nor a failure', async () => {
  directory.change(uid, { state: 'disabled' });
  await find(100);
  await find(100);
  expect(asked).toBe(2);
  directory.setAvailable(false);
  await expect(find(100)).rejects.toBeInstanceOf(SsoError);
  directory.setAvailable(true);
  directory.change(uid, { state: 'active' });
  expect((await find(100))?.state).toBe('active');
});
