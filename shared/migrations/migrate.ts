import { CompiledQuery, Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { PostgresJSDialect } from 'kysely-postgres-js';
import type postgres from 'postgres';
import type { UsersConfig } from '../config.ts';
import { SsoError } from '../errors.ts';
import { askDatabase, databaseError, sqlState } from '../store/database-error.ts';
import type { Step } from './step.ts';
import { steps } from './steps.ts';

/** What a run did. */
export type MigrationReport = {
  /** Names of the steps that ran, in order. Empty: the database was up to date, or another process was faster. */
  readonly ran: readonly string[];
};

/**
 * Brings schema `crossgate` up to date: all steps in one transaction, or none. Any number of processes may call it at once.
 * Touches nothing outside that schema.
 *
 * @param sql A connection whose role may create a schema. It stays open. Its statement timeout holds for waiting, too.
 * @throws SsoError `internal` where the database is newer than this program, `directory_unavailable` where a step failed.
 */
export async function migrate(sql: postgres.Sql, users: Pick<UsersConfig, 'table'>): Promise<MigrationReport> {
  const done = await ranSteps(sql);
  const wanted = steps.filter((step) => done.has(step.name) || isNeeded(step, users));
  const migrator = new Migrator({
    db: new Kysely<unknown>({ dialect: new PostgresJSDialect({ postgres: sql }) }),
    provider: { getMigrations: async () => Object.fromEntries(wanted.map((step) => [step.name, migration(step)])) },
    migrationTableSchema: 'crossgate',
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
    // A step that only some configurations need may come to be needed later.
    allowUnorderedMigrations: true,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  const failed = results.find((result) => result.status === 'Error');
  if (error !== undefined) {
    throw databaseError('directory_unavailable', `migrating${failed ? `, ${failed.migrationName}` : ''}`, error);
  }
  return { ran: results.filter((result) => result.status === 'Success').map((result) => result.migrationName) };
}

/**
 * Names of the steps that the database still lacks, in order.
 *
 * @param users Absent: of the steps that every configuration needs.
 * @throws SsoError as {@link assertUpToDate}, but for `migrations_pending`.
 */
export async function pendingMigrations(sql: postgres.Sql, users?: Pick<UsersConfig, 'table'>): Promise<string[]> {
  const done = await ranSteps(sql);
  return steps.filter((step) => isNeeded(step, users) && !done.has(step.name)).map((step) => step.name);
}

/**
 * Makes sure, at start, that program and database belong together.
 *
 * @param users As in {@link pendingMigrations}.
 * @throws SsoError `migrations_pending` for an older database, `internal` for one that a newer program migrated,
 *   `directory_unavailable` where it can't be asked.
 */
export async function assertUpToDate(sql: postgres.Sql, users?: Pick<UsersConfig, 'table'>): Promise<void> {
  const pending = await pendingMigrations(sql, users);
  if (pending.length > 0) throw new SsoError('migrations_pending', `steps that have not run: ${pending.join(', ')}`);
}

async function ranSteps(sql: postgres.Sql): Promise<ReadonlySet<string>> {
  let names: string[];
  try {
    const rows = await askDatabase(sql, 'directory_unavailable', 'reading crossgate.migrations', async () => {
      return await sql<{ name: string }[]>`select name from crossgate.migrations`;
    });
    names = rows.map((row) => row.name);
  } catch (error) {
    if (isMissing(error)) return new Set();
    throw error;
  }
  const unknown = names.filter((name) => !steps.some((step) => step.name === name)).sort();
  if (unknown.length > 0) {
    throw new SsoError(
      'internal',
      `The database is newer than this version of Crossgate: it has ${unknown.join(', ')}. Run the newer version.`,
    );
  }
  return new Set(names);
}

/** No such table, no such schema. */
function isMissing(error: unknown): boolean {
  const state = sqlState(error instanceof SsoError ? error.cause : error);
  return state === '42P01' || state === '3F000';
}

function isNeeded(step: Step, users: Pick<UsersConfig, 'table'> | undefined): boolean {
  return step.neededBy === undefined || (users !== undefined && step.neededBy(users));
}

function migration({ statements }: Step): Migration {
  return {
    up: async (db) => {
      for (const statement of statements) await db.executeQuery(CompiledQuery.raw(statement));
    },
  };
}
