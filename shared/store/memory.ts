import type { Seconds } from '../clock.ts';
import { SsoError } from '../errors.ts';
import type { SessionId } from '../identity.ts';
import { createMemoryHandOff } from './memory-hand-off.ts';
import { cleaned } from './storable.ts';
import { type FeedEntry, newsOutlivesSession, type Session, type Store } from './store.ts';

/** The store of one process, for tests and trials. */
export type MemoryStore = Store & {
  /** Puts news into the feed, as a permission's change would. */
  announce(entry: FeedEntry): void;
  /** Whether the store answers. While it doesn't, every method throws `store_unavailable`. */
  setAvailable(available: boolean): void;
};

/** Keeps everything in this process's memory: nothing outlives it, nobody shares it. */
export function createMemoryStore(): MemoryStore {
  const sessions = new Map<SessionId, { session: Session; readonly handleHash: string }>();
  const claimed = new Map<string, Seconds>();
  const watchers = new Set<() => void>();
  let feed: { readonly id: number; readonly entry: FeedEntry }[] = [];
  let newest = 0;
  let available = true;

  /** Every method begins with it. */
  function answering(): void {
    if (!available) throw new SsoError('store_unavailable', 'switched off');
  }

  function alive(now: Seconds, where: (session: Session, handleHash: string) => boolean): Session[] {
    return [...sessions.values()]
      .filter(({ session, handleHash }) => session.endsAt > now && where(session, handleHash))
      .map(({ session }) => session)
      .sort((a, b) => b.createdAt - a.createdAt || (a.sid < b.sid ? -1 : 1));
  }

  const handOff = createMemoryHandOff(answering, (sid, now) => alive(now, (session) => session.sid === sid)[0]);

  function announce(entry: FeedEntry): void {
    newest += 1;
    feed.push({ id: newest, entry });
    for (const wake of watchers) queueMicrotask(wake);
  }

  function end(sid: SessionId, now: Seconds): Session | undefined {
    const session = sessions.get(sid)?.session;
    sessions.delete(sid);
    if (session) handOff.ended(session, now);
    if (!session || session.endsAt <= now) return undefined;
    announce({ kind: 'session-ended', sid, until: session.endsAt + newsOutlivesSession });
    return session;
  }

  function change(sid: SessionId, now: Seconds, next: (session: Session) => Session | undefined): boolean {
    const found = sessions.get(sid);
    const changed = found && found.session.endsAt > now ? next(found.session) : undefined;
    if (!found || !changed) return false;
    found.session = changed;
    return true;
  }

  const { ended, sweepHandOff, ...handOffStore } = handOff;
  return {
    ...handOffStore,
    announce,
    setAvailable: (value) => {
      available = value;
    },

    createSession: async (session, handleHash, replaces) => {
      answering();
      if (sessions.has(session.sid) || [...sessions.values()].some((other) => other.handleHash === handleHash)) {
        throw new SsoError('store_unavailable', 'creating a session: its name or handle exists');
      }
      if (replaces !== undefined) end(replaces, session.createdAt);
      const { userAgent, ...rest } = session;
      const agent = cleaned(userAgent, 256);
      const begun: Session = {
        ...rest,
        ...(agent !== undefined && { userAgent: agent }),
        lastSeenAt: session.createdAt,
        providerConfirmedAt: session.createdAt,
        providerGeneration: 0,
      };
      sessions.set(session.sid, { session: begun, handleHash });
    },

    findSessionByHandle: async (handleHash, now) => {
      answering();
      return alive(now, (_, hash) => hash === handleHash)[0];
    },

    findSession: async (sid, now) => {
      answering();
      return alive(now, (session) => session.sid === sid)[0];
    },

    touchSession: async (sid, now) => {
      answering();
      return change(sid, now, (session) => ({ ...session, lastSeenAt: Math.max(session.lastSeenAt, now) }));
    },

    swapProviderTokens: async (sid, expectedGeneration, { sealedProviderTokens, confirmedAt }) => {
      answering();
      return change(sid, confirmedAt, (session) =>
        session.providerGeneration === expectedGeneration
          ? {
              ...session,
              ...(sealedProviderTokens !== undefined && { sealedProviderTokens }),
              providerConfirmedAt: confirmedAt,
              providerGeneration: expectedGeneration + 1,
            }
          : undefined,
      );
    },

    endSession: async (sid, _reason, now) => {
      answering();
      return end(sid, now);
    },

    endSessionsOf: async (userId, _reason, now, except) => {
      answering();
      return alive(now, (session) => session.userId === userId && session.sid !== except).filter(({ sid }) =>
        end(sid, now),
      );
    },

    sessionsOf: async (userId, now) => {
      answering();
      return alive(now, (session) => session.userId === userId);
    },

    claimOnce: async (name, now, until) => {
      answering();
      if ((claimed.get(name) ?? now) > now) return false;
      claimed.set(name, until);
      return true;
    },

    readFeed: async (now, cursor) => {
      answering();
      const since = Number(cursor ?? 0);
      const news = feed.filter(({ id, entry }) => id > since && entry.until > now);
      return { entries: news.map(({ entry }) => entry), cursor: String(newest) };
    },

    watchFeed: async (wake) => {
      answering();
      const watcher = () => wake();
      watchers.add(watcher);
      return async () => {
        watchers.delete(watcher);
      };
    },

    sweep: async (now) => {
      answering();
      const before = sessions.size + claimed.size + feed.length;
      const codesAndNotices = sweepHandOff(now);
      for (const [sid, { session }] of sessions) {
        if (session.endsAt > now) continue;
        sessions.delete(sid);
        ended(session, now);
      }
      for (const [name, until] of claimed) if (until <= now) claimed.delete(name);
      feed = feed.filter(({ entry }) => entry.until > now);
      return codesAndNotices + before - sessions.size - claimed.size - feed.length;
    },

    ping: async () => answering(),
  };
}
