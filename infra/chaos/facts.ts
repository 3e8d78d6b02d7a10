import type postgres from 'postgres';
import type { Seconds } from '../../shared/clock.ts';
import type { InvocationRecord } from '../local/lambda-host.ts';
import { seedAccounts } from '../local/seed.ts';
import { queueConsumer } from '../local/world-functions.ts';
import type { Row, SignInTimes } from './invariants.ts';

/** What the functions did, counted as they tell of it. */
export type Watched = {
  readonly note: (record: InvocationRecord) => void;
  /** By subject: times of sign-ins of which a function says that they are in the table, or were overtaken there. */
  readonly writtenDown: SignInTimes;
  /** `untold`: messages that the queue did not take. `deliveredAgain`: messages that the consumer had got before. */
  readonly counts: { readonly failures: number; readonly untold: number; readonly deliveredAgain: number };
};

/** Watches every invocation of a function. */
export function watchFunctions(): Watched {
  const writtenDown = new Map<string, Seconds[]>();
  const counts = { failures: 0, untold: 0, deliveredAgain: 0 };
  const delivered = new Set<string>();
  return {
    writtenDown,
    counts,
    note({ functionName, event, error, log }) {
      if (error) counts.failures += 1;
      for (const line of log) {
        const { event: what, subject, at } = read(line);
        if (what === 'sign-in not announced') counts.untold += 1;
        if (typeof subject !== 'string' || typeof at !== 'number') continue;
        if (what === 'sign-in applied' || what === 'sign-in stale') add(writtenDown, subject, at);
      }
      if (functionName !== queueConsumer) return;
      for (const { messageId } of (event as { Records?: { messageId: string }[] }).Records ?? []) {
        if (delivered.has(messageId)) counts.deliveredAgain += 1;
        delivered.add(messageId);
      }
    },
  };
}

function add(times: Map<string, Seconds[]>, subject: string, at: Seconds): void {
  times.set(subject, [...(times.get(subject) ?? []), at]);
}

function read(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // not one of our lines
  }
}

/** All rows of the users table but those of the people whom a world begins with. */
export async function readRows(sql: postgres.Sql): Promise<Row[]> {
  const seeds = seedAccounts.map(({ email }) => email);
  const rows = await sql<Row[]>`
    select users.id::text as id, provider, subject, email, name, state,
      extract(epoch from last_login_at)::float8 as "lastLoginAt"
    from crossgate.users as users left join crossgate.people as people on people.user_id = users.id::text
    where email is null or email <> all (${seeds})`;
  return [...rows];
}
