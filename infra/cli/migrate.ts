import type postgres from 'postgres';
import { checkAll, loadDatabaseAccess, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import type { Seconds } from '../../shared/clock.ts';
import { parseConfigPart } from '../../shared/config.ts';
import { grants } from '../../shared/migrations/grants.ts';
import { migrate, pendingMigrations } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { CliError, type Console, exits } from './console.ts';

export type MigrateOptions = {
  readonly config?: string;
  /** Only look, and say by the exit code whether something is pending. */
  readonly check?: boolean;
  /** Print the statements that `role` needs, on standard output. */
  readonly printGrants?: boolean;
  readonly role?: string;
};

/** A step may wait for locks and copy rows: it gets ten minutes, whatever requests get. */
const stepTimeout: Seconds = 600;

/**
 * Brings the database up to date. Needs `database` and `users` of the configuration and nothing else: it runs before there
 * are keys or providers, often with another database role than the gateway's.
 */
export async function runMigrate(options: MigrateOptions, console: Console): Promise<number> {
  if (options.printGrants && !options.role)
    throw new CliError(exits.usage, '--print-grants needs --role NAME: the database role that the gateway runs as.');
  if (options.role && !options.printGrants) throw new CliError(exits.usage, '--role goes with --print-grants.');

  const read = readConfigInput(options.config, console);
  const { database, users } = checkAll(read, (input) => parseConfigPart(input, ['database', 'users']));
  const access = loadDatabaseAccess(database, read, console);
  const connect = (statementTimeout: Seconds) =>
    connectDatabase({ ...database, poolSize: 2, statementTimeout }, access);
  const pending = await using(connect(database.statementTimeout), (sql) => pendingMigrations(sql, users));
  if (options.check) {
    console.err(pending.length === 0 ? 'The database is up to date.' : `Pending: ${pending.join(', ')}`);
    return pending.length === 0 ? exits.fine : exits.wrong;
  }
  if (pending.length > 0) console.err(`Running ${pending.length} ${pending.length === 1 ? 'step' : 'steps'} …`);
  const { ran } = await using(connect(stepTimeout), (sql) => migrate(sql, users));
  for (const name of ran) console.err(`  ${name}`);
  console.err(ran.length === 0 ? 'The database was up to date.' : 'The database is up to date.');
  if (options.role) {
    for (const statement of grants(users, options.role)) console.out(`${statement};`);
  } else {
    console.err('What the role of the gateway may do: crossgate migrate --print-grants --role NAME | psql …');
  }
  return exits.fine;
}

async function using<Result>(sql: postgres.Sql, work: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
