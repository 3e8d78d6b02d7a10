import type { UsersConfig } from '../config.ts';
import { mapUsers, quoteIdentifier, quoteLiteral, type UsersMapping } from '../users/mapping.ts';

/** What the running gateway and triggers do to each table of our own. The audit trail only grows. */
const ours: Record<string, string> = {
  audit: 'select, insert',
  claimed_once: 'select, insert, update, delete',
  codes: 'select, insert, update, delete',
  feed: 'select, insert, delete',
  identities: 'select, insert, update',
  logouts: 'select, insert, update, delete',
  migrations: 'select',
  people: 'select, insert, update',
  permissions: 'select, insert, update, delete',
  role_permissions: 'select, insert, delete',
  roles: 'select, insert, update, delete',
  sessions: 'select, insert, update, delete',
  user_roles: 'select, insert, delete',
};

/** Something that the gateway's database role has to be allowed. Names are quoted, ready to stand in a statement. */
export type Right = {
  readonly on: 'schema' | 'table' | 'function';
  readonly name: string;
  readonly privileges: readonly string[];
  /** Of a table: these alone. Absent: all. */
  readonly columns?: readonly string[];
};

/**
 * The statements that let a database role run Crossgate, and nothing more: no owner's rights, and of a users table of
 * yours only the columns that the mapping names. Run them as the tables' owner, after the migrations.
 *
 * @param role Name of a role that exists.
 */
export function grants(users: UsersConfig, role: string): string[] {
  const to = `to ${quoteIdentifier(role)}`;
  const mapping = mapUsers(users);
  return [
    ...rights(users).map((right) => `grant ${inSql(right)} ${to}`),
    ...(mapping.idType === 'bigint' ? [onSequence(mapping, to)] : []),
  ];
}

/** All that {@link grants} gives, less the sequence of a `serial` key. */
export function rights(users: UsersConfig): readonly Right[] {
  return [
    { on: 'schema', name: 'crossgate', privileges: ['usage'] },
    ...Object.entries(ours).map(([table, privileges]) => ({
      on: 'table' as const,
      name: `crossgate.${table}`,
      privileges: privileges.split(', '),
    })),
    { on: 'function', name: 'crossgate.bump_permission_version', privileges: ['execute'] },
    ...onUsersTable(users, mapUsers(users)),
  ];
}

/** A right as it stands in a statement: `select ("email") on "public"."members"`. */
export function inSql({ on, name, privileges, columns }: Right): string {
  return `${privileges.join(', ')}${columns ? ` (${columns.join(', ')})` : ''} on ${on === 'table' ? '' : `${on} `}${name}`;
}

function onUsersTable(users: UsersConfig, mapping: UsersMapping): Right[] {
  const { table, id, provider, subject, email, name, state, createdAt, updatedAt } = mapping;
  const present = (...columns: (string | undefined)[]) => columns.filter((column) => column !== undefined);
  const schema = table.slice(0, table.indexOf('.'));
  const ownId = mapping.idDefault === 'uuid-v7' ? id : undefined;
  const inserted = present(ownId, provider, subject, email, name, state, createdAt, updatedAt);
  // linking sets provider and subject, a sign-in email and name
  const written = present(...(subject ? [provider, subject] : []), email, name);
  const on = { on: 'table', name: table } as const;
  return [
    ...(users.table === undefined ? [] : [{ on: 'schema', name: schema, privileges: ['usage'] } as const]),
    { ...on, privileges: ['select'], columns: present(id, provider, subject, email, name, state, createdAt) },
    { ...on, privileges: ['insert'], ...(inserted.length > 0 && { columns: inserted }) },
    ...(written.length > 0 ? [{ ...on, privileges: ['update'], columns: [...written, ...present(updatedAt)] }] : []),
  ];
}

/** A `serial` key takes its numbers from a sequence whose name only the database knows. */
function onSequence({ table, id }: UsersMapping, to: string): string {
  const column = quoteLiteral(id.slice(1, -1).replaceAll('""', '"'));
  const body = `begin execute (select 'grant usage on sequence ' || sequence || ${quoteLiteral(` ${to}`)}
    from pg_get_serial_sequence(${quoteLiteral(table)}, ${column}) as sequence where sequence is not null); end`;
  return `do ${quoteLiteral(body)}`;
}
