import type { Seconds } from '../../../shared/clock.ts';
import type { Subject } from '../../../shared/identity.ts';
import { cleanAttributes } from '../../../shared/users/attributes.ts';
import type { IdentityAttributes, ListedPerson } from '../../../shared/users/directory.ts';
import { lowerCaseAscii } from '../../../shared/users/link-policy.ts';

/** Somebody as the user pool has them. */
export type PoolUser = {
  readonly username: string;
  readonly subject: Subject;
  readonly enabled: boolean;
  /** `CONFIRMED`, `UNCONFIRMED`, `FORCE_CHANGE_PASSWORD`, `EXTERNAL_PROVIDER`, … */
  readonly status: string;
  readonly attributes: IdentityAttributes;
  /** When anything of it changed last. */
  readonly changedAt: Seconds;
};

/** What pool and table can differ in, each by what it says. The same words name what `--fix` is to mend. */
export const differenceKinds = {
  'missing-rows': 'in the pool, without a row',
  emails: 'another verified email in the pool than in the table',
  'disabled-in-pool': 'disabled in the pool, active in the table',
  'disabled-in-table': 'disabled or deleted in the table, enabled in the pool',
  orphans: 'a row whose subject the pool does not know',
} as const;

export type DifferenceKind = keyof typeof differenceKinds;

/** What the users table can say at all: what it can't say is no difference. */
export type TableMapped = { readonly email: boolean; readonly state: boolean };

/**
 * Compares one person's two halves.
 *
 * - Who has not confirmed their address is nobody yet, and who is disabled in the pool can't sign in: neither needs a row.
 *   That also leaves those alone whom a failed sign-up disabled.
 * - Whom an administrator made needs one, though they have not signed in: they were meant to be there.
 * - An email counts if the pool has verified it, and is the same in other letters of ASCII. Rows that are not active keep
 *   theirs.
 * - A row marked deleted has nobody in the pool any more; that is as it should be.
 */
export function differencesOf(
  user: PoolUser | undefined,
  row: ListedPerson | undefined,
  mapped: TableMapped,
): readonly DifferenceKind[] {
  if (!user) return row && row.state !== 'deleted' ? ['orphans'] : [];
  if (!row) return user.enabled && user.status !== 'UNCONFIRMED' ? ['missing-rows'] : [];
  const email = verifiedEmail(user);
  const isActive = row.state === 'active';
  const moved = email !== undefined && lowerCaseAscii(email) !== lowerCaseAscii(row.email ?? '');
  return [
    ...(mapped.email && isActive && moved ? (['emails'] as const) : []),
    ...(mapped.state && isActive && !user.enabled ? (['disabled-in-pool'] as const) : []),
    ...(mapped.state && !isActive && user.enabled ? (['disabled-in-table'] as const) : []),
  ];
}

/** The email that the pool vouches for, if a row could have it. */
export function verifiedEmail({ attributes }: PoolUser): string | undefined {
  const { email, emailVerified } = cleanAttributes(attributes);
  return emailVerified ? email : undefined;
}

/**
 * Is this so new that the other half may be on its way? A sign-up makes the row seconds after the confirmation, and Cognito
 * lists people a little later than it has them.
 *
 * @param grace 0: nothing is too new.
 */
export function isRecent(at: Seconds | undefined, now: Seconds, grace: Seconds): boolean {
  return grace > 0 && at !== undefined && at > now - grace;
}
