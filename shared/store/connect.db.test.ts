import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Postgres, startPostgres } from '../../infra/local/postgres.ts';
import { createPreTokenGeneration } from '../../triggers/pre-token-generation/pre-token-generation.ts';
import { configSchema } from '../config.ts';
import { migrate } from '../migrations/migrate.ts';
import { createPostgresDirectory } from '../users/postgres.ts';
import { databaseAccess } from './access.ts';
import { connectDatabase, type DatabaseAccess, type DatabaseSettings } from './connect.ts';
import { authority, otherAuthority, serverCertificate, serverKey } from './tls.testing.ts';

/** A server of its own: TLS is turned on there, and connections are cut. */
let server: Postgres;
let owner: postgres.Sql;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'crossgate-connect-'));
  server = await startPostgres();
  owner = postgres(server.url, { max: 1, onnotice: () => {} });
  const data = path.join(server.dir, 'data');
  for (const [name, text] of Object.entries({ 'server.crt': serverCertificate, 'server.key': serverKey })) {
    writeFileSync(path.join(data, name), text);
    chmodSync(path.join(data, name), 0o600);
    chownSync(path.join(data, name), statSync(data).uid, statSync(data).gid);
  }
  await owner`alter system set ssl = on`;
  await owner`select pg_reload_conf()`;
  await owner`create role app login password 'first'`;
});
afterAll(async () => {
  await owner?.end({ timeout: 1 });
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** The server's URL with changes. */
function urlWith({
  query = '',
  ...parts
}: {
  hostname?: string;
  username?: string;
  password?: string;
  query?: string;
}) {
  return `${Object.assign(new URL(server.url), parts).href}${query}`;
}

const settings = (url: string, more: Partial<DatabaseSettings> = {}): DatabaseSettings => ({
  url,
  poolSize: 1,
  connectTimeout: 2,
  statementTimeout: 3,
  ...more,
});

/** Is this connection encrypted, or why is there none? */
async function tryConnection(database: DatabaseSettings, access: DatabaseAccess = {}): Promise<boolean | string> {
  const sql = connectDatabase(database, access);
  try {
    const [row] = await sql<{ ssl: boolean }[]>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return row?.ssl ?? 'no row';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

describe('TLS', () => {
  const caFile = 'rds.pem';

  it.each<[string, { hostname?: string; query?: string }, string | undefined, boolean | string]>([
    ['none where nobody asks for it', {}, undefined, false],
    ['by an authority of its own', { hostname: 'localhost' }, authority, true],
    ['by one of a bundle', { hostname: 'localhost' }, otherAuthority + authority, true],
    ['whatever a weaker word in the URL says', { hostname: 'localhost', query: '?sslmode=disable' }, authority, true],
    ['never with another authority', { hostname: 'localhost' }, otherAuthority, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['never under another name', { hostname: '127.0.0.1' }, authority, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [
      'never by a private authority where a public one is asked for',
      { hostname: 'localhost', query: '?sslmode=verify-full' },
      undefined,
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
  ])('%s', async (_, parts, ca, expected) => {
    const database = settings(urlWith(parts), ca === undefined ? {} : { caFile });
    expect(await tryConnection(database, ca === undefined ? {} : { ca })).toBe(expected);
  });

  it('is not faked by a server that has none', async () => {
    await owner`alter system set ssl = off`;
    await owner`select pg_reload_conf()`;
    try {
      // the reload reaches new connections a moment later
      const database = settings(urlWith({ hostname: 'localhost' }), { caFile });
      await expect.poll(() => tryConnection(database, { ca: authority }), { timeout: 5000 }).not.toBe(true);
      expect(await tryConnection(database, { ca: authority })).not.toBe(false);
    } finally {
      await owner`alter system set ssl = on`;
      await owner`select pg_reload_conf()`;
    }
  });
});

describe('a password that changes while connections are open', () => {
  it('is the new one at the next connection, with no restart', async () => {
    const urlFile = path.join(dir, 'url');
    const write = (password: string) => writeFileSync(urlFile, `${urlWith({ username: 'app', password })}\n`);
    write('first');
    const failures: unknown[] = [];
    const database = settings(readFileSync(urlFile, 'utf8').trim());
    const access = databaseAccess(database, {
      readFile: (name) => readFileSync(name, 'utf8'),
      env: {},
      clock: () => 0,
      urlFile,
      onPasswordFailure: (error) => failures.push(error),
    });
    const sql = connectDatabase(database, access);
    const cut = () => owner`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'app'`;
    const ask = () => sql`select current_user as who`.then(([row]) => row?.who as unknown);
    try {
      expect(await ask()).toBe('app');
      await owner.unsafe(`alter role app password 'n%w: @/?'`);
      expect(await ask(), 'connections that are open stay').toBe('app');

      await cut();
      await expect(ask(), 'the file still has the old one').rejects.toMatchObject({ code: '28P01' });
      write('n%25w%3A%20%40%2F%3F');
      expect(await ask()).toBe('app');

      await cut();
      rmSync(urlFile);
      expect(await ask(), 'without the file the last one is tried').toBe('app');
      expect(failures).toMatchObject([{ code: 'ENOENT' }]);
    } finally {
      await sql.end({ timeout: 1 });
    }
  });

  it('that can never be had is an error, and ends no process', async () => {
    const password = () => Promise.reject(new Error('no such secret'));
    const said: unknown[] = [];
    const access = { password, onPasswordFailure: (error: unknown) => said.push(error) };
    expect(await tryConnection(settings(urlWith({ username: 'app' })), access)).toBe('28P01');
    expect(String(said[0])).toContain('no such secret');
  });
});

describe('a pool whose connections are all taken', () => {
  it('lets a trigger give up at its deadline, and serves again once one is free', async () => {
    const users = configSchema.shape.users.parse(undefined);
    await migrate(owner, users);
    const sql = connectDatabase(settings(server.url));
    const run = createPreTokenGeneration({
      users: createPostgresDirectory(sql, { users, providers: [{ id: 'cognito', trustedEmailDomains: [] }] }),
      provider: 'cognito',
      onFailure: 'refuse',
      deadline: 150,
      cacheFor: 0,
      claimBudget: 2048,
      log: () => {},
    });
    const event = {
      version: '2',
      triggerSource: 'TokenGeneration_HostedAuth',
      request: { userAttributes: { sub: 'ann', email: 'ann@acme.test', email_verified: 'true' } },
    };
    const taken = await sql.reserve();
    try {
      await expect(run(event)).rejects.toThrow('Accounts cannot be read right now.');
    } finally {
      taken.release();
    }
    await expect.poll(() => run(event).catch(String), { timeout: 5000 }).toHaveProperty('response');
    await sql.end({ timeout: 1 });
  });

  it('gets one back from a transaction that says nothing any more', async () => {
    const sql = connectDatabase(settings(server.url, { statementTimeout: 0.2 }));
    try {
      const frozen = sql.begin(async (tx) => {
        await tx`select 1`;
        await new Promise(() => {});
      });
      frozen.catch(() => {});
      expect(await sql`select 1 as one`).toMatchObject([{ one: 1 }]);
    } finally {
      await sql.end({ timeout: 0 });
    }
  });
});
