import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import type {} from './postgres.vitest.ts';

/** An empty database that belongs to one test file or one test. */
export type FreshDatabase = {
  readonly url: string;
  /** Removes it, open connections or not. */
  drop(): Promise<void>;
};

/**
 * Creates an empty database with a random name on the run's server. For `*.db.test.ts` files only: the server comes from
 * the vitest project `db`.
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  const server = inject('databaseUrl');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(server, `create database ${name} template template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(server, `drop database if exists ${name} with (force)`) };
}

async function administer(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
