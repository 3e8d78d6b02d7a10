import type postgres from 'postgres';

/**
 * Creates schema `demo` and a table in it. Any number of processes may call it at once.
 *
 * @param table The `create … if not exists` statements.
 */
export async function ensureTables(sql: postgres.Sql, ...table: readonly string[]): Promise<void> {
  await sql.begin(async (tx) => {
    // `if not exists` alone fails where two create at the same moment
    await tx`select pg_advisory_xact_lock(hashtextextended('crossgate.demo', 0))`;
    for (const statement of ['create schema if not exists demo', ...table]) await tx.unsafe(statement);
  });
}

/** Is that the number of a row? Postgres would refuse anything else with an error. */
export const isRowId = (text: string): boolean => /^[1-9]\d{0,17}$/.test(text);

/** Did the database fail, rather than we? An unknown error is a bug of ours. */
export function isDatabaseDown(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(CONNECT|E[A-Z]+$|08|57|53|28|3D)/.test(code);
}
