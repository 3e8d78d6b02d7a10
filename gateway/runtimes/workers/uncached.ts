import type postgres from 'postgres';
import type { Seconds } from '../../../shared/clock.ts';

const name = 'hyperdrive caches nothing';

/**
 * Is what was just written also what is read? Hyperdrive caches by default, and nothing tells: somebody whose role was
 * taken away would keep it for a minute. Writes a row of its own twice and reads it each time by the same statement.
 *
 * @see https://developers.cloudflare.com/hyperdrive/concepts/query-caching/
 */
export async function readsWhatItWrote(sql: postgres.Sql, now: Seconds): Promise<boolean> {
  for (const until of [now + 60, now + 61]) {
    await sql`
      insert into crossgate.claimed_once (name, until) values (${name}, to_timestamp(${until}::float8))
      on conflict (name) do update set until = excluded.until`;
    const [row] = await sql<{ until: Seconds }[]>`
      select extract(epoch from until)::float8 as until from crossgate.claimed_once where name = ${name}`;
    if (row?.until !== until) return false;
  }
  return true;
}
