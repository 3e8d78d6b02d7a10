import type postgres from 'postgres';
import type { Milliseconds } from '../clock.ts';
import { within } from '../deadline.ts';
import { SsoError } from '../errors.ts';

/** What PostgreSQL says of an error, beside its message: names of things in the schema, never values. */
type Diagnosis = {
  /** SQLSTATE, or Node's code of a connection error. */
  readonly code?: string;
  readonly table_name?: string;
  readonly column_name?: string;
  readonly constraint_name?: string;
};

/** SQLSTATE classes whose texts quote values of rows: bad data, violated constraints, what triggers raise themselves. */
const quoting = /^(22|23|44|P0|XX)/;

/**
 * Turns what the database client threw into one of our errors, whose reason and cause quote no value of any row.
 *
 * @param doing What was being done, for the log.
 * @returns `cause` itself where it is an {@link SsoError} already.
 */
export function databaseError(
  code: 'store_unavailable' | 'directory_unavailable',
  doing: string,
  cause: unknown,
): SsoError {
  if (cause instanceof SsoError) return cause;
  const { code: state = 'no code', ...names } = diagnosis(cause);
  const where = Object.values(names).join(' ');
  const text = quoting.test(state) || !(cause instanceof Error) ? '' : `: ${cause.message}`;
  const reason = [`${doing}: ${state}`, where].filter((part) => part !== '').join(' ') + text;
  const quotesNothing = Object.assign(new Error(`SQLSTATE ${state} ${where}`), { code: state });
  return new SsoError(code, reason, { cause: quoting.test(state) ? quotesNothing : cause });
}

/** Grace beyond the times that client and server are given. */
const grace: Milliseconds = 500;

/**
 * Asks the database, and gives up when neither connecting nor the statement can still be in time. Without this a pooler
 * or load balancer that accepts connections and hangs up would be tried for ever: the client counts that as progress.
 *
 * @param doing What is being done, for the log.
 * @throws SsoError with `code` for whatever goes wrong, see {@link databaseError}.
 */
export async function askDatabase<T>(
  sql: postgres.Sql,
  code: 'store_unavailable' | 'directory_unavailable',
  doing: string,
  ask: () => Promise<T>,
): Promise<T> {
  const { connect_timeout, connection } = sql.options;
  const statement = Number(connection.statement_timeout ?? 3000);
  const limit = Number(connect_timeout ?? 3) * 1000 + statement + grace;
  try {
    return await within(limit, ask(), () => new SsoError(code, `${doing}: no answer within ${limit} ms`));
  } catch (cause) {
    throw databaseError(code, doing, cause);
  }
}

/** SQLSTATE of an error, `undefined` for what PostgreSQL didn't say. */
export function sqlState(error: unknown): string | undefined {
  const { code } = diagnosis(error);
  // every SQLSTATE has a digit; EPIPE has none
  return code !== undefined && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Whether the database said no, rather than nothing: it was reached, and has something against the statement. Not so where
 * it is stopping, starting or full of connections.
 *
 * @param error As it was thrown, or the {@link SsoError} made of it.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function hasAnswered(error: unknown): boolean {
  const state = sqlState(error instanceof SsoError ? error.cause : error);
  return state !== undefined && !/^(08|53|57P)/.test(state);
}

/** The names that an error carries: its SQLSTATE, and the table, column and constraint that it is about. */
export function diagnosis(error: unknown): Diagnosis {
  if (!(error instanceof Error)) return {};
  const names = ['code', 'table_name', 'column_name', 'constraint_name'] as const;
  const said = Object.entries(error).filter(([key, value]) => names.some((name) => name === key) && value);
  return Object.fromEntries(said);
}
