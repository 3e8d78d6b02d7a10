import type postgres from 'postgres';
import { asSubject, asUserId, type Subject, type UserId } from '../identity.ts';
import type { ListedPerson, PeoplePage, PersonState } from './directory.ts';
import { holdsId, stateOf, type UsersMapping } from './mapping.ts';

/** Reads people by the page and by the batch. SQL errors come out as they are. */
export type Listing = {
  /** @param limit Of rows; at least 1. */
  page(after: UserId | undefined, limit: number): Promise<PeoplePage>;
  among(provider: string, subjects: readonly Subject[]): Promise<readonly ListedPerson[]>;
};

type ListedRow = {
  readonly id: string;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly email: string | null;
  readonly state: PersonState;
  readonly created: number | null;
};

/**
 * Prepares the statements for a users table. Pages go by the key: each begins behind the last key of the one before, so
 * that the last page of a million costs what the first does, and rows that come and go shift no others.
 *
 * @param onlyProvider Whose the subjects of a table are that doesn't say it itself.
 */
export function listing(sql: postgres.Sql, mapping: UsersMapping, onlyProvider: string | undefined): Listing {
  const { table, id, idType, provider, subject, email, createdAt } = mapping;
  const column = (name: string | undefined) => (name ? `person.${name}::text` : 'null::text');
  const created = createdAt ? `extract(epoch from person.${createdAt}::timestamptz)::float8` : 'null::float8';
  const row = `${column(id)} as id, ${column(email)} as email, ${stateOf(mapping, 'person')} as state,
    ${created} as created`;
  const own = `${row}, ${column(provider)} as provider, ${column(subject)} as subject`;
  const theirs = `${row}, identity.provider, identity.subject`;

  const pageText = (isFirst: boolean) => {
    const beyond = isFirst ? '' : `where person.${id} > $2::text::${idType}`;
    if (subject) return `select ${own} from ${table} as person ${beyond} order by person.${id} limit $1::int`;
    return `
      with row as (
        select person.${id} as key, ${row} from ${table} as person ${beyond} order by person.${id} limit $1::int)
      select row.id, row.email, row.state, row.created, identity.provider, identity.subject
      from row left join crossgate.identities as identity on identity.user_id = row.id
      order by row.key, identity.provider, identity.subject`;
  };
  // The subjects' parameter has no type of its own: it takes the column's, so that an index on it serves.
  const amongText = subject
    ? `select ${own} from ${table} as person
       where person.${subject} = any ($1) ${provider ? `and person.${provider} = $2` : ''}`
    : `select ${theirs} from crossgate.identities as identity
       join ${table} as person on person.${id} = identity.user_id::${idType}
       where identity.subject = any ($1) and identity.provider = $2`;

  function listed(found: ListedRow): ListedPerson {
    const whose = found.provider ?? onlyProvider;
    return {
      id: asUserId(found.id),
      state: found.state,
      ...(found.subject !== null && whose !== undefined && { provider: whose, subject: asSubject(found.subject) }),
      ...(found.email && { email: found.email }),
      ...(found.created !== null && { createdAt: found.created }),
    };
  }

  return {
    page: async (after, limit) => {
      if (after !== undefined && !holdsId(mapping, after)) return { people: [] };
      // one more than asked for says whether there are more
      const parameters = after === undefined ? [limit + 1] : [limit + 1, after];
      const found = await sql.unsafe<ListedRow[]>(pageText(after === undefined), parameters, { prepare: true });
      const ids = [...new Set(found.map((one) => one.id))];
      const last = ids.length > limit ? ids[limit - 1] : undefined;
      const people = found.filter((one) => last === undefined || one.id !== ids[limit]).map(listed);
      return { people, ...(last !== undefined && { next: asUserId(last) }) };
    },

    among: async (of, subjects) => {
      if (subjects.length === 0) return [];
      if (subject && !provider && of !== onlyProvider) return [];
      const parameters = subject && !provider ? [[...subjects]] : [[...subjects], of];
      const found = await sql.unsafe<ListedRow[]>(amongText, parameters, { prepare: true });
      return found.map(listed);
    },
  };
}
