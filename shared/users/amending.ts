import type postgres from 'postgres';
import { sqlState } from '../store/database-error.ts';
import type { AmendOutcome, ListedPerson, PersonChange, PersonState } from './directory.ts';
import { attempts, isOvertaken, rowRefused } from './heal.ts';
import { lowerCaseAscii } from './link-policy.ts';
import { quoteLiteral, stateOf, type UsersMapping } from './mapping.ts';

type Tx = postgres.TransactionSql;
type Row = { readonly state: PersonState; readonly email: string | null };
type Amend = (person: ListedPerson, change: PersonChange) => Promise<AmendOutcome>;

const unmapped: AmendOutcome = { kind: 'refused', why: 'not_mapped' };

/**
 * Makes {@link UserDirectory.amend}, for an email that was cleaned. SQL errors that are not about the row come out as they
 * are. Locks are taken in the order in which a sign-in takes them: the row, the row in `crossgate.people`, the email.
 */
export function amender(sql: postgres.Sql, mapping: UsersMapping): Amend {
  const { table, id, idType, email, state, updatedAt } = mapping;
  const itself = `person.${id} = $1::text::${idType}`;
  const touched = updatedAt ? `, ${updatedAt} = now()` : '';

  async function once(tx: Tx, person: ListedPerson, change: PersonChange): Promise<AmendOutcome> {
    const run = <R extends object>(text: string, ...parameters: string[]) =>
      tx.unsafe<R[]>(text, [person.id, ...parameters], { prepare: true });
    const audit = (event: string) => tx`
      insert into crossgate.audit (event, actor, subject, details) values (${event}, 'crossgate', ${person.id},
        ${tx.json({ from: person.state, ...(person.subject && { provider: person.provider, subject: person.subject }) })})`;

    const address = email ? `person.${email}::text` : 'null::text';
    const [row] = await run<Row>(
      `select ${stateOf(mapping, 'person')} as state, ${address} as email from ${table} as person
       where ${itself} for no key update`,
    );
    if (!row || row.state !== person.state || (row.email || undefined) !== person.email) return { kind: 'overtaken' };

    if (change.state !== undefined) {
      const value = literalOf(mapping, change.state);
      if (!state || value === undefined) return unmapped;
      await run(`update ${table} as person set ${state} = ${value} ${touched} where ${itself}`);
      // a table of theirs may have no trigger that does it; where it has, the version goes up twice, which is no harm
      await tx`select crossgate.bump_permission_version(array[${person.id}::text])`;
      await audit(`user.${change.state}`);
      return { kind: 'changed' };
    }
    if (!email) return unmapped;
    // a sign-in from before, told later, must not bring the older email back
    await tx`
      insert into crossgate.people (user_id, profile_at) values (${person.id}, clock_timestamp())
      on conflict (user_id) do update set profile_at = excluded.profile_at`;
    const lock = JSON.stringify(['crossgate', 'email', lowerCaseAscii(change.email)]);
    await tx`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`;
    const others = await run(
      `select from ${table} as person
       where lower(person.${email}::text collate "C") = lower($2::text collate "C") and not (${itself}) limit 1`,
      change.email,
    );
    if (others.count > 0) return { kind: 'refused', why: 'email_taken' };
    await run(`update ${table} as person set ${email} = $2 ${touched} where ${itself}`, change.email);
    await audit('user.email_changed');
    return { kind: 'changed' };
  }

  return async (person, change) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sql.begin('isolation level read committed', (tx) => once(tx, person, change));
      } catch (cause) {
        if (isOvertaken(cause) && attempt < attempts) continue;
        // insufficient_privilege
        if (sqlState(cause) === '42501') return { kind: 'refused', why: 'not_allowed' };
        const detail = rowRefused(cause);
        if (detail === undefined) throw cause;
        return { kind: 'refused', why: 'row_refused', detail };
      }
    }
  };
}

/**
 * What to write into the state column, as a literal. Every value that is not named means disabled: for a column that holds
 * true and false, that is false.
 */
function literalOf({ states }: UsersMapping, state: 'disabled' | 'deleted'): string | undefined {
  if (state === 'disabled') return quoteLiteral(states.active.includes('true') ? 'false' : 'disabled');
  const [deleted] = states.deleted;
  return deleted === undefined ? undefined : quoteLiteral(deleted);
}
