import { resolve } from 'node:path';
import { checkAll, loadDatabaseAccess, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import { systemClock } from '../../shared/clock.ts';
import { type Config, parseConfigPart } from '../../shared/config.ts';
import { assertUpToDate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { mapUsers } from '../../shared/users/mapping.ts';
import { createPostgresDirectory } from '../../shared/users/postgres.ts';
import { CliError, type Console, exits } from './console.ts';
import { checkpointAt } from './reconcile/checkpoint.ts';
import type { ReconcileOptions } from './reconcile/command.ts';
import { reporter, total } from './reconcile/report.ts';
import { seenFile } from './reconcile/seen.ts';
import { openUserPool, type PoolAddress } from './reconcile/user-pool.ts';
import { walk } from './reconcile/walk.ts';

type Provider = Pick<Config['providers'][number], 'id' | 'trustedEmailDomains'> & { readonly issuer?: string };

/** A page of the table may take longer than a request may wait. */
const statementTimeout = 60;

/**
 * Compares the user pool with the users table, and mends what it is told to. Needs `database`, `users`, `triggers` and, if
 * they are there, `providers` of the configuration.
 *
 * @returns 0 where nothing is left to mend, 4 else.
 */
export async function runReconcile(options: ReconcileOptions, console: Console): Promise<number> {
  const read = readConfigInput(options.config, console);
  const { database, users, triggers, providers } = checkAll(read, readParts);
  const address = addressOf(options, triggers.provider, providers);
  const state = options.state === undefined ? undefined : resolve(console.cwd, options.state);
  const fix = options.fix ?? [];
  const mapping = mapUsers(users);
  const report = reporter(console, {
    json: options.json ?? false,
    progress: options.progress ?? console.isErrorScreen ?? false,
  });

  const pool = await openUserPool(address, options.limitRate);
  const access = loadDatabaseAccess(database, read, console);
  const sql = connectDatabase({ ...database, poolSize: 2, statementTimeout }, access);
  try {
    await assertUpToDate(sql, users);
    const counts = await walk({
      pool,
      directory: createPostgresDirectory(sql, { users, providers }),
      provider: triggers.provider,
      mapped: { email: mapping.email !== undefined, state: mapping.state !== undefined },
      fix: new Set(fix),
      mostOrphans: options.maxOrphans,
      grace: options.grace,
      clock: systemClock,
      report,
      checkpoint: checkpointAt(state),
      seenFile: seenFile(state && `${state}.seen`),
      run: {
        pool: address.poolId,
        region: address.region,
        endpoint: address.endpoint ?? '',
        provider: triggers.provider,
        table: mapping.table,
        fix: fix.join(','),
      },
    });
    report.summary(counts, fix.length === 0);
    return total(counts, 'found') > total(counts, 'mended') ? exits.differences : exits.fine;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The pool's provider comes first: a table that names no provider is its. */
function readParts(input: unknown): Pick<Config, 'database' | 'users' | 'triggers'> & { providers: Provider[] } {
  const hasProviders = typeof input === 'object' && input !== null && 'providers' in input;
  if (!hasProviders) {
    const parts = parseConfigPart(input, ['database', 'users', 'triggers']);
    return { ...parts, providers: [{ id: parts.triggers.provider, trustedEmailDomains: [] }] };
  }
  const parts = parseConfigPart(input, ['database', 'users', 'triggers', 'providers']);
  const isTheirs = ({ id }: Provider) => id === parts.triggers.provider;
  if (!parts.providers.some(isTheirs)) {
    throw new CliError(
      exits.wrong,
      `triggers.provider is ${parts.triggers.provider}, which no provider has as its id.`,
    );
  }
  return { ...parts, providers: [...parts.providers].sort((a, b) => Number(isTheirs(b)) - Number(isTheirs(a))) };
}

/** A pool's id begins with its region, and a pool's issuer ends with its id. */
function addressOf(options: ReconcileOptions, provider: string, providers: readonly Provider[]): PoolAddress {
  const issuer = providers.find(({ id }) => id === provider)?.issuer;
  const poolId = options.userPool ?? /\/([\w-]+_[0-9A-Za-z]+)$/.exec(issuer ?? '')?.[1];
  if (poolId === undefined) {
    throw new CliError(exits.usage, 'Which user pool? Name it: --user-pool eu-central-1_AbCdEfGhI');
  }
  if (!/^[\w-]+_[0-9A-Za-z]+$/.test(poolId)) throw new CliError(exits.usage, `${poolId} is no id of a user pool.`);
  const region = options.region ?? poolId.slice(0, poolId.indexOf('_'));
  return { poolId, region, ...(options.endpoint !== undefined && { endpoint: options.endpoint }) };
}
