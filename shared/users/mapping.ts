import type { UsersConfig } from '../config.ts';
import { SsoError } from '../errors.ts';
import { isStorable } from '../store/storable.ts';

/** The users table in SQL: every name quoted and ready to stand in a statement. */
export type UsersMapping = {
  /** `"schema"."table"`. */
  readonly table: string;
  readonly idType: UsersConfig['idType'];
  /** Who makes the id of a new row. */
  readonly idDefault: UsersConfig['idDefault'];
  readonly id: string;
  /** Columns that the table lacks are absent. */
  readonly provider?: string;
  /** Absent: identities are in `crossgate.identities`. */
  readonly subject?: string;
  readonly email?: string;
  readonly name?: string;
  readonly state?: string;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  /** Literal that makes a new row's state active. */
  readonly activeState: string;
  /** Values, as text, that mean active and deleted; every other means disabled. */
  readonly states: UsersConfig['states'];
};

/** The mapping of the table that our own migrations make. */
const ownTable: Pick<UsersConfig, 'table' | 'idType' | 'idDefault' | 'columns' | 'states'> = {
  table: 'crossgate.users',
  idType: 'uuid',
  idDefault: 'uuid-v7',
  columns: {
    id: 'id',
    provider: 'provider',
    subject: 'subject',
    email: 'email',
    name: 'name',
    state: 'state',
    createdAt: 'created_at',
    updatedAt: 'updated_at',
  },
  states: { active: ['active'], deleted: ['deleted'] },
};

/**
 * Turns the configuration's mapping into SQL names. Names keep their case: `Users` is not `users`. A table without schema
 * is in `public`, whatever the search path: PostgreSQL's own begins with a schema named like the database role, so that
 * for a role `crossgate` the table `people` would be ours.
 *
 * @throws SsoError `config_invalid` for a bigint key whose ids we were to make: we make UUIDs only.
 */
export function mapUsers(users: UsersConfig): UsersMapping {
  const {
    table = 'crossgate.users',
    idType,
    idDefault,
    columns,
    states,
  } = users.table === undefined ? ownTable : users;
  if (idType === 'bigint' && idDefault === 'uuid-v7') {
    throw new SsoError('config_invalid', 'users.idDefault: uuid-v7 does not fit users.idType bigint');
  }
  const { id, ...rest } = columns;
  const quoted = Object.entries(rest).flatMap(([what, name]) => (name ? [[what, quoteIdentifier(name)]] : []));
  return {
    table: (table.includes('.') ? table : `public.${table}`).split('.').map(quoteIdentifier).join('.'),
    idType,
    idDefault,
    id: quoteIdentifier(id),
    ...(Object.fromEntries(quoted) as Partial<Record<keyof typeof rest, string>>),
    activeState: quoteLiteral(states.active[0] ?? 'active'),
    states,
  };
}

/** Quotes the name of a table, column or role. */
export function quoteIdentifier(name: string): string {
  if (name === '' || !isStorable(name, 63)) {
    throw new SsoError('config_invalid', 'a name in the database has 1 to 63 characters, none of them NUL');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text. Untyped, so that it becomes whatever type the column has. */
export function quoteLiteral(text: string): string {
  if (!isStorable(text, 1024)) throw new SsoError('config_invalid', 'a value in the database has no NUL');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** SQL that says a row's state in our words. `row` is the table's alias. */
export function stateOf(mapping: UsersMapping, row: string): string {
  if (!mapping.state) return `'active'`;
  const value = `${row}.${mapping.state}::text`;
  const when = (values: readonly string[], state: string) =>
    values.length > 0 ? `when ${value} in (${values.map(quoteLiteral).join(', ')}) then '${state}'` : '';
  return `case ${when(mapping.states.active, 'active')} ${when(mapping.states.deleted, 'deleted')} else 'disabled' end`;
}

/** Can the key's type hold this id? Ids come from tokens, so this is what keeps SQL's own errors away. */
export function holdsId({ idType }: Pick<UsersMapping, 'idType'>, id: string): boolean {
  switch (idType) {
    case 'bigint':
      return /^(0|-?[1-9][0-9]{0,18})$/.test(id) && BigInt.asIntN(64, BigInt(id)) === BigInt(id);
    case 'uuid':
      return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
    case 'text':
      return id !== '' && isStorable(id, 1024);
  }
}
