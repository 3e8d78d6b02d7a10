import postgres from 'postgres';
import type { Config } from '../config.ts';

/**
 * Opens the pool of connections to the configured database. Nothing is connected before the first statement.
 *
 * Statements are prepared once a connection. One that takes longer than `statementTimeout` is cancelled by the server; a
 * server that can't be reached is tried anew at most a second later, so that a short outage stays one. Times of day are
 * never read as `Date`, and notices go nowhere. The caller closes it: `await sql.end({ timeout: 5 })`.
 */
export function connectDatabase(database: Config['database']): postgres.Sql {
  return postgres(database.url, {
    max: database.poolSize,
    connect_timeout: database.connectTimeout,
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 1),
    prepare: true,
    onnotice: () => {},
    connection: { application_name: 'crossgate', statement_timeout: database.statementTimeout * 1000 },
  });
}
