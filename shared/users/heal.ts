import type postgres from 'postgres';
import { asUserId, type Identity } from '../identity.ts';
import { diagnosis, sqlState } from '../store/database-error.ts';
import type { HealOutcome, IdentityAttributes, Person } from './directory.ts';
import { decideLink, type LinkPolicy, lowerCaseAscii, type Namesake } from './link-policy.ts';
import type { UsersMapping } from './mapping.ts';
import type { PersonQuery } from './person-query.ts';
import { type Statement, usersWriting } from './users-writing.ts';

/** Somebody else wrote between our looking and our writing: look again. */
class Overtaken extends Error {
  constructor() {
    super('others keep writing the same row');
  }
}

/** How often a transaction that others overtook is tried in all. */
export const attempts = 3;

type Heal = (identity: Identity, attributes: IdentityAttributes) => Promise<HealOutcome>;

/**
 * Makes the writing half of {@link UserDirectory.heal}, for an identity that seems to have no row, and attributes that
 * were cleaned. SQL errors that are not about the row come out as they are.
 */
export function healer(sql: postgres.Sql, mapping: UsersMapping, people: PersonQuery, policy: LinkPolicy): Heal {
  const write = usersWriting(mapping);

  async function once(tx: postgres.TransactionSql, identity: Identity, attributes: IdentityAttributes) {
    const run = <Row extends object>({ text, parameters }: Statement) =>
      tx.unsafe<Row[]>(text, parameters, { prepare: true });
    const lock = (...name: string[]) =>
      tx`select pg_advisory_xact_lock(hashtextextended(${JSON.stringify(['crossgate', ...name])}, 0))`;
    const audit = (event: string, id: string) => tx`
      insert into crossgate.audit (event, actor, subject, details) values (${event}, 'crossgate', ${id},
        jsonb_build_object('provider', ${identity.provider}::text, 'subject', ${identity.subject}::text))`;
    const whole = async (id: string): Promise<Person> => {
      const person = await people.byId(tx, asUserId(id));
      if (!person) throw new Overtaken();
      return person;
    };
    const keepIdentity = async (id: string) => {
      if (mapping.subject) return;
      // An identity whose row was deleted from the table is there already, and now means the new row.
      await tx`
        insert into crossgate.identities (provider, subject, user_id)
        values (${identity.provider}, ${identity.subject}, ${id})
        on conflict (provider, subject) do update set user_id = excluded.user_id, linked_at = excluded.linked_at`;
    };

    await lock('identity', identity.provider, identity.subject);
    const person = await people.byIdentity(tx, identity);
    if (person) return { kind: 'found', person } as const;

    const { email } = attributes;
    const namesakes = email !== undefined && write.namesakes(identity, email);
    // Always after the identity's lock, so that no two wait for each other.
    if (namesakes) await lock('email', lowerCaseAscii(email));
    const decision = decideLink(policy, identity, attributes, namesakes ? await run<Namesake<string>>(namesakes) : []);
    if (decision.kind === 'refuse') return { kind: 'refused', why: decision.why } as const;

    if (decision.kind === 'insert') {
      const [row] = await run<{ id: string }>(write.insert(identity, attributes));
      if (!row) throw new Overtaken();
      await keepIdentity(row.id);
      // The row is as new as now: a sign-in from before it, told later, must not bring an older profile back.
      await tx`
        insert into crossgate.people (user_id, profile_at) values (${row.id}, clock_timestamp())
        on conflict (user_id) do update set profile_at = excluded.profile_at`;
      await audit('user.created', row.id);
      return { kind: 'created', person: await whole(row.id) } as const;
    }
    const linked = await run(write.link(identity, decision.id));
    if (linked.count !== 1) throw new Overtaken();
    await audit('user.linked', decision.id);
    return { kind: 'linked', person: await whole(decision.id) } as const;
  }

  return async (identity, attributes) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // Read committed, whatever the database's default: what is read after a lock must be newer than the lock.
        return await sql.begin('isolation level read committed', (tx) => once(tx, identity, attributes));
      } catch (cause) {
        if (isOvertaken(cause) && attempt < attempts) continue;
        const detail = rowRefused(cause);
        if (detail === undefined) throw cause;
        return { kind: 'refused', why: 'row_incomplete', detail };
      }
    }
  };
}

/** Unique violation, deadlock, serialisation failure: the second look may find what stood in the way. */
export function isOvertaken(cause: unknown): boolean {
  return cause instanceof Overtaken || ['23505', '40P01', '40001'].includes(sqlState(cause) ?? '');
}

/** Names what the table has against the row, if that is what went wrong: bad data, a constraint, a trigger's own refusal. */
export function rowRefused(cause: unknown): string | undefined {
  const state = sqlState(cause);
  if (state === undefined || !/^(22|23|44)|^P0001$/.test(state)) return undefined;
  const { column_name, constraint_name } = diagnosis(cause);
  return column_name ?? constraint_name ?? `SQLSTATE ${state}`;
}
