import type { Seconds } from '../clock.ts';
import { SsoError } from '../errors.ts';
import { asSessionId, type SessionId } from '../identity.ts';
import { logoutKept } from './hand-off.ts';
import { type SessionRow, sessionOf } from './session-row.ts';
import { createSqliteHandOff, type SyncHandOff } from './sqlite-hand-off.ts';
import { type Sqlite, schema } from './sqlite-schema.ts';
import { cleaned, isStorable } from './storable.ts';
import { type EndReason, type FeedPage, newsOutlivesSession, type Session, type Store } from './store.ts';

/** What of the store is one step for whoever holds the database alone: the same methods, without waiting. */
export type SyncStore = SyncHandOff & {
  readonly [Name in Exclude<keyof Store, keyof SyncHandOff | 'watchFeed'>]: (
    ...args: Parameters<Store[Name]>
  ) => Awaited<ReturnType<Store[Name]>>;
} & {
  /** Where the feed ends now. */
  newest(): string;
  /** Is there nothing left that could expire? */
  isEmpty(): boolean;
};

/** Most rows of one kind that one {@link Store.sweep} removes. */
const sweepLimit = 5000;

/** Longest text that can be the name of anything in the store. */
const longestName = 1024;

/**
 * Sessions, codes and revocations in an SQLite database that nobody else writes to.
 *
 * @param sql Every call of a method is over before the next one begins: what it writes is one transaction of the caller's.
 * @param digest SHA-256, base64url: a claimed name may be long, may hold NUL, and may be a secret.
 */
export function createSqliteStore(sql: Sqlite, digest: (text: string) => string): SyncStore {
  for (const statement of schema) sql.exec(statement);

  const all = <Row extends object>(query: string, ...bindings: (string | number | null)[]): Row[] =>
    sql.exec(query, ...bindings).toArray() as Row[];
  const isName = (text: string) => isStorable(text, longestName);

  const findWhere = (which: string, now: Seconds, ...bindings: string[]): Session[] =>
    all<SessionRow>(
      `select * from sessions where ${which} and ends_at > ? order by created_at desc, sid`,
      ...bindings,
      now,
    ).map(sessionOf);

  const findSession = (sid: string, now: Seconds): Session | undefined =>
    isName(sid) ? findWhere('sid = ?', now, sid)[0] : undefined;

  /** Removes a session, alive or not, and notes which clients have to hear of it; tells the feed of one that was alive. */
  const end = (sid: SessionId, now: Seconds): Session | undefined => {
    const [row] = all<SessionRow>('delete from sessions where sid = ? returning *', sid);
    if (!row) return undefined;
    sql.exec(
      `insert into logouts (sid, client_id, user_id, ended_at, due_at, until)
        select sid, client_id, ?, ?, ?, ? from session_clients where sid = ? on conflict do nothing`,
      row.user_id,
      now,
      now,
      now + logoutKept,
      sid,
    );
    sql.exec('delete from session_clients where sid = ?', sid);
    if (row.ends_at <= now) return undefined;
    sql.exec('insert into feed (sid, until) values (?, ?)', sid, row.ends_at + newsOutlivesSession);
    return sessionOf(row);
  };

  const newest = (): string =>
    String(all<{ seq: number }>("select seq from sqlite_sequence where name = 'feed'")[0]?.seq ?? 0);

  const changed = (query: string, ...bindings: (string | number | null)[]): boolean =>
    all(`${query} returning 1`, ...bindings).length > 0;

  return {
    ...createSqliteHandOff(all, { isName, findSession }),
    newest,

    createSession: (session, handleHash, replaces) => {
      const { sid, userId, identity, authTime, createdAt, endsAt, userAgent, sealedProviderTokens } = session;
      if (all('select 1 from sessions where sid = ? or handle_hash = ?', sid, handleHash).length > 0)
        throw new SsoError('store_unavailable', 'creating a session: its name or handle exists');
      if (replaces !== undefined && isName(replaces)) end(replaces, createdAt);
      sql.exec(
        `insert into sessions (sid, handle_hash, user_id, provider, subject, auth_time, created_at, ends_at, last_seen_at,
          user_agent, sealed_provider_tokens, provider_confirmed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[sid, handleHash, userId, identity.provider, identity.subject, authTime, createdAt, endsAt, createdAt],
        ...[cleaned(userAgent, 256) ?? null, sealedProviderTokens ?? null, createdAt],
      );
    },

    findSessionByHandle: (handleHash, now) =>
      isName(handleHash) ? findWhere('handle_hash = ?', now, handleHash)[0] : undefined,

    findSession,

    touchSession: (sid, now) =>
      isName(sid) &&
      changed('update sessions set last_seen_at = max(last_seen_at, ?) where sid = ? and ends_at > ?', now, sid, now),

    swapProviderTokens: (sid, expectedGeneration, { sealedProviderTokens, confirmedAt }) =>
      isName(sid) &&
      changed(
        `update sessions set sealed_provider_tokens = coalesce(?, sealed_provider_tokens), provider_confirmed_at = ?,
          provider_generation = provider_generation + 1 where sid = ? and provider_generation = ? and ends_at > ?`,
        ...[sealedProviderTokens ?? null, confirmedAt, sid, expectedGeneration, confirmedAt],
      ),

    endSession: (sid, _reason: EndReason, now) => (isName(sid) ? end(sid, now) : undefined),

    endSessionsOf: (userId, _reason, now, except) =>
      isName(userId)
        ? findWhere('user_id = ?', now, userId).filter(({ sid }) => sid !== except && end(sid, now) !== undefined)
        : [],

    sessionsOf: (userId, now) => (isName(userId) ? findWhere('user_id = ?', now, userId) : []),

    claimOnce: (name, now, until) =>
      changed(
        `insert into claimed_once (name, until) values (?, ?)
          on conflict (name) do update set until = excluded.until where until <= ?`,
        ...[digest(name), until, now],
      ),

    readFeed: (now, cursor): FeedPage => {
      const since = cursor !== undefined && /^[0-9]{1,15}$/.test(cursor) ? Number(cursor) : 0;
      const end = newest();
      // the database was taken back to an earlier point: all of it is news
      const from = since > Number(end) ? 0 : since;
      const rows = all<{ sid: string; until: Seconds }>(
        'select sid, until from feed where id > ? and until > ? order by id',
        from,
        now,
      );
      const entries = rows.map(({ sid, until }) => ({ kind: 'session-ended', sid: asSessionId(sid), until }) as const);
      return { entries, cursor: end };
    },

    sweep: (now) => {
      const ended = all<{ sid: string }>('select sid from sessions where ends_at <= ? limit ?', now, sweepLimit);
      for (const { sid } of ended) end(asSessionId(sid), now);
      const expired = [
        ['feed', 'until'],
        ['claimed_once', 'until'],
        ['codes', 'keep_until'],
        ['logouts', 'until'],
      ].map(([table, until]) =>
        all(
          `delete from ${table} where rowid in (select rowid from ${table} where ${until} <= ? limit ?) returning 1`,
          now,
          sweepLimit,
        ),
      );
      return ended.length + expired.flat().length;
    },

    isEmpty: () =>
      ['sessions', 'feed', 'claimed_once', 'codes', 'logouts'].every(
        (table) => all(`select 1 from ${table} limit 1`).length === 0,
      ),

    ping: () => {
      all('select 1 from sessions limit 0');
    },
  };
}
