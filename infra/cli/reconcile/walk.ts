import type { Clock, Seconds } from '../../../shared/clock.ts';
import { asUserId } from '../../../shared/identity.ts';
import type { ListedPerson, UserDirectory } from '../../../shared/users/directory.ts';
import { CliError, exits } from '../console.ts';
import type { Checkpoint, Counts, Progress } from './checkpoint.ts';
import {
  type DifferenceKind,
  differenceKinds,
  differencesOf,
  isRecent,
  type PoolUser,
  type TableMapped,
} from './difference.ts';
import { type Halves, mender } from './mend.ts';
import type { Report } from './report.ts';
import { Seen, type SeenFile } from './seen.ts';
import type { ReconciledPool } from './user-pool.ts';

/** What a run is made of. */
export type WalkOptions = {
  readonly pool: ReconciledPool;
  readonly directory: UserDirectory;
  /** Id that the configuration gives the pool. */
  readonly provider: string;
  readonly mapped: TableMapped;
  readonly fix: ReadonlySet<DifferenceKind>;
  readonly mostOrphans: number;
  readonly grace: Seconds;
  readonly clock: Clock;
  readonly report: Report;
  readonly checkpoint: Checkpoint;
  readonly seenFile: SeenFile;
  /** See {@link Progress.run}. */
  readonly run: Progress['run'];
};

/** Rows on a page of the table. */
const tablePage = 500;

/**
 * Compares pool and table, and mends what it is told to.
 *
 * First the pool, page by page, each looked up in the table; then the table, for those whom the pool didn't list. What is
 * kept of everybody is a few bytes ({@link Seen}). Whatever differs is read again on both sides before anything is said
 * or done, for people sign up meanwhile.
 */
export async function walk(options: WalkOptions): Promise<Counts> {
  const { pool, directory, provider, mapped, fix, grace, clock, report, checkpoint, seenFile, run } = options;
  const seen = new Seen();
  const progress = checkpoint.load(run) ?? beginning(run);
  const { counts } = progress;
  const mayMarkDeleted = () => counts.differences.orphans.mended < options.mostOrphans;
  const mend = mender(directory, pool, provider, mayMarkDeleted);
  if (progress.seen > 0) {
    seenFile.restore(seen, progress.seen);
    report.note(`Going on where the last run stopped: ${counts.pool} of the pool, ${counts.rows} rows.`);
  } else {
    seenFile.clear();
  }

  function isTooNew(at: Seconds | undefined): boolean {
    const recent = isRecent(at, clock(), grace);
    if (recent) counts.recent += 1;
    return recent;
  }

  const rowOf = async ({ subject }: PoolUser) => (await directory.among(provider, [subject]))[0];

  /** Says and mends the differences between halves that were just read, of those kinds that still hold. */
  async function settle(kinds: readonly DifferenceKind[], halves: Halves): Promise<void> {
    let { row } = halves;
    for (const kind of kinds) {
      const before = { ...halves, row };
      const { outcome, row: after } = fix.has(kind)
        ? await mend(kind, before)
        : { outcome: { outcome: 'found' } as const, row };
      row = after;
      if (outcome.outcome === 'left' && outcome.why === 'overtaken') {
        // somebody else is at it this very moment: the next run will see what they made of it
        counts.recent += 1;
        continue;
      }
      const count = counts.differences[kind];
      count.found += 1;
      if (outcome.outcome === 'mended') count.mended += 1;
      report.difference(kind, before, outcome);
    }
  }

  async function compare(user: PoolUser, row: ListedPerson | undefined): Promise<void> {
    if (user.status === 'UNCONFIRMED') counts.unconfirmed += 1;
    if (differencesOf(user, row, mapped).length === 0) return;
    if (isTooNew(user.changedAt)) return;
    const now = await pool.again(user);
    if (!now) return;
    const rowNow = await rowOf(now);
    const still = differencesOf(now, rowNow, mapped);
    if (still.length === 0) return;
    if (isTooNew(now.changedAt)) return;
    await settle(still, { user: now, row: rowNow });
  }

  async function followPool(): Promise<void> {
    for (let number = 1; ; number += 1) {
      const page = await pool.page(progress.token);
      if (page === 'expired') {
        if (number > 1) throw new CliError(exits.wrong, 'The user pool refuses the token of its own page.');
        report.note('The pool has forgotten where that was: beginning anew.');
        Object.assign(progress, beginning(run), { counts });
        Object.assign(counts, emptyCounts());
        seen.clear();
        seenFile.clear();
        continue;
      }
      const rows = new Map(
        (
          await directory.among(
            provider,
            page.users.map(({ subject }) => subject),
          )
        ).map((row) => [row.subject, row]),
      );
      for (const user of page.users) {
        seen.add(user.subject);
        await compare(user, rows.get(user.subject));
      }
      counts.pool += page.users.length;
      seenFile.append(seen);
      Object.assign(progress, { token: page.next, seen: seen.size });
      if (page.next === undefined) progress.pass = 'table';
      checkpoint.save(progress);
      report.progress('pool', number, counts);
      if (page.next === undefined) return;
    }
  }

  async function orphan(row: ListedPerson): Promise<void> {
    const { subject } = row;
    if (subject === undefined || differencesOf(undefined, row, mapped).length === 0) return;
    if (isTooNew(row.createdAt)) return;
    if (await pool.find(subject)) return;
    const [rowNow] = await directory.among(provider, [subject]);
    if (rowNow) await settle(differencesOf(undefined, rowNow, mapped), { row: rowNow });
  }

  async function followTable(): Promise<void> {
    for (let number = 1; ; number += 1) {
      const { after } = progress;
      const page = await directory.page({ limit: tablePage, ...(after && { after: asUserId(after) }) });
      const ids = page.people.map(({ id }) => id);
      for (const row of page.people) {
        if (row.subject === undefined) counts.waiting += 1;
        if (row.subject === undefined || row.provider !== provider) continue;
        counts.rows += 1;
        // a row with another identity still is somebody's
        const isShared = ids.indexOf(row.id) !== ids.lastIndexOf(row.id);
        if (!seen.has(row.subject) && !isShared) await orphan(row);
      }
      report.progress('table', number, counts);
      if (page.next === undefined) return;
      progress.after = page.next;
      checkpoint.save(progress);
    }
  }

  if (progress.pass === 'pool') await followPool();
  await followTable();
  checkpoint.remove();
  return counts;
}

function beginning(run: Progress['run']): Progress {
  return { run, pass: 'pool', token: undefined, after: undefined, seen: 0, counts: emptyCounts() };
}

function emptyCounts(): Counts {
  const kinds = Object.keys(differenceKinds) as DifferenceKind[];
  const differences = Object.fromEntries(kinds.map((kind) => [kind, { found: 0, mended: 0 }]));
  return { pool: 0, unconfirmed: 0, recent: 0, rows: 0, waiting: 0, differences: differences as Counts['differences'] };
}
