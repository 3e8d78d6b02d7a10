import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import type { Seconds } from '../clock.ts';
import { askDatabase } from './database-error.ts';
import { readFeed, watchFeed } from './postgres-feed.ts';
import { createPostgresHandOff, tellingClients } from './postgres-hand-off.ts';
import { type SessionRow, sessionColumns, sessionOf } from './session-row.ts';
import { cleaned, isStorable } from './storable.ts';
import { type EndReason, newsOutlivesSession, type Session, type Store } from './store.ts';

/** Most rows of one kind that one {@link Store.sweep} removes. */
const sweepLimit = 5000;

/** Longest text that can be the name of anything in the store. */
const longestName = 1024;

/** Sessions and revocations in schema `crossgate`. Every method is one statement, prepared once a connection. */
export function createPostgresStore(sql: postgres.Sql): Store {
  const columns = sql.unsafe(sessionColumns);

  const asked = <T>(doing: string, ask: () => Promise<T>): Promise<T> =>
    askDatabase(sql, 'store_unavailable', doing, ask);

  /** Deletes the sessions for which `which` holds, tells their clients, and feed and audit trail of those that were alive. */
  const ending = (which: postgres.PendingQuery<postgres.Row[]>, reason: EndReason, now: Seconds) => sql`
    gone as (delete from crossgate.sessions where ${which} returning *),
    alive as (select * from gone where ends_at > to_timestamp(${now}::float8)),
    told as (${tellingClients(sql, now)}),
    news as (
      insert into crossgate.feed (kind, sid, user_id, until)
      select 'session-ended', sid, user_id, ends_at + ${newsOutlivesSession}::float8 * interval '1 second' from alive
    ),
    audited as (
      insert into crossgate.audit (at, event, subject, details)
      select to_timestamp(${now}::float8), 'session.ended', user_id,
        jsonb_build_object('sid', sid, 'reason', ${reason}::text)
      from alive
    )`;

  async function endWhere(which: postgres.PendingQuery<postgres.Row[]>, reason: EndReason, now: Seconds) {
    const rows = await sql<SessionRow[]>`
      with ${ending(which, reason, now)} select ${columns} from alive order by alive.created_at desc, sid`;
    return rows.map(sessionOf);
  }

  async function findWhere(which: postgres.PendingQuery<postgres.Row[]>, now: Seconds): Promise<Session[]> {
    const rows = await sql<SessionRow[]>`
      select ${columns} from crossgate.sessions as alive
      where ${which} and ends_at > to_timestamp(${now}::float8) order by alive.created_at desc, sid`;
    return rows.map(sessionOf);
  }

  return {
    ...createPostgresHandOff(sql, asked, longestName),

    createSession: (session, handleHash, replaces) =>
      asked('creating a session', async () => {
        const { identity, createdAt } = session;
        const created = sql`to_timestamp(${createdAt}::float8)`;
        await sql`
          with ${ending(sql`sid = ${replaces ?? null}::text`, 'replaced', createdAt)}
          insert into crossgate.sessions (sid, handle_hash, user_id, provider, subject, auth_time, created_at, ends_at,
            last_seen_at, user_agent, sealed_provider_tokens, provider_confirmed_at)
          values (${session.sid}, ${handleHash}, ${session.userId}, ${identity.provider}, ${identity.subject},
            to_timestamp(${session.authTime}::float8), ${created}, to_timestamp(${session.endsAt}::float8),
            ${created}, ${cleaned(session.userAgent, 256) ?? null}, ${session.sealedProviderTokens ?? null}, ${created})`;
      }),

    findSessionByHandle: (handleHash, now) =>
      asked('finding a session by its handle', async () => {
        if (!isStorable(handleHash, longestName)) return undefined;
        const [session] = await findWhere(sql`handle_hash = ${handleHash}`, now);
        return session;
      }),

    findSession: (sid, now) =>
      asked('finding a session', async () => {
        if (!isStorable(sid, longestName)) return undefined;
        const [session] = await findWhere(sql`sid = ${sid}`, now);
        return session;
      }),

    touchSession: (sid, now) =>
      asked('touching a session', async () => {
        if (!isStorable(sid, longestName)) return false;
        const touched = await sql`
          update crossgate.sessions set last_seen_at = greatest(last_seen_at, to_timestamp(${now}::float8))
          where sid = ${sid} and ends_at > to_timestamp(${now}::float8)`;
        return touched.count === 1;
      }),

    swapProviderTokens: (sid, expectedGeneration, next) =>
      asked('swapping provider tokens', async () => {
        if (!isStorable(sid, longestName)) return false;
        const swapped = await sql`
          update crossgate.sessions set
            sealed_provider_tokens = coalesce(${next.sealedProviderTokens ?? null}::text, sealed_provider_tokens),
            provider_confirmed_at = to_timestamp(${next.confirmedAt}::float8),
            provider_generation = provider_generation + 1
          where sid = ${sid} and provider_generation = ${expectedGeneration}
            and ends_at > to_timestamp(${next.confirmedAt}::float8)`;
        return swapped.count === 1;
      }),

    endSession: (sid, reason, now) =>
      asked('ending a session', async () => {
        if (!isStorable(sid, longestName)) return undefined;
        const [session] = await endWhere(sql`sid = ${sid}`, reason, now);
        return session;
      }),

    endSessionsOf: (userId, reason, now, except) =>
      asked('ending the sessions of a person', async () => {
        if (!isStorable(userId, longestName)) return [];
        return endWhere(sql`user_id = ${userId} and sid is distinct from ${except ?? null}::text`, reason, now);
      }),

    sessionsOf: (userId, now) =>
      asked('listing the sessions of a person', async () => {
        if (!isStorable(userId, longestName)) return [];
        return findWhere(sql`user_id = ${userId}`, now);
      }),

    claimOnce: (name, now, until) =>
      asked('claiming a name once', async () => {
        // Hashed: a name may be longer than an index takes, may hold NUL, and may be a secret.
        const hashed = createHash('sha256').update(name).digest('base64url');
        const claimed = await sql`
          insert into crossgate.claimed_once as known (name, until)
          values (${hashed}, to_timestamp(${until}::float8))
          on conflict (name) do update set until = excluded.until where known.until <= to_timestamp(${now}::float8)`;
        return claimed.count === 1;
      }),

    readFeed: (now, cursor) => asked('reading the feed', () => readFeed(sql, now, cursor)),

    watchFeed: (wake) => asked('listening to the feed', () => watchFeed(sql, wake)),

    sweep: (now) =>
      asked('sweeping', async () => {
        const expired = sql`to_timestamp(${now}::float8) limit ${sweepLimit}`;
        const [row] = await sql<{ count: number }[]>`
          with
          gone as (delete from crossgate.sessions where ctid = any (array(
            select ctid from crossgate.sessions where ends_at <= ${expired})) returning *),
          told as (${tellingClients(sql, now)}),
          feed as (delete from crossgate.feed where ctid = any (array(
            select ctid from crossgate.feed where until <= ${expired})) returning 1),
          claims as (delete from crossgate.claimed_once where ctid = any (array(
            select ctid from crossgate.claimed_once where until <= ${expired})) returning 1),
          codes as (delete from crossgate.codes where ctid = any (array(
            select ctid from crossgate.codes where keep_until <= ${expired})) returning 1),
          logouts as (delete from crossgate.logouts where ctid = any (array(
            select ctid from crossgate.logouts where until <= ${expired})) returning 1)
          select ((select count(*) from gone) + (select count(*) from feed) + (select count(*) from claims)
            + (select count(*) from codes) + (select count(*) from logouts))::int as count`;
        return row?.count ?? 0;
      }),

    ping: () =>
      asked('asking whether the store answers', async () => {
        await sql`select from crossgate.sessions limit 0`;
      }),
  };
}
