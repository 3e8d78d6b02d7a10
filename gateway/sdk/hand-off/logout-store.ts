import type { Clock, Seconds } from '../../../shared/clock.ts';
import { systemClock } from '../../../shared/clock.ts';

/**
 * What an app remembers of sessions that have ended, so that the cookie of one is worth nothing, wherever it is. All
 * processes of the app share one store; `hand-off/logout-store.contract.ts` in Crossgate's sources tests it.
 *
 * Ids are opaque: at most 160 printable ASCII characters without spaces. `until` is in seconds since 1970: before it nothing may be
 * forgotten, after it everything may. A method that rejects, or takes longer than 2 seconds, counts as "nobody knows":
 * nobody is let in then (503), and nothing is ended.
 *
 * @example Over Redis
 * const store: LogoutStore = {
 *   end: async (id, until) => void (await redis.set(`sso:${id}`, '1', { EXAT: until })),
 *   isEnded: async (ids) => (await redis.exists(ids.map((id) => `sso:${id}`))) > 0,
 *   claimOnce: async (id, until) => (await redis.set(`sso:${id}`, '1', { EXAT: until, NX: true })) === 'OK',
 * };
 *
 * @example Over Postgres: create table sso_ended (id text primary key, until timestamptz not null)
 * const store: LogoutStore = {
 *   end: async (id, until) =>
 *     void (await sql`insert into sso_ended values (${id}, to_timestamp(${until})) on conflict (id) do update
 *       set until = greatest(sso_ended.until, excluded.until)`),
 *   isEnded: async (ids) => (await sql`select 1 from sso_ended where id = any(${[...ids]}) limit 1`).length > 0,
 *   claimOnce: async (id, until) =>
 *     (await sql`insert into sso_ended values (${id}, to_timestamp(${until})) on conflict do nothing returning 1`).length > 0,
 * };
 * // and now and then: delete from sso_ended where until < now()
 */
export type LogoutStore = {
  /** Remembers that something has ended. Once more does no harm; the later `until` stands. */
  end(id: string, until: Seconds): void | Promise<void>;
  /** Has any of these ended? Ids that nobody ever ended have not. Asked with every request. */
  isEnded(ids: readonly string[]): boolean | Promise<boolean>;
  /** Claims an id that never was claimed: of many callers, in whatever process, one gets `true`. */
  claimOnce(id: string, until: Seconds): boolean | Promise<boolean>;
};

/** How many entries make it worth the while to look for old ones. */
const firstSweep = 1000;

/**
 * Remembers in the memory of this process: for tests, trials, and apps that run as one process whose restart may sign
 * people in again who have just signed out.
 */
export function createMemoryLogoutStore(clock: Clock = systemClock): LogoutStore {
  const ended = new Map<string, Seconds>();
  const claimed = new Map<string, Seconds>();
  let sweepAt = firstSweep;

  const keep = (entries: Map<string, Seconds>, id: string, until: Seconds) => {
    entries.set(id, Math.max(until, entries.get(id) ?? 0));
    if (ended.size + claimed.size < sweepAt) return;
    for (const all of [ended, claimed])
      for (const [old, end] of all) {
        if (end <= clock()) all.delete(old);
      }
    // nothing that still counts is ever dropped for lack of room: it would be alive again
    sweepAt = Math.max(firstSweep, 2 * (ended.size + claimed.size));
  };

  return {
    end: (id, until) => keep(ended, id, until),
    isEnded: (ids) => ids.some((id) => ended.has(id)),
    claimOnce(id, until) {
      if (claimed.has(id)) return false;
      keep(claimed, id, until);
      return true;
    },
  };
}
