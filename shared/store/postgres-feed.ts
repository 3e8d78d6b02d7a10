import type postgres from 'postgres';
import type { Seconds } from '../clock.ts';
import { asSessionId, asUserId } from '../identity.ts';
import type { FeedEntry, FeedPage } from './store.ts';

type FeedRow = {
  readonly cursor: string;
  readonly kind: FeedEntry['kind'] | null;
  readonly sid: string | null;
  readonly user_id: string | null;
  readonly version: number | null;
  readonly until: Seconds | null;
};

/**
 * Reads the news that a reader with that cursor may not have seen.
 *
 * The cursor is the oldest transaction that was under way at the last reading. Whatever an older one wrote had been
 * committed, and so was seen; what a younger one wrote is read (perhaps again), however late it committed. Where the
 * server knows no transaction as young as the cursor (it was restored, or a lagging replica took over) all is read anew.
 */
export async function readFeed(sql: postgres.Sql, now: Seconds, cursor: string | undefined): Promise<FeedPage> {
  const since = cursor !== undefined && /^[0-9]{1,19}$/.test(cursor) ? cursor : '0';
  const rows = await sql<FeedRow[]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as cursor, news.*
    from (values (1)) as always left join (
      select kind, sid, user_id, max(version)::float8 as version, extract(epoch from max(until))::float8 as until,
        max(id) as newest
      from crossgate.feed
      where until > to_timestamp(${now}::float8) and tx >= case
        when pg_snapshot_xmin(pg_current_snapshot()) < ${since}::text::xid8 then '0'::xid8 else ${since}::text::xid8 end
      group by kind, sid, user_id
    ) as news on true
    order by newest`;
  return { entries: rows.flatMap(entryOf), cursor: rows[0]?.cursor ?? since };
}

function entryOf({ kind, sid, user_id, version, until }: FeedRow): FeedEntry[] {
  if (until === null) return [];
  if (kind === 'session-ended' && sid !== null) return [{ kind, sid: asSessionId(sid), until }];
  if (kind === 'permissions-changed' && user_id !== null && version !== null) {
    return [{ kind, userId: asUserId(user_id), version, until }];
  }
  return [];
}

/** Wakes at each NOTIFY, and whenever listening begins anew after a lost connection, in which news may have been missed. */
export async function watchFeed(sql: postgres.Sql, wake: () => void): Promise<() => Promise<void>> {
  let watching = true;
  const wakeIfWatching = () => {
    if (watching) wake();
  };
  const listening = await sql.listen('crossgate_feed', wakeIfWatching, wakeIfWatching);
  return async () => {
    watching = false;
    try {
      await listening.unlisten();
    } catch {
      // The connection is gone, and with it the listening.
    }
  };
}
