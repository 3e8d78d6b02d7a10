import { LRUCache } from 'lru-cache';
import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import type { UserId } from '../../shared/identity.ts';
import type { FeedEntry, Store } from '../../shared/store/store.ts';
import type { GatewayDeps } from '../deps.ts';

/** What the synchronous core knows of ended sessions and changed permissions. */
export type Revocations = {
  /** Has this session ended, as far as we have heard? */
  isEnded(sid: string): boolean;
  /** The newest permission version that we have heard of; `undefined`: no news, claims stand. */
  permissionVersion(uid: string): number | undefined;
  /** Seconds since the feed was last heard. */
  age(now: Seconds): Seconds;
};

/** News, with what is known of them. */
export type Feed = Revocations & {
  /** Takes an entry in at once, ahead of the feed: what this process itself did. */
  apply(entry: FeedEntry): void;
  /** Reads the news now. Rejects where the store is down; what was known stays. */
  poll(): Promise<void>;
  /**
   * Calls back after every successful read but the first, with the people whose permissions or state are said to have
   * changed since: often nobody. What was there before is not told, for it may be a whole company.
   */
  onRead(listener: (changed: readonly UserId[]) => void): void;
  /** Begins to follow: a first read, wake-ups, and a poll in between. Returns a function that stops it. */
  follow(): Promise<() => Promise<void>>;
};

/** A feed older than this can't vouch for roles and permissions. */
export const staleAfter: Seconds = 60;

const pollEvery: Milliseconds = 2000;
/** A reading that began so long ago is not waited for: on some runtimes it ended with the request that began it. */
const patience: Seconds = 15;

/**
 * The feed of a process that shares nothing: it knows what it ended itself, hears of nothing else, and is never too old to
 * say so. What a cookie claims counts for as long as the cookie does.
 */
export function createOwnFeed(): Feed {
  const ended = new LRUCache<string, true>({ max: 10_000 });
  return {
    isEnded: (sid) => ended.has(sid),
    permissionVersion: () => undefined,
    age: () => 0,
    apply(entry) {
      if (entry.kind === 'session-ended') ended.set(entry.sid, true);
    },
    poll: async () => {},
    onRead: () => {},
    follow: async () => async () => {},
  };
}

/** Makes the feed of one process. Before the first successful read it is infinitely old. */
export function createFeed({
  store,
  clock,
  log,
}: Pick<GatewayDeps, 'clock' | 'log'> & { readonly store: Store }): Feed {
  const ended = new Map<string, Seconds>();
  const versions = new Map<string, { version: number; until: Seconds }>();
  let heardAt = Number.NEGATIVE_INFINITY;
  let cursor: string | undefined;
  const listeners: ((changed: readonly UserId[]) => void)[] = [];
  let underWay: { readonly reading: Promise<void>; readonly since: Seconds } | undefined;
  let again = false;

  /**
   * The same news may come twice with different ends: it is forgotten at the later one.
   *
   * @returns Whom it concerns, where it is news of a person.
   */
  const apply = (entry: FeedEntry): UserId | undefined => {
    if (entry.kind === 'session-ended') {
      ended.set(entry.sid, Math.max(entry.until, ended.get(entry.sid) ?? 0));
      return undefined;
    }
    const { userId, version, until } = entry;
    const known = versions.get(userId) ?? { version: 0, until: 0 };
    versions.set(userId, { version: Math.max(version, known.version), until: Math.max(until, known.until) });
    return version > known.version || until > known.until ? userId : undefined;
  };

  const read = async (): Promise<void> => {
    const now = clock();
    const page = await store.readFeed(now, cursor);
    const isFirst = heardAt === Number.NEGATIVE_INFINITY;
    const changed = page.entries.flatMap((entry) => apply(entry) ?? []);
    cursor = page.cursor;
    heardAt = now;
    for (const [sid, until] of ended) if (until < now) ended.delete(sid);
    for (const [uid, { until }] of versions) if (until < now) versions.delete(uid);
    if (!isFirst) for (const listener of listeners) listener(changed);
  };

  const poll = async (): Promise<void> => {
    const since = clock();
    if (underWay && since - underWay.since < patience) {
      again = true;
      return await underWay.reading;
    }
    const reading = (async () => {
      do {
        again = false;
        await read();
      } while (again);
    })().finally(() => {
      if (underWay?.reading === reading) underWay = undefined;
    });
    underWay = { reading, since };
    return await reading;
  };

  return {
    isEnded: (sid) => ended.has(sid),
    permissionVersion: (uid) => versions.get(uid)?.version,
    age: (now) => now - heardAt,
    apply: (entry) => void apply(entry),
    poll,
    onRead: (listener) => void listeners.push(listener),
    async follow() {
      let failing: string | undefined;
      let stopped = false;
      let watching: Promise<() => Promise<void>> | undefined;
      // one watch, even where wake-ups come before it stands; a failed one is tried again at the next tick
      const watch = async (): Promise<void> => {
        watching ??= Promise.resolve().then(() => store.watchFeed(() => void tick()));
        try {
          await watching;
        } catch (error) {
          watching = undefined;
          throw error;
        }
      };
      // read first: where only the wake-ups fail (a connection pooler takes no LISTEN), reading every two seconds will do
      const tick = async (): Promise<void> => {
        if (stopped) return;
        let step = 'revocation feed cannot be read';
        try {
          await poll();
          step = 'revocation feed cannot be watched';
          await watch();
          if (failing !== undefined) log.info('revocation feed is back');
          failing = undefined;
        } catch (error) {
          if (failing !== step && !stopped) log.warn(step, {}, error);
          failing = step;
        }
      };
      await tick();
      const timer = setInterval(() => void tick(), pollEvery);
      return async () => {
        stopped = true;
        clearInterval(timer);
        const unwatch = await watching?.catch(() => undefined);
        await unwatch?.();
      };
    },
  };
}
