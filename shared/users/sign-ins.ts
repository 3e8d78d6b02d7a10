import type postgres from 'postgres';
import type { Identity, UserId } from '../identity.ts';
import type { IdentityAttributes, PersonState, SignIn, SignInOutcome } from './directory.ts';
import { attempts, isOvertaken, rowRefused } from './heal.ts';
import { lowerCaseAscii } from './link-policy.ts';
import { stateOf, type UsersMapping } from './mapping.ts';
import type { PersonQuery } from './person-query.ts';

type Record = (identity: Identity, signIn: SignIn) => Promise<SignInOutcome>;
type Tx = postgres.TransactionSql;
type Profile = { readonly state: PersonState; readonly email: string | null; readonly name: string | null };

/**
 * Makes the writing half of `UserDirectory.recordSignIn`, for attributes that were cleaned. SQL errors that are not about
 * a value come out as they are.
 *
 * Locks are taken in one order: the identity (as healing does), the row, the row in `crossgate.people` (as a change of
 * state does), the email (as healing does).
 */
export function signInRecorder(sql: postgres.Sql, mapping: UsersMapping, people: PersonQuery): Record {
  const { table, id, idType, email, name, updatedAt } = mapping;
  const itself = `person.${id} = $1::text::${idType}`;
  const state = stateOf(mapping, 'person');
  const column = (which: string | undefined) => (which ? `person.${which}::text` : 'null::text');
  // only a role that may write a row may lock it, and where nothing is written nothing needs the lock
  const lock = email || name ? 'for no key update' : '';
  const profileText = `select ${state} as state, ${column(email)} as email, ${column(name)} as name
    from ${table} as person where ${itself} ${lock}`;

  async function once(tx: Tx, identity: Identity, { at, attributes }: SignIn): Promise<SignInOutcome> {
    await advisoryLock(tx, 'identity', identity.provider, identity.subject);
    const standing = await people.standing(tx, identity);
    if (!standing) return 'unknown';
    const [profile] = await tx.unsafe<Profile[]>(profileText, [standing.id], { prepare: true });
    if (!profile) return 'unknown';
    if (profile.state !== 'active') return 'stale';
    const isLater = await advance(tx, 'last_login_at', standing.id, at);
    const isNewer = attributes !== undefined && (await advance(tx, 'profile_at', standing.id, at));
    if (isNewer) await writeProfile(tx, identity, standing.id, profile, attributes);
    return isLater || isNewer ? 'applied' : 'stale';
  }

  async function writeProfile(
    tx: Tx,
    identity: Identity,
    userId: UserId,
    has: Profile,
    said: IdentityAttributes,
  ): Promise<void> {
    const audit = (event: string, details: object) => tx`
      insert into crossgate.audit (event, actor, subject, details)
      values (${event}, 'crossgate', ${userId}, ${tx.json({ ...identity, ...details })})`;

    if (name && said.name !== undefined && said.name !== has.name) {
      const detail = await write(tx, name, userId, said.name);
      if (detail !== undefined) await audit('user.name_kept', { why: 'refused', detail });
    }
    if (!email || said.email === undefined || !said.emailVerified || said.email === has.email) return;
    await advisoryLock(tx, 'email', lowerCaseAscii(said.email));
    if (await isOthers(tx, userId, said.email)) return void (await audit('user.email_kept', { why: 'email_taken' }));
    const detail = await write(tx, email, userId, said.email);
    if (detail === undefined) await audit('user.email_changed', {});
    else await audit('user.email_kept', { why: 'refused', detail });
  }

  async function isOthers(tx: Tx, userId: UserId, address: string): Promise<boolean> {
    const text = `select from ${table} as person
      where lower(person.${email}::text collate "C") = lower($2::text collate "C") and not (${itself}) limit 1`;
    return (await tx.unsafe(text, [userId, address], { prepare: true })).count > 0;
  }

  /** Writes one column, or says what the table has against it. */
  async function write(tx: Tx, to: string, userId: UserId, value: string): Promise<string | undefined> {
    const text = `update ${table} as person set ${to} = $2 ${updatedAt ? `, ${updatedAt} = now()` : ''} where ${itself}`;
    try {
      await tx.savepoint(async (point) => {
        await point.unsafe(text, [userId, value], { prepare: true });
        // one that waits for the commit would take the sign-in down with it
        await point`set constraints all immediate`;
      });
      return undefined;
    } catch (cause) {
      const refused = rowRefused(cause);
      if (refused === undefined) throw cause;
      return refused;
    }
  }

  return async (identity, signIn) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sql.begin('isolation level read committed', (tx) => once(tx, identity, signIn));
      } catch (cause) {
        if (!isOvertaken(cause) || attempt === attempts) throw cause;
      }
    }
  };
}

/** Moves a time of somebody's forward. `false`: it was there already, or further. */
async function advance(tx: Tx, which: 'last_login_at' | 'profile_at', userId: UserId, at: number): Promise<boolean> {
  const text = `
    insert into crossgate.people as known (user_id, ${which}) values ($1, to_timestamp($2::text::float8))
    on conflict (user_id) do update set ${which} = excluded.${which}
    where known.${which} is null or known.${which} < excluded.${which}`;
  return (await tx.unsafe(text, [userId, String(at)], { prepare: true })).count === 1;
}

async function advisoryLock(tx: Tx, ...name: string[]): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['crossgate', ...name])}, 0))`;
}
