import postgres from 'postgres';
import { freshDatabase } from '../../infra/local/postgres.testing.ts';
import type { UsersConfig } from '../config.ts';
import { asUserId, type UserId } from '../identity.ts';
import { migrate } from '../migrations/migrate.ts';
import {
  type DirectoryUnderTest,
  providersUnderTest,
  type RowUnderTest,
  type TableUnderTest,
} from './directory.contract.ts';
import type { PersonState } from './directory.ts';
import { mapUsers, type UsersMapping } from './mapping.ts';
import { createPostgresDirectory } from './postgres.ts';
import type { UsersTable } from './tables.testing.ts';

/** The providers that can be told apart in that table. */
function providersOf(users: UsersConfig): typeof providersUnderTest {
  const one = users.table !== undefined && users.columns.subject !== undefined && users.columns.provider === undefined;
  return one ? providersUnderTest.slice(0, 1) : providersUnderTest;
}

/** What a value of the table's state column means, the other way round. `undefined`: no value means it. */
function stateValue(users: UsersConfig, state: PersonState): string | undefined {
  if (users.table === undefined) return state;
  if (state === 'active') return users.states.active[0];
  if (state === 'deleted') return users.states.deleted[0];
  return { 'hr.Staff': 'locked', user: 'false' }[users.table] ?? 'disabled';
}

/** What a directory over that table can promise. */
export function promisesOf(users: UsersConfig): TableUnderTest {
  const hasStates = users.table === undefined || users.columns.state !== undefined;
  return {
    states: hasStates && stateValue(users, 'deleted') !== undefined,
    severalProviders: providersOf(users).length > 1,
  };
}

/** A database with that users table and our schema. */
export type World = {
  readonly url: string;
  readonly sql: postgres.Sql;
  readonly users: UsersConfig;
  readonly mapping: UsersMapping;
  add(row: RowUnderTest): Promise<UserId>;
  close(): Promise<void>;
};

export async function openWorld({ ddl, users }: UsersTable): Promise<World> {
  const database = await freshDatabase();
  const sql = postgres(database.url, { max: 8, onnotice: () => {} });
  for (const statement of ddl) await sql.unsafe(statement);
  await migrate(sql, users);
  const mapping = mapUsers(users);
  return {
    url: database.url,
    sql,
    users,
    mapping,
    add: (row) => add(sql, users, mapping, row),
    close: async () => {
      await sql.end();
      await database.drop();
    },
  };
}

/** A directory over that world. `connection`: as whom it works, if not as the owner. */
export function directoryUnderTest(world: World, connection: postgres.Sql = world.sql): DirectoryUnderTest {
  const { sql, users, mapping } = world;
  const providers = providersOf(users);
  return {
    directory: createPostgresDirectory(connection, { users, providers }),
    strict: createPostgresDirectory(connection, { users: { ...users, linkLegacyRows: false }, providers }),
    add: world.add,
    grant: async (id, role, permissions) => {
      await sql`insert into crossgate.roles (name) values (${role}) on conflict do nothing`;
      for (const permission of permissions) {
        const [resource = '', action = ''] = permission.split(':');
        await sql`insert into crossgate.permissions (resource, action) values (${resource}, ${action})
          on conflict do nothing`;
        await sql`insert into crossgate.role_permissions (role, permission_id)
          select ${role}, id from crossgate.permissions where resource = ${resource} and action = ${action}`;
      }
      await sql`insert into crossgate.user_roles (user_id, role) values (${id}, ${role})`;
    },
    revoke: async (id, role) => {
      await sql`delete from crossgate.user_roles where user_id = ${id} and role = ${role}`;
    },
    remove: async (id) => {
      await sql.unsafe(`delete from ${mapping.table} where ${mapping.id}::text = $1`, [id]);
    },
    countByEmail: async (email) => {
      const where = `${mapping.email}::text = $1`;
      const rows = await sql.unsafe(`select from ${mapping.table} where ${where}`, [email]);
      return rows.length;
    },
    lastLogin: async (id) => {
      const [row] = await sql<{ at: number | null }[]>`
        select extract(epoch from last_login_at)::float8 as at from crossgate.people where user_id = ${id}`;
      return row?.at ?? undefined;
    },
    close: async () => {
      if (connection !== sql) await connection.end();
      await world.close();
    },
  };
}

async function add(sql: postgres.Sql, users: UsersConfig, mapping: UsersMapping, row: RowUnderTest): Promise<UserId> {
  const { identity, email, name, state = 'active' } = row;
  const parameters: (string | null)[] = [];
  const typed = (value: string | null | undefined) => `$${parameters.push(value ?? null)}`;
  const values: [string | undefined, () => string][] = [
    [mapping.idDefault === 'uuid-v7' ? mapping.id : undefined, () => 'gen_random_uuid()'],
    [mapping.provider, () => typed(identity?.provider)],
    [mapping.subject, () => typed(identity?.subject)],
    [mapping.email, () => typed(email)],
    [mapping.name, () => typed(name)],
    [mapping.state, () => `'${stateValue(users, state)}'`],
    [mapping.createdAt, () => 'now()'],
    [mapping.updatedAt, () => 'now()'],
  ];
  const given = values.flatMap(([column, value]) => (column ? [[column, value()] as const] : []));
  const [inserted] = await sql.unsafe<{ id: string }[]>(
    `insert into ${mapping.table} (${given.map(([column]) => column).join(', ')})
     values (${given.map(([, value]) => value).join(', ')}) returning ${mapping.id}::text as id`,
    parameters,
  );
  const id = inserted?.id ?? '';
  if (identity && !mapping.subject) {
    await sql`insert into crossgate.identities (provider, subject, user_id)
      values (${identity.provider}, ${identity.subject}, ${id})`;
  }
  return asUserId(id);
}
