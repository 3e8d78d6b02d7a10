import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { asSessionId, asUserId } from '../../shared/identity.ts';
import { createMemoryStore, type MemoryStore } from '../../shared/store/memory.ts';
import type { FeedEntry } from '../../shared/store/store.ts';
import { createFeed, type Feed } from './feed.ts';

const start = 1_800_000_000;
const sid = asSessionId('session-1');
const uid = asUserId('42');
const sessionEnded = (until = start + 100): FeedEntry => ({ kind: 'session-ended', sid, until });
const changed = (version: number, until = start + 100): FeedEntry => ({
  kind: 'permissions-changed',
  userId: uid,
  version,
  until,
});

let now: number;
let store: MemoryStore;
let said: string[];
let feed: Feed;

beforeEach(() => {
  now = start;
  store = createMemoryStore();
  said = [];
  const say = (event: string) => void said.push(event);
  feed = createFeed({ store, clock: () => now, log: { debug: say, info: say, warn: say, error: say } });
});

describe('what the feed knows', () => {
  it('is nothing before it was read, and that is not fresh', () => {
    expect([feed.isEnded(sid), feed.permissionVersion(uid), feed.age(now)]).toEqual([
      false,
      undefined,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('comes from the store', async () => {
    store.announce(sessionEnded());
    store.announce(changed(3));
    await feed.poll();
    expect([feed.isEnded(sid), feed.permissionVersion(uid), feed.age(now + 7)]).toEqual([true, 3, 7]);
  });

  it('comes ahead of the store, for what this process did itself', () => {
    feed.apply(sessionEnded());
    expect(feed.isEnded(sid)).toBe(true);
    expect(feed.age(now)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([
    ['in order', [2, 3]],
    ['out of order', [3, 2]],
    ['twice', [3, 3]],
  ])('is the newest version, with news %s', (_, versions) => {
    for (const version of versions) feed.apply(changed(version));
    expect(feed.permissionVersion(uid)).toBe(3);
  });

  it('is kept until it can matter no more', async () => {
    feed.apply(sessionEnded());
    feed.apply(changed(3));
    now = start + 100;
    await feed.poll();
    expect([feed.isEnded(sid), feed.permissionVersion(uid)]).toEqual([true, 3]);
    now = start + 101;
    await feed.poll();
    expect([feed.isEnded(sid), feed.permissionVersion(uid)]).toEqual([false, undefined]);
  });

  it.each([
    ['an ended session', sessionEnded(start + 100), sessionEnded(start + 10), () => feed.isEnded(sid)],
    ['a version', changed(3, start + 100), changed(3, start + 10), () => feed.permissionVersion(uid) === 3],
    [
      'an older version, which is kept longer',
      changed(3, start + 10),
      changed(2, start + 100),
      () => feed.permissionVersion(uid) === 3,
    ],
  ])('is not forgotten earlier for a repeat: %s', async (_, first, second, stillKnown) => {
    feed.apply(first);
    feed.apply(second);
    now = start + 50;
    await feed.poll();
    expect(stillKnown()).toBe(true);
  });

  it('stays while the store is down, and grows old', async () => {
    store.announce(sessionEnded());
    await feed.poll();
    store.setAvailable(false);
    now = start + 61;
    await expect(feed.poll()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect([feed.isEnded(sid), feed.age(now)]).toEqual([true, 61]);
    store.setAvailable(true);
    await feed.poll();
    expect(feed.age(now)).toBe(0);
  });

  it('counts its age from the start of a read, not from its end', async () => {
    const { readFeed } = store;
    store.readFeed = async (...args) => {
      now += 30;
      return await readFeed(...args);
    };
    await feed.poll();
    expect(feed.age(now)).toBe(30);
  });
});

describe('whoever waits for news of people', () => {
  let told: (readonly string[])[];
  beforeEach(() => {
    told = [];
    feed.onRead((changed) => void told.push(changed));
  });

  it('is told nothing of what was there before the first read, however late that was', async () => {
    store.announce(changed(3));
    store.setAvailable(false);
    await expect(feed.poll()).rejects.toThrow();
    store.setAvailable(true);
    await feed.poll();
    expect(told).toEqual([]);
  });

  it('is told of what came later, once, and of every read', async () => {
    await feed.poll();
    store.announce(changed(3));
    store.announce(sessionEnded());
    await feed.poll();
    await feed.poll();
    expect(told).toEqual([[uid], []]);
  });

  it.each([
    ['the same news again', changed(3), []],
    ['older news again', changed(2), []],
    ['a newer version', changed(4), [uid]],
    ['later news of the same version', changed(3, start + 200), [uid]],
  ])('is told of %s: %j', async (_, again, expected) => {
    store.announce(changed(3));
    await feed.poll();
    store.announce(again);
    await feed.poll();
    expect(told).toEqual([expected]);
  });
});

describe('polling while a poll is under way', () => {
  it('reads once more after it, so that no news of the meantime is missed', async () => {
    const { readFeed } = store;
    let reads = 0;
    store.readFeed = async (...args) => {
      reads += 1;
      const page = await readFeed(...args);
      if (reads === 1) store.announce(sessionEnded());
      return page;
    };
    await Promise.all([feed.poll(), feed.poll(), feed.poll()]);
    expect([reads, feed.isEnded(sid)]).toEqual([2, true]);
  });
});

describe('following', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('hears at once of what the store announces, and of nothing once stopped', async () => {
    const stop = await feed.follow();
    store.announce(sessionEnded());
    await vi.advanceTimersByTimeAsync(0);
    expect(feed.isEnded(sid)).toBe(true);
    await stop();
    store.announce(changed(3));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed.permissionVersion(uid)).toBeUndefined();
  });

  it('hears within five seconds where no wake-up comes', async () => {
    store.watchFeed = async () => async () => {};
    const stop = await feed.follow();
    store.announce(sessionEnded());
    await vi.advanceTimersByTimeAsync(5000);
    expect(feed.isEnded(sid)).toBe(true);
    await stop();
  });

  it('starts with a store that is down, says so once, and catches up', async () => {
    store.setAvailable(false);
    const stop = await feed.follow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual(['revocation feed cannot be read']);
    store.setAvailable(true);
    store.announce(sessionEnded());
    await vi.advanceTimersByTimeAsync(5000);
    expect([feed.isEnded(sid), feed.age(now)]).toEqual([true, 0]);
    expect(said).toEqual(['revocation feed cannot be read', 'revocation feed is back']);
    await stop();
  });

  it('goes on reading where the store can be read but not watched', async () => {
    store.watchFeed = () => Promise.reject(new Error('LISTEN is not supported'));
    const stop = await feed.follow();
    store.announce(sessionEnded());
    await vi.advanceTimersByTimeAsync(5000);
    expect([feed.isEnded(sid), said]).toEqual([true, ['revocation feed cannot be watched']]);
    await stop();
  });

  it('watches the store once, however many wake-ups come at the start', async () => {
    let watching = 0;
    const { watchFeed } = store;
    store.watchFeed = async (wake) => {
      watching += 1;
      wake();
      wake();
      return await watchFeed(wake);
    };
    const stop = await feed.follow();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watching).toBe(1);
    await stop();
  });
});
