import type { AmendOutcome, ListedPerson, UserDirectory } from '../../../shared/users/directory.ts';
import { type DifferenceKind, type PoolUser, verifiedEmail } from './difference.ts';
import type { ReconciledPool } from './user-pool.ts';

/** What became of a difference. */
export type Outcome =
  /** Only looked at: its kind is not to be mended. */
  | { readonly outcome: 'found' }
  | { readonly outcome: 'mended' }
  /** It could not be mended. `detail`, where there is one: the column, constraint or SQLSTATE. */
  | { readonly outcome: 'left'; readonly why: string; readonly detail?: string };

/** Both halves, as they were read just now. */
export type Halves = { readonly user?: PoolUser | undefined; readonly row?: ListedPerson | undefined };

type Mending = { readonly outcome: Outcome; readonly row?: ListedPerson | undefined };

const left = (why: string, detail?: string): Outcome => ({ outcome: 'left', why, ...(detail && { detail }) });

/**
 * Makes what mends a difference, each kind in one direction. Nobody is ever let in by it: who is disabled on one side is
 * disabled on the other, never the other way round, and a row is marked deleted, never removed.
 *
 * @param mayMarkDeleted Whether one more orphan may be: many at once are a sign that this is the wrong pool.
 * @returns The outcome, and the row as it then is.
 */
export function mender(
  directory: UserDirectory,
  pool: ReconciledPool,
  provider: string,
  mayMarkDeleted: () => boolean,
): (kind: DifferenceKind, halves: Halves) => Promise<Mending> {
  async function amended(row: ListedPerson, change: Parameters<UserDirectory['amend']>[1]): Promise<Mending> {
    const outcome: AmendOutcome = await directory.amend(row, change);
    if (outcome.kind === 'changed')
      return { outcome: { outcome: 'mended' }, row: { ...row, ...change } as ListedPerson };
    return { outcome: outcome.kind === 'overtaken' ? left('overtaken') : left(outcome.why, outcome.detail), row };
  }

  return async (kind, { user, row }) => {
    if (kind === 'orphans') {
      if (!row) return { outcome: left('overtaken') };
      if (!mayMarkDeleted()) return { outcome: left('too_many'), row };
      return amended(row, { state: 'deleted' });
    }
    if (!user) return { outcome: left('overtaken'), row };
    if (kind === 'missing-rows') {
      const healed = await directory.heal({ provider, subject: user.subject }, user.attributes);
      if (healed.kind === 'refused') return { outcome: left(healed.why, healed.detail), row };
      return { outcome: { outcome: 'mended' }, row };
    }
    if (!row) return { outcome: left('overtaken') };
    if (kind === 'disabled-in-table') {
      return { outcome: (await pool.disable(user)) ? { outcome: 'mended' } : left('overtaken'), row };
    }
    const email = verifiedEmail(user);
    if (kind === 'disabled-in-pool') return amended(row, { state: 'disabled' });
    return email === undefined ? { outcome: left('overtaken'), row } : amended(row, { email });
  };
}
