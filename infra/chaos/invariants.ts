import type { Seconds } from '../../shared/clock.ts';
import type { QueueState } from '../local/queue.ts';
import type { Attempt, Member } from './member.ts';

/** A row of the users table, with what we keep beside it. */
export type Row = {
  readonly id: string;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly state: string;
  readonly lastLoginAt: Seconds | null;
};

/** When people signed in, by subject. */
export type SignInTimes = ReadonlyMap<string, readonly Seconds[]>;

/** Everything as it is once all is calm again. */
export type Facts = {
  readonly members: readonly Member[];
  /** Addresses that must have no row. */
  readonly turnedAway: readonly string[];
  /** Without those whom the world began with. */
  readonly rows: readonly Row[];
  /** Rows that were there before anybody came, by email: nobody may have got them. */
  readonly legacy: readonly string[];
  /** `sub` of everybody in the pool. */
  readonly poolSubjects: ReadonlySet<string>;
  readonly queue: QueueState;
  /** Bodies that were put on the queue to be refused. */
  readonly poison: readonly string[];
  /** Sign-ins of which a function said that they are in the table, or that a newer one is. */
  readonly writtenDown: SignInTimes;
};

/** What doesn't hold. */
export type Verdict = {
  /** A sentence each. */
  readonly violations: readonly string[];
  /** Rows that are missing, and sign-ins that never reached the table. */
  readonly lost: number;
};

/** Cognito gives a trigger five seconds: what a person sees as refused may have been a sign-in until then. */
const triggerLife: Seconds = 5;

/**
 * What a person's last sign-in may be by what they saw. It is at least the start of the newest one that succeeded, and at
 * most the end of the newest that was tried: one that was refused for want of a token is still a sign-in at the pool.
 *
 * @returns Without `least`: no sign-in of theirs succeeded, so that there may be none. `most` of who never tried is 0.
 */
export function signInRange(attempts: readonly Attempt[]): { readonly least?: Seconds; readonly most: Seconds } {
  const succeeded = attempts.filter(({ uids }) => uids).map(({ start }) => Math.floor(start));
  const most = Math.max(0, ...attempts.map(({ end, uids }) => (uids ? end : end + triggerLife)));
  return { most, ...(succeeded.length > 0 && { least: Math.max(...succeeded) }) };
}

/** Judges what came of it all. */
export function judge(facts: Facts): Verdict {
  const violations: string[] = [];
  const bySubject = Map.groupBy(facts.rows, ({ subject }) => subject ?? '');
  let lost = 0;

  for (const member of facts.members) {
    const { email, name, subject = '', attempts } = member;
    const say = (what: string) => violations.push(`${email}: ${what}`);
    if (!facts.poolSubjects.has(subject)) say('is not in the pool any more');
    const [row, ...others] = bySubject.get(subject) ?? [];
    if (!row) {
      lost += 1;
      say('has no row');
      continue;
    }
    if (others.length > 0) say(`has ${others.length + 1} rows`);
    if (row.provider !== 'cognito' || row.email !== email || row.name !== name || row.state !== 'active')
      say(`has a row that is not theirs: ${JSON.stringify(row)}`);
    const uids = new Set(attempts.flatMap(({ uids = [] }) => uids));
    if (uids.size > 1 || (uids.size === 1 && !uids.has(row.id)))
      say(`has row ${row.id}, and tokens said ${[...uids].map((uid) => uid ?? 'nothing').join(', ')}`);
    const times = facts.writtenDown.get(subject) ?? [];
    const isWritten = ({ start, end }: Attempt) => times.some((time) => time >= Math.floor(start) && time <= end);
    const unwritten = attempts.filter((attempt) => attempt.uids && !isWritten(attempt));
    lost += unwritten.length;
    for (const { start } of unwritten) say(`signed in at ${Math.floor(start)}, and nobody wrote it down`);
    const { least, most } = signInRange(attempts);
    const at = row.lastLoginAt;
    const isBehind = least !== undefined && (at === null || at < least);
    if (isBehind && !unwritten.some(({ start }) => Math.floor(start) === least)) {
      lost += 1;
      say(`signed in at ${least}, and the table says ${at ?? 'never'}`);
    }
    if (at !== null && at > most) say(`the table says ${at}, and they were gone by ${most}`);
  }
  return { violations: [...violations, ...strangers(facts), ...deadLetters(facts)], lost };
}

/** Rows of people that never were, and rows that are there twice. */
function strangers({ members, turnedAway, rows, legacy }: Facts): string[] {
  const violations: string[] = [];
  const known = new Set(members.map(({ subject }) => subject));
  const refused = new Set(turnedAway.map((email) => email.toLowerCase()));
  for (const row of rows) {
    const isLegacy = row.email !== null && legacy.includes(row.email);
    if (isLegacy && row.subject !== null) violations.push(`somebody got the older row of ${row.email}`);
    if (!isLegacy && !known.has(row.subject ?? '')) violations.push(`nobody's row: ${JSON.stringify(row)}`);
    if (refused.has(row.email?.toLowerCase() ?? '')) violations.push(`${row.email} was refused and has a row`);
  }
  const twice = (of: string, keyOf: (row: Row) => string | null) => {
    for (const [key, same] of Map.groupBy(rows, keyOf)) {
      if (key !== null && same.length > 1) violations.push(`${same.length} rows have the ${of} ${key}`);
    }
  };
  twice('email', ({ email }) => email?.toLowerCase() ?? null);
  twice('identity', ({ provider, subject }) => (subject === null ? null : `${provider} ${subject}`));
  return violations;
}

function deadLetters({ queue, poison }: Facts): string[] {
  const { ready, inFlight, deadLetters: dead } = queue;
  const bodies = dead.map(({ body }) => body);
  return [
    ...(ready + inFlight > 0 ? [`${ready + inFlight} messages are still in the queue`] : []),
    ...dead
      .filter(({ body }) => !poison.includes(body))
      .map(({ body, reason = 'nobody said why' }) => `given up though nothing was wrong with it: ${body} (${reason})`),
    ...poison.filter((body) => !bodies.includes(body)).map((body) => `not in the dead-letter queue: ${body}`),
  ];
}
