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
    `grant usage on schema crossgate ${to}`,
    ...Object.entries(ours).map(([table, rights]) => `grant ${rights} on crossgate.${table} ${to}`),
    `grant execute on function crossgate.bump_permission_version ${to}`,
    ...onUsersTable(users, mapping, to),
  ];
}

function onUsersTable(users: UsersConfig, mapping: UsersMapping, to: string): string[] {
  const { table, id, provider, subject, email, name, state, createdAt, updatedAt } = mapping;
  const list = (...columns: (string | undefined)[]) => columns.filter((column) => column !== undefined).join(', ');
  const schema = table.slice(0, table.indexOf('.'));
  const inserted = list(
    mapping.idDefault === 'uuid-v7' ? id : undefined,
    provider,
    subject,
    email,
    name,
    state,
    createdAt,
    updatedAt,
  );
  // linking sets provider and subject, a sign-in email and name
  const written = list(...(subject ? [provider, subject] : []), email, name);
  const updated = written && list(written, updatedAt);
  return [
    ...(users.table === undefined ? [] : [`grant usage on schema ${schema} ${to}`]),
    `grant select (${list(id, provider, subject, email, name, state, createdAt)}) on ${table} ${to}`,
    ...(inserted ? [`grant insert (${inserted}) on ${table} ${to}`] : [`grant insert on ${table} ${to}`]),
    ...(updated ? [`grant update (${updated}) on ${table} ${to}`] : []),
    ...(mapping.idType === 'bigint' ? [onSequence(mapping, to)] : []),
  ];
}

/** A `serial` key takes its numbers from a sequence whose name only the database knows. */
function onSequence({ table, id }: UsersMapping, to: string): string {
  const column = quoteLiteral(id.slice(1, -1).replaceAll('""', '"'));
  const body = `begin execute (select 'grant usage on sequence ' || sequence || ${quoteLiteral(` ${to}`)}
    from pg_get_serial_sequence(${quoteLiteral(table)}, ${column}) as sequence where sequence is not null); end`;
  return `do ${quoteLiteral(body)}`;
}
