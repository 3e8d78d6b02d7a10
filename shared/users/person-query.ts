import type postgres from 'postgres';
import { asUserId, type Identity, type UserId } from '../identity.ts';
import type { Person, PersonState, Standing } from './directory.ts';
import { holdsId, stateOf, type UsersMapping } from './mapping.ts';

/** The pool or a transaction. */
export type Runner = Pick<postgres.Sql, 'unsafe'>;

/** Reads a person by one statement, prepared. SQL errors come out as they are, also for a subject that its column can't hold. */
export type PersonQuery = {
  byIdentity(on: Runner, identity: Identity): Promise<Person | undefined>;
  byId(on: Runner, id: UserId): Promise<Person | undefined>;
  standing(on: Runner, identity: Identity): Promise<Standing | undefined>;
};

type StandingRow = {
  readonly id: string;
  readonly state: PersonState;
  readonly version: number | null;
};

type PersonRow = StandingRow & {
  readonly email: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
};

/** Prepares the statements for a users table. */
export function personQuery(mapping: UsersMapping): PersonQuery {
  const { table, id, idType, provider, subject } = mapping;
  const column = (name: string | undefined) => (name ? `person.${name}::text` : 'null::text');
  const key = `person.${id}::text`;

  const standing = `${key} as id, ${stateOf(mapping, 'person')} as state,
    (select permission_version::float8 from crossgate.people where user_id = ${key}) as version`;
  // `offset 0` keeps the planner at looking up role by role: an eighth quicker here than one join over all three tables.
  const whole = `${standing}, ${column(mapping.email)} as email, ${column(mapping.name)} as name,
    array(select role from crossgate.user_roles where user_id = ${key}) as roles,
    array(
      select each.permission
      from crossgate.user_roles as theirs cross join lateral (
        select permissions.resource || ':' || permissions.action as permission
        from crossgate.role_permissions join crossgate.permissions on permissions.id = role_permissions.permission_id
        where role_permissions.role = theirs.role
        offset 0
      ) as each
      where theirs.user_id = ${key}) as permissions`;

  // The subject's parameter has no type of its own: it takes the column's, so that an index on it serves.
  const withIdentity = subject
    ? `from ${table} as person where person.${subject} = $1 ${provider ? `and person.${provider} = $2` : ''}`
    : `from crossgate.identities as identity join ${table} as person on person.${id} = identity.user_id::${idType}
      where identity.subject = $1 and identity.provider = $2`;
  const withId = `from ${table} as person where person.${id} = $1::text::${idType}`;

  async function one<Row extends object>(on: Runner, text: string, parameters: string[]): Promise<Row | undefined> {
    const [row] = await on.unsafe<Row[]>(text, parameters, { prepare: true });
    return row;
  }

  /** The parameters of {@link withIdentity}. */
  function named(identity: Identity): string[] {
    return subject && !provider ? [identity.subject] : [identity.subject, identity.provider];
  }

  return {
    byIdentity: async (on, identity) => {
      const row = await one<PersonRow>(on, `select ${whole} ${withIdentity}`, named(identity));
      return row && personOf(row);
    },
    byId: async (on, userId) => {
      if (!holdsId(mapping, userId)) return undefined;
      const row = await one<PersonRow>(on, `select ${whole} ${withId}`, [userId]);
      return row && personOf(row);
    },
    standing: async (on, identity) => {
      const row = await one<StandingRow>(on, `select ${standing} ${withIdentity}`, named(identity));
      return row && standingOf(row);
    },
  };
}

function standingOf({ id, state, version }: StandingRow): Standing {
  return { id: asUserId(id), state, permissionVersion: version ?? 1 };
}

function personOf(row: PersonRow): Person {
  return {
    ...standingOf(row),
    ...(row.email && { email: row.email }),
    ...(row.name && { name: row.name }),
    roles: [...row.roles].sort(),
    permissions: [...new Set(row.permissions)].sort(),
  };
}
