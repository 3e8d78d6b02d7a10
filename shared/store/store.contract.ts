import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSessionId, asSubject, asUserId, type UserId } from '../identity.ts';
import { handOffPromises } from './hand-off.contract.ts';
import type { FeedEntry, NewSession, Session, Store } from './store.ts';
import { newsOutlivesSession } from './store.ts';

/** A store under test. Every test uses names of its own, so that one store serves them all. */
export type StoreUnderTest = {
  readonly store: Store;
  /** The same store as another process has it. */
  readonly other: Store;
  close(): Promise<void>;
};

const now = 1_900_000_000;
const endsAt = now + 43_200;

let count = 0;
function fresh(word: string): string {
  count += 1;
  return `${word}-${count}`;
}

/** A session with every field, its handle's hash, and the session as it should come back. */
function newSession(changes: Partial<NewSession> = {}): { session: NewSession; hash: string; stored: Session } {
  const session: NewSession = {
    sid: asSessionId(fresh('sid')),
    userId: asUserId(fresh('user')),
    identity: { provider: 'pool', subject: asSubject(fresh('subject')) },
    authTime: now - 30,
    createdAt: now,
    endsAt,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
    sealedProviderTokens: 'sealed-0',
    ...changes,
  };
  const stored = { ...session, lastSeenAt: now, providerConfirmedAt: now, providerGeneration: 0 };
  return { session, hash: fresh('hash'), stored };
}

/** What every {@link Store} promises. Call it inside a test file. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let store: Store;
    let other: Store;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ store, other, close } = await open());
    });
    afterAll(() => close());

    async function begin(changes?: Partial<NewSession>, replaces?: Session): Promise<Session & { hash: string }> {
      const { session, hash, stored } = newSession(changes);
      await store.createSession(session, hash, replaces?.sid);
      return { ...stored, hash };
    }

    async function newsOf(one: { sid?: string; userId?: string }, cursor?: string): Promise<FeedEntry[]> {
      const { entries } = await other.readFeed(now, cursor);
      return entries.filter((entry) => ('sid' in entry ? entry.sid === one.sid : entry.userId === one.userId));
    }

    describe('a session', () => {
      it('comes back by handle and by name as it was put in, in every process', async () => {
        const { session, hash, stored } = newSession();
        await store.createSession(session, hash);
        expect(await other.findSessionByHandle(hash, now)).toEqual(stored);
        expect(await other.findSession(session.sid, now)).toEqual(stored);
        expect(await other.sessionsOf(session.userId, now)).toEqual([stored]);
      });

      it('may lack a user agent and provider tokens', async () => {
        const { userAgent: _, sealedProviderTokens: __, ...bare } = newSession().session;
        await store.createSession(bare, fresh('hash'));
        const found = await store.findSession(bare.sid, now);
        expect(found).toMatchObject(bare);
        expect(found).not.toHaveProperty('userAgent');
        expect(found).not.toHaveProperty('sealedProviderTokens');
      });

      it.each([
        ['before it ends', endsAt - 1, true],
        ['in the very second it ends', endsAt, false],
        ['later', endsAt + 1, false],
      ])('%s', async (_, at, isAlive) => {
        const { sid, userId, hash } = await begin();
        expect((await store.findSession(sid, at)) !== undefined).toBe(isAlive);
        expect((await store.findSessionByHandle(hash, at)) !== undefined).toBe(isAlive);
        expect(await store.sessionsOf(userId, at)).toHaveLength(isAlive ? 1 : 0);
        expect(await store.touchSession(sid, at)).toBe(isAlive);
        expect(await store.swapProviderTokens(sid, 0, { confirmedAt: at })).toBe(isAlive);
      });

      it('is not found by its name as a handle, nor by its handle as a name', async () => {
        const { sid, hash } = await begin();
        expect(await store.findSessionByHandle(sid, now)).toBeUndefined();
        expect(await store.findSession(asSessionId(hash), now)).toBeUndefined();
      });

      it.each([
        ['nothing', ''],
        ['quotes', `' or true --`],
        ['NUL', 'sid\0'],
        ['half a surrogate pair', '\ud800'],
        ['a wildcard', '%'],
        ['much', 'x'.repeat(100_000)],
      ])('is not found by %s', async (_, name) => {
        await begin();
        expect(await store.findSession(asSessionId(name), now)).toBeUndefined();
        expect(await store.findSessionByHandle(name, now)).toBeUndefined();
        expect(await store.sessionsOf(asUserId(name), now)).toEqual([]);
        expect(await store.touchSession(asSessionId(name), now)).toBe(false);
        expect(await store.swapProviderTokens(asSessionId(name), 0, { confirmedAt: now })).toBe(false);
        expect(await store.endSession(asSessionId(name), 'logout', now)).toBeUndefined();
        expect(await store.endSessionsOf(asUserId(name), 'logout', now)).toEqual([]);
      });

      it.each([
        ['NUL', 'Evil\0Agent', 'Evil Agent'],
        ['line breaks', 'Evil\r\nSet-Cookie: a=b', 'Evil Set-Cookie: a=b'],
        ['half a surrogate pair', 'Evil\ud800', 'Evil'],
        ['300 characters', 'x'.repeat(300), 'x'.repeat(256)],
      ])('takes a user agent with %s', async (_, userAgent, kept) => {
        const { sid } = await begin({ userAgent });
        expect(await store.findSession(sid, now)).toMatchObject({ userAgent: kept });
      });

      it('keeps another one with the same handle out', async () => {
        const { hash } = await begin();
        const { session } = newSession();
        await expect(store.createSession(session, hash)).rejects.toMatchObject({ code: 'store_unavailable' });
        expect(await store.findSession(session.sid, now)).toBeUndefined();
      });

      it('notes when it was seen, and never goes back in time', async () => {
        const { sid } = await begin();
        expect(await store.touchSession(sid, now + 60)).toBe(true);
        expect(await other.touchSession(sid, now + 30)).toBe(true);
        expect(await store.findSession(sid, now + 60)).toMatchObject({ lastSeenAt: now + 60 });
      });
    });

    describe('provider tokens', () => {
      it('are put in place by the first of several at once, and by nobody else', async () => {
        const { sid } = await begin();
        const swaps = Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? store : other).swapProviderTokens(sid, 0, {
            sealedProviderTokens: `sealed-by-${i}`,
            confirmedAt: now + i,
          }),
        );
        const won = await Promise.all(swaps);
        expect(won.filter(Boolean)).toHaveLength(1);
        const winner = won.indexOf(true);
        expect(await store.findSession(sid, now)).toMatchObject({
          sealedProviderTokens: `sealed-by-${winner}`,
          providerConfirmedAt: now + winner,
          providerGeneration: 1,
        });
      });

      it('go on from the generation that was read', async () => {
        const { sid } = await begin();
        expect(await store.swapProviderTokens(sid, 0, { sealedProviderTokens: 'b', confirmedAt: now })).toBe(true);
        expect(await store.swapProviderTokens(sid, 0, { sealedProviderTokens: 'c', confirmedAt: now })).toBe(false);
        expect(await store.swapProviderTokens(sid, 1, { sealedProviderTokens: 'd', confirmedAt: now })).toBe(true);
        expect(await store.findSession(sid, now)).toMatchObject({ sealedProviderTokens: 'd', providerGeneration: 2 });
      });

      it('stay where the provider gave none anew', async () => {
        const { sid } = await begin();
        expect(await store.swapProviderTokens(sid, 0, { confirmedAt: now + 5 })).toBe(true);
        expect(await store.findSession(sid, now)).toMatchObject({
          sealedProviderTokens: 'sealed-0',
          providerConfirmedAt: now + 5,
          providerGeneration: 1,
        });
      });
    });

    describe('ending', () => {
      it('gives the session as it was, once, and tells everybody', async () => {
        const { hash, ...session } = await begin();
        const { cursor } = await other.readFeed(now);
        expect(await store.endSession(session.sid, 'logout', now + 1)).toEqual(session);
        expect(await other.endSession(session.sid, 'logout', now + 1)).toBeUndefined();
        expect(await other.findSessionByHandle(hash, now + 1)).toBeUndefined();
        const ended = { kind: 'session-ended', sid: session.sid, until: endsAt + newsOutlivesSession };
        expect(await newsOf(session, cursor)).toEqual([ended]);
        expect(await newsOf(session)).toEqual([ended]);
      });

      it('is won by one of several at once', async () => {
        const { sid } = await begin();
        const ends = Array.from({ length: 10 }, (_, i) => (i % 2 ? store : other).endSession(sid, 'logout', now));
        expect((await Promise.all(ends)).filter(Boolean)).toHaveLength(1);
        expect(await newsOf({ sid })).toHaveLength(1);
      });

      it('cannot be undone by an answer in flight', async () => {
        const { sid } = await begin();
        await store.endSession(sid, 'logout', now);
        expect(await store.touchSession(sid, now)).toBe(false);
        expect(await store.swapProviderTokens(sid, 0, { confirmedAt: now })).toBe(false);
        expect(await store.findSession(sid, now)).toBeUndefined();
      });

      it('of one that ran out says nothing', async () => {
        const { sid } = await begin();
        expect(await store.endSession(sid, 'expired', endsAt)).toBeUndefined();
        expect(await newsOf({ sid })).toEqual([]);
      });

      it('comes to the session that a new one replaces', async () => {
        const before = await begin();
        const after = await begin({}, before);
        expect(await store.findSession(before.sid, now)).toBeUndefined();
        expect(await store.findSession(after.sid, now)).toBeDefined();
        expect(await newsOf(before)).toHaveLength(1);
        expect(await newsOf(after)).toEqual([]);
      });

      it('leaves the old session alone where the new one cannot be created', async () => {
        const before = await begin();
        const { hash } = await begin();
        const { session } = newSession();
        await expect(store.createSession(session, hash, before.sid)).rejects.toMatchObject({
          code: 'store_unavailable',
        });
        expect(await store.findSession(before.sid, now)).toBeDefined();
        expect(await newsOf(before)).toEqual([]);
      });

      it('of all sessions of a person leaves the one excepted, and everybody else', async () => {
        const userId = asUserId(fresh('user'));
        const [one, two, kept] = [await begin({ userId }), await begin({ userId }), await begin({ userId })];
        const stranger = await begin();
        const ended = await store.endSessionsOf(userId, 'admin', now, kept.sid);
        expect(ended.map(({ sid }) => sid).sort()).toEqual([one.sid, two.sid].sort());
        expect((await store.sessionsOf(userId, now)).map(({ sid }) => sid)).toEqual([kept.sid]);
        expect(await store.findSession(stranger.sid, now)).toBeDefined();
        expect(await newsOf(one)).toHaveLength(1);
        expect(await newsOf(kept)).toEqual([]);
        expect(await store.endSessionsOf(userId, 'admin', now)).toHaveLength(1);
        expect(await store.endSessionsOf(userId, 'admin', now)).toEqual([]);
      });
    });

    it('lists the sessions of a person, newest first', async () => {
      const userId: UserId = asUserId(fresh('user'));
      const old = await begin({ userId, createdAt: now - 100 });
      const young = await begin({ userId, createdAt: now - 1 });
      const middle = await begin({ userId, createdAt: now - 50 });
      const listed = await store.sessionsOf(userId, now);
      expect(listed.map(({ sid }) => sid)).toEqual([young.sid, middle.sid, old.sid]);
    });

    describe('a name claimed once', () => {
      it('goes to one of several at once', async () => {
        const name = fresh('code');
        const claims = Array.from({ length: 10 }, (_, i) => (i % 2 ? store : other).claimOnce(name, now, now + 30));
        expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
      });

      it.each([
        ['at once', now, false],
        ['a second before', now + 29, false],
        ['when its time has passed', now + 30, true],
      ])('is free again: %s', async (_, at, free) => {
        const name = fresh('code');
        expect(await store.claimOnce(name, now, now + 30)).toBe(true);
        expect(await store.claimOnce(name, at, at + 30)).toBe(free);
      });

      it.each([
        ['nothing', ''],
        ['quotes', `'); drop table crossgate.sessions --`],
        ['NUL', 'a\0b'],
        ['more than an index takes', 'x'.repeat(100_000)],
      ])('may be %s', async (_, name) => {
        expect(await store.claimOnce(name, now, now + 30)).toBe(true);
        expect(await store.claimOnce(name, now, now + 30)).toBe(false);
      });

      it('is another name in other case', async () => {
        const name = fresh('code');
        expect(await store.claimOnce(name, now, now + 30)).toBe(true);
        expect(await store.claimOnce(name.toUpperCase(), now, now + 30)).toBe(true);
      });
    });

    describe('the feed', () => {
      it('goes on from its cursor', async () => {
        const { cursor } = await store.readFeed(now);
        const one = await begin();
        await store.endSession(one.sid, 'logout', now);
        const page = await store.readFeed(now, cursor);
        expect(page.entries).toContainEqual(expect.objectContaining({ sid: one.sid }));
        const two = await begin();
        await store.endSession(two.sid, 'logout', now);
        expect(await newsOf(two, page.cursor)).toHaveLength(1);
      });

      it('says to a newcomer what still matters, and no more', async () => {
        const brief = await begin({ endsAt: now + 10 });
        await store.endSession(brief.sid, 'logout', now);
        const until = now + 10 + newsOutlivesSession;
        const sids = async (at: number) =>
          (await store.readFeed(at)).entries.flatMap((entry) => ('sid' in entry ? [entry.sid] : []));
        expect(await sids(until - 1)).toContain(brief.sid);
        expect(await sids(until)).not.toContain(brief.sid);
      });

      it('wakes those who watch in other processes, until they stop', async () => {
        let woken = 0;
        let tell = () => {};
        const stop = await other.watchFeed(() => {
          woken += 1;
          tell();
        });
        const wakened = new Promise<void>((resolve) => {
          tell = resolve;
        });
        const { sid } = await begin();
        await store.endSession(sid, 'logout', now);
        await wakened;
        await stop();
        const before = woken;
        await store.endSession((await begin()).sid, 'logout', now);
        await other.readFeed(now);
        expect(woken).toBe(before);
      });
    });

    // among the last: what it sweeps out is not for the rest to find
    describe('the hand-off', () => handOffPromises(() => ({ store, other })));

    it('sweeps out what has expired and nothing else', async () => {
      const userId = asUserId(fresh('user'));
      const early = 1_800_000_000;
      const old = await begin({ userId, createdAt: early, endsAt: early + 300 });
      const ended = await begin({ userId, createdAt: early, endsAt: early + 300 });
      await store.endSession(ended.sid, 'logout', early);
      await store.claimOnce('early', early, early + 30);
      const live = await begin({ userId });
      expect(await store.sweep(early)).toBe(0);
      expect(await store.sweep(early + 300 + newsOutlivesSession)).toBe(3);
      expect(await store.findSession(old.sid, early)).toBeUndefined();
      expect(await store.findSession(live.sid, now)).toBeDefined();
      expect(await store.claimOnce('early', early, early + 30)).toBe(true);
    });

    it('answers a ping', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}
