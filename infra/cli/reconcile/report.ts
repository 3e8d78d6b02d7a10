import { systemClock } from '../../../shared/clock.ts';
import { cleaned } from '../../../shared/store/storable.ts';
import type { Console } from '../console.ts';
import type { Counts } from './checkpoint.ts';
import { type DifferenceKind, differenceKinds, type PoolUser, verifiedEmail } from './difference.ts';
import type { Halves, Outcome } from './mend.ts';

/** Tells what a run finds: results on standard output, how far it is on standard error. */
export type Report = {
  difference(kind: DifferenceKind, halves: Halves, outcome: Outcome): void;
  /** How far it is, every two seconds at most. */
  progress(pass: 'pool' | 'table', page: number, counts: Counts): void;
  note(text: string): void;
  summary(counts: Counts, dryRun: boolean): void;
};

const sayEvery = 2_000;

/** @param options `json`: an object a line. `progress`: even where standard error is no screen. */
export function reporter(console: Console, options: { readonly json: boolean; readonly progress: boolean }): Report {
  const began = performance.now();
  let saidAt = began;
  const seconds = () => (performance.now() - began) / 1000;
  let before: number | undefined;

  return {
    difference(kind, halves, outcome) {
      console.out(
        options.json ? JSON.stringify({ kind, ...shown(halves), ...outcome }) : inWords(kind, halves, outcome),
      );
    },
    progress(pass, page, counts) {
      const done = pass === 'pool' ? counts.pool : counts.rows + counts.waiting;
      before ??= done;
      if (!options.progress || performance.now() - saidAt < sayEvery) return;
      saidAt = performance.now();
      const found = total(counts, 'found');
      const rate = Math.round((done - before) / seconds());
      console.err(`${pass}: ${done} people, page ${page}, ${rate} a second, ${found} differences`);
    },
    note: (text) => console.err(text),
    summary(counts, dryRun) {
      const { differences, ...rest } = counts;
      if (options.json) {
        const at = systemClock();
        console.out(
          JSON.stringify({ kind: 'summary', at, seconds: Math.round(seconds()), dryRun, ...rest, differences }),
        );
        return;
      }
      console.out(`${rest.pool} people in the pool (${rest.unconfirmed} not confirmed), ${rest.rows} rows of theirs.`);
      if (rest.waiting > 0) console.out(`${rest.waiting} rows wait for a first sign-in.`);
      if (rest.recent > 0) console.out(`${rest.recent} too new to tell: look again later.`);
      if (total(counts, 'found') + rest.recent === 0) console.out('Pool and table agree.');
      for (const kind of Object.keys(differenceKinds) as DifferenceKind[]) {
        const { found, mended } = differences[kind];
        if (found > 0) console.out(`  ${kind.padEnd(18)}${found} found, ${mended} mended: ${differenceKinds[kind]}`);
      }
      if (dryRun && total(counts, 'found') > 0) console.out('Nothing was changed: --fix names what is to be mended.');
    },
  };
}

/** Over all kinds. */
export function total({ differences }: Counts, which: 'found' | 'mended'): number {
  return Object.values(differences).reduce((sum, count) => sum + count[which], 0);
}

function shown({ user, row }: Halves) {
  const subject = user?.subject ?? row?.subject;
  return {
    ...(subject !== undefined && { subject }),
    ...(user && { pool: { username: user.username, status: user.status, enabled: user.enabled, ...emailOf(user) } }),
    ...(row && { row: { id: row.id, state: row.state, ...(row.email !== undefined && { email: row.email }) } }),
  };
}

const emailOf = ({ attributes: { email, emailVerified } }: PoolUser) =>
  email === undefined ? {} : { email, emailVerified };

function inWords(kind: DifferenceKind, { user, row }: Halves, outcome: Outcome): string {
  // what people wrote themselves goes to a terminal: nothing in it may steer that
  const text = (value: string | undefined) => cleaned(value, 254) ?? '?';
  const who = [
    ...(user ? [`pool user ${text(user.username)}`] : []),
    ...(row ? [`row ${text(row.id)}`] : []),
    ...(user ? [] : [`subject ${text(row?.subject)}`]),
  ].join(', ');
  const what = {
    'missing-rows': `has no row${user?.attributes.email ? ` (${text(user.attributes.email)})` : ''}`,
    emails: `${text(row?.email)} in the table, ${text(user && verifiedEmail(user))} in the pool`,
    'disabled-in-pool': 'disabled in the pool only',
    'disabled-in-table': `${row?.state} in the table only`,
    orphans: 'unknown to the pool',
  }[kind];
  const became = { found: '', mended: ' → mended', left: ' → left' }[outcome.outcome];
  const why = outcome.outcome === 'left' ? `: ${[outcome.why, outcome.detail].filter(Boolean).join(', ')}` : '';
  return `${kind.padEnd(18)}${who}: ${what}${became}${why}`;
}
