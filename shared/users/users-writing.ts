import { v7 as uuidv7 } from 'uuid';
import type { Identity } from '../identity.ts';
import type { IdentityAttributes } from './directory.ts';
import { stateOf, type UsersMapping } from './mapping.ts';

/** A statement, the same text for every person, and its parameters. Those without a type take that of their column. */
export type Statement = { readonly text: string; readonly parameters: (string | null)[] };

/** The statements by which healing writes a users table. They write no column that the mapping doesn't name. */
export type UsersWriting = {
  /**
   * Rows with that email, as `Namesake`s: those that belong to somebody first, and no more than two, which is enough to
   * know. `undefined` for a table without emails.
   */
  namesakes(identity: Identity, email: string): Statement | undefined;
  /** Inserts a row and returns its id. */
  insert(identity: Identity, attributes: IdentityAttributes): Statement;
  /** Gives an active row without a subject this one. Writes nothing, if it has one by now or is active no more. */
  link(identity: Identity, id: string): Statement;
};

/** Makes the statements for a users table. */
export function usersWriting(mapping: UsersMapping): UsersWriting {
  const { table, id, idType, idDefault, provider, subject, email, name, state, createdAt, updatedAt } = mapping;
  const isActive = `${stateOf(mapping, 'person')} = 'active'`;

  return {
    namesakes: (identity, address) => {
      if (!email) return undefined;
      const others = provider ? ` or coalesce(person.${provider}::text <> $2::text, false)` : '';
      const taken = subject
        ? `(person.${subject} is not null${others})`
        : `exists (select from crossgate.identities where user_id = person.${id}::text)`;
      return {
        text: `
          select person.${id}::text as id, ${stateOf(mapping, 'person')} as state, ${taken} as taken
          from ${table} as person
          where lower(person.${email}::text collate "C") = lower($1::text collate "C")
          order by taken desc limit 2`,
        parameters: others && subject ? [address, identity.provider] : [address],
      };
    },

    insert: (identity, attributes) => {
      const parameters: (string | null)[] = [];
      const parameter = (value: string | undefined) => `$${parameters.push(value ?? null)}`;
      const values: [string | undefined, () => string][] = [
        [idDefault === 'uuid-v7' ? id : undefined, () => parameter(uuidv7())],
        [provider, () => parameter(identity.provider)],
        [subject, () => parameter(identity.subject)],
        [email, () => parameter(attributes.email)],
        [name, () => parameter(attributes.name)],
        [state, () => mapping.activeState],
        [createdAt, () => 'now()'],
        [updatedAt, () => 'now()'],
      ];
      const given = values.flatMap(([column, value]) => (column ? [{ column, value: value() }] : []));
      const row =
        given.length > 0
          ? `(${given.map(({ column }) => column).join(', ')}) values (${given.map(({ value }) => value).join(', ')})`
          : 'default values';
      return { text: `insert into ${table} ${row} returning ${id}::text as id`, parameters };
    },

    link: (identity, to) => {
      if (!subject) {
        const text = `
          insert into crossgate.identities (provider, subject, user_id)
          select $1, $2, $3::text from ${table} as person
          where person.${id} = $3::text::${idType} and ${isActive}
            and not exists (select from crossgate.identities where user_id = $3::text)
          on conflict (provider, subject) do update set user_id = excluded.user_id, linked_at = excluded.linked_at`;
        return { text, parameters: [identity.provider, identity.subject, to] };
      }
      const sets = [
        `${subject} = $2`,
        ...(provider ? [`${provider} = $3`] : []),
        ...(updatedAt ? [`${updatedAt} = now()`] : []),
      ];
      const text = `
        update ${table} as person set ${sets.join(', ')}
        where person.${id} = $1::text::${idType} and person.${subject} is null and ${isActive}
          ${provider ? `and (person.${provider} is null or person.${provider} = $3)` : ''}`;
      return { text, parameters: [to, identity.subject, ...(provider ? [identity.provider] : [])] };
    },
  };
}
