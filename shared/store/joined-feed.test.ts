import { beforeEach, expect, it } from 'vitest';
import { asSessionId, asSubject, asUserId } from '../identity.ts';
import { withNewsOf } from './joined-feed.ts';
import { createMemoryStore, type MemoryStore } from './memory.ts';
import type { Store } from './store.ts';

const now = 1_900_000_000;
const changed = (version: number) =>
  ({ kind: 'permissions-changed', userId: asUserId('1'), version, until: now + 60 }) as const;

let people: MemoryStore;
let sessions: MemoryStore;
let store: Store;
beforeEach(() => {
  people = createMemoryStore();
  sessions = createMemoryStore();
  store = withNewsOf(people, sessions);
});

async function endOne(sid: string): Promise<void> {
  const identity = { provider: 'pool', subject: asSubject('s') };
  const session = {
    sid: asSessionId(sid),
    userId: asUserId('1'),
    identity,
    authTime: now,
    createdAt: now,
    endsAt: now + 9,
  };
  await store.createSession(session, sid);
  await store.endSession(asSessionId(sid), 'logout', now);
}

it('has the news of both, each once', async () => {
  await endOne('a');
  people.announce(changed(2));
  const first = await store.readFeed(now);
  expect(first.entries).toEqual([{ kind: 'session-ended', sid: 'a', until: now + 69 }, changed(2)]);
  people.announce(changed(3));
  const second = await store.readFeed(now, first.cursor);
  expect(second.entries).toEqual([changed(3)]);
  await endOne('b');
  expect((await store.readFeed(now, second.cursor)).entries).toMatchObject([{ sid: 'b' }]);
});

it.each([['0'], ['["0"]'], ['{"a":1}'], ['["0",1]'], ['']])(
  'reads all anew after a cursor of something else: %s',
  async (cursor) => {
    await endOne('a');
    people.announce(changed(2));
    expect((await store.readFeed(now, cursor)).entries).toHaveLength(2);
  },
);

it.each([
  ['sessions', () => sessions],
  ['people', () => people],
])('has no news while one of them has none: %s', async (_, which) => {
  which().setAvailable(false);
  await expect(store.readFeed(now)).rejects.toMatchObject({ code: 'store_unavailable' });
});

it('sweeps both', async () => {
  await endOne('a');
  people.announce(changed(2));
  await store.sweep(now + 3600);
  expect([await people.sweep(now + 3600), await sessions.sweep(now + 3600)]).toEqual([0, 0]);
});
