import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserId } from '../../shared/identity.ts';
import { asSessionId, asSubject } from '../../shared/identity.ts';
import { createMemoryStore, type MemoryStore } from '../../shared/store/memory.ts';
import { createMemoryDirectory, type MemoryDirectory } from '../../shared/users/memory.ts';
import { createFeed, type Feed } from '../check/feed.ts';
import type { SharedParts } from './parts.ts';
import { sendAwayOnNews } from './send-away.ts';

const now = 1_800_000_000;
const identity = { provider: 'acme', subject: asSubject('s') };

let store: MemoryStore;
let users: MemoryDirectory;
let feed: Feed;
let said: string[];
let woken: number;
let ann: UserId;
let bob: UserId;

beforeEach(async () => {
  store = createMemoryStore();
  users = createMemoryDirectory();
  said = [];
  woken = 0;
  feed = start();
  ann = users.add({ name: 'Ann' });
  bob = users.add({ name: 'Bob' });
  for (const [sid, userId] of [
    ['ann-1', ann],
    ['ann-2', ann],
    ['bob-1', bob],
  ] as const) {
    const session = { sid: asSessionId(sid), userId, identity, authTime: now, createdAt: now, endsAt: now + 3600 };
    await store.createSession(session, `hash of ${sid}`);
  }
  await feed.poll();
});

/** Another process: a feed of its own, and what looks people up. */
function start(): Feed {
  const say = (event: string) => void said.push(event);
  const log = { debug: say, info: say, warn: say, error: say };
  const made = createFeed({ store, clock: () => now, log });
  const wake = () => {
    woken += 1;
  };
  const logouts = { wake, deliver: async () => {}, follow: () => async () => {} };
  // of the parts only these are met here
  sendAwayOnNews({ store, users, feed: made, log, logouts, clock: () => now } as unknown as SharedParts);
  return made;
}

const announce = (userId: UserId, version = 2) =>
  store.announce({ kind: 'permissions-changed', userId, version, until: now + 3600 });
const live = async (...people: UserId[]) =>
  (await Promise.all(people.map((userId) => store.sessionsOf(userId, now)))).map((sessions) => sessions.length);
/** Everything that was begun is over. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('news of a person', () => {
  it.each(['disabled', 'deleted'] as const)(
    'who is %s ends all of their sessions, and nobody else’s',
    async (state) => {
      users.change(ann, { state });
      announce(ann);
      await feed.poll();
      await settled();
      expect(await live(ann, bob)).toEqual([0, 1]);
      expect([feed.isEnded('ann-1'), feed.isEnded('ann-2'), feed.isEnded('bob-1')]).toEqual([true, true, false]);
      expect(woken).toBe(1);
    },
  );

  it('whose row is gone does, too', async () => {
    users.remove(ann);
    announce(ann);
    await feed.poll();
    await settled();
    expect(await live(ann, bob)).toEqual([0, 1]);
  });

  it('who got another role ends nothing', async () => {
    users.change(ann, { roles: ['editor'] });
    announce(ann);
    await feed.poll();
    await settled();
    expect([await live(ann), woken]).toEqual([[2], 0]);
  });

  it('heard by many processes is acted on once', async () => {
    const others = [start(), start()];
    for (const other of others) await other.poll();
    users.change(ann, { state: 'disabled' });
    announce(ann);
    await Promise.all([feed, ...others].map((one) => one.poll()));
    await settled();
    expect(await live(ann)).toEqual([0]);
    expect(said.filter((event) => event === 'all sessions of a person ended')).toHaveLength(1);
  });
});

describe('a process that starts', () => {
  it('looks nobody up for news of before', async () => {
    for (let i = 0; i < 1000; i++) announce(users.add({}), 1);
    const find = vi.spyOn(users, 'findById');
    const late = start();
    await late.poll();
    await settled();
    expect(find).not.toHaveBeenCalled();
    users.change(ann, { state: 'disabled' });
    announce(ann);
    await late.poll();
    await settled();
    expect(find).toHaveBeenCalledTimes(1);
    expect(await live(ann)).toEqual([0]);
  });
});

describe('news of a whole company', () => {
  it('asks the directory two questions at a time, each person once', async () => {
    const everybody = Array.from({ length: 500 }, () => users.add({}));
    const { findById } = users;
    const asked: UserId[] = [];
    let open = 0;
    let most = 0;
    users.findById = async (id) => {
      asked.push(id);
      open += 1;
      most = Math.max(most, open);
      await Promise.resolve();
      open -= 1;
      return await findById(id);
    };
    for (const id of everybody) announce(id, 2);
    await feed.poll();
    for (const id of everybody) announce(id, 3);
    await feed.poll();
    await vi.waitFor(() => expect(new Set(asked).size).toBe(500));
    await settled();
    expect(most).toBe(2);
    // those that were still waiting are not asked about twice
    expect(asked.length).toBeLessThanOrEqual(1000);
  });
});

describe('while something is down', () => {
  it('the directory: nobody’s session ends, and who is disabled is looked up later', async () => {
    users.change(ann, { state: 'disabled' });
    users.setAvailable(false);
    announce(ann);
    announce(bob);
    await feed.poll();
    await settled();
    await feed.poll();
    await settled();
    expect(await live(ann, bob)).toEqual([2, 1]);
    expect(said).toEqual(['whether people may still come in cannot be asked now']);
    users.setAvailable(true);
    await feed.poll();
    await settled();
    expect(await live(ann, bob)).toEqual([0, 1]);
  });

  it('the store: the news waits there', async () => {
    users.change(ann, { state: 'disabled' });
    announce(ann);
    store.setAvailable(false);
    await expect(feed.poll()).rejects.toMatchObject({ code: 'store_unavailable' });
    store.setAvailable(true);
    await feed.poll();
    await settled();
    expect(await live(ann)).toEqual([0]);
  });

  it('the store, just when the sessions are to end: they end at the next read', async () => {
    users.change(ann, { state: 'disabled' });
    announce(ann);
    const { endSessionsOf } = store;
    store.endSessionsOf = () => Promise.reject(new Error('gone'));
    await feed.poll();
    await settled();
    expect(await live(ann)).toEqual([2]);
    store.endSessionsOf = endSessionsOf;
    await feed.poll();
    await settled();
    expect(await live(ann)).toEqual([0]);
  });
});
