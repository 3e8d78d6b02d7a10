import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../shared/config.ts';
import { generateKeyFile } from '../../shared/keys/keyring.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';
import { type Answer, ask } from '../suite/exchange.ts';

/** The example as it stands, started by `wrangler dev` without a network or an account. */
describe('wrangler dev with infra/cloudflare/wrangler.jsonc', () => {
  const root = join(import.meta.dirname, '../..');
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-wrangler-'));
  let database: FreshDatabase;
  let wrangler: ChildProcess;
  let origin = '';
  let said = '';

  beforeAll(async () => {
    database = await freshDatabase();
    const { database: settings, users } = configSchema.shape;
    const sql = connectDatabase(settings.parse({ url: database.url }));
    await migrate(sql, users.parse({}));
    await sql.end();
    const secrets = join(folder, 'secrets.env');
    writeFileSync(secrets, `CROSSGATE_KEYS='${JSON.stringify(generateKeyFile('ES256'))}'\n`, { mode: 0o600 });
    const options = ['--config', 'infra/cloudflare/wrangler.jsonc', '--env-file', secrets, '--persist-to', folder];
    wrangler = spawn(
      join(root, 'node_modules/.bin/wrangler'),
      ['dev', ...options, '--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0'],
      {
        cwd: root,
        // a group of its own, so that the runtime ends with it
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          CI: 'true',
          WRANGLER_SEND_METRICS: 'false',
          CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE: withPassword(database.url),
        },
      },
    );
    origin = await new Promise<string>((resolve, reject) => {
      for (const stream of [wrangler.stdout, wrangler.stderr])
        stream?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          const ready = /Ready on (http:\/\/[\d.:]+)/.exec(said)?.[1];
          if (ready !== undefined) resolve(ready);
        });
      wrangler.once('exit', (code) => reject(new Error(`wrangler ended with ${code}: ${said}`)));
    });
  });
  afterAll(async () => {
    const { pid } = wrangler ?? {};
    if (pid !== undefined && wrangler.exitCode === null) {
      const exited = new Promise((resolve) => wrangler.once('exit', resolve));
      process.kill(-pid, 'SIGKILL');
      await exited;
    }
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = (path: string): Promise<Answer> => ask(`${origin}${path}`, { headers: { host: 'auth.acme.com' } });

  it('is alive', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  it('reaches people in Postgres and sessions in the Durable Object; only the made-up provider is not there', async () => {
    const { status, body } = await get('/readyz');
    expect([status, JSON.parse(body)]).toEqual([503, { status: 'not ready', down: ['provider acme'] }]);
  });

  it('answers for its own address, and tells a stranger where to sign in', async () => {
    const { body } = await get('/.well-known/openid-configuration');
    expect(JSON.parse(body)).toMatchObject({ issuer: 'https://auth.acme.com' });
    const stranger = await get('/check');
    expect([stranger.status, JSON.parse(stranger.body).login]).toEqual([401, 'https://auth.acme.com/login']);
  });

  it('leaves no connection open behind a request', async () => {
    const { database: settings } = configSchema.shape;
    const sql = connectDatabase(settings.parse({ url: database.url, poolSize: 1 }));
    const open = async () => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from pg_stat_activity
        where datname = current_database() and application_name = 'crossgate' and pid <> pg_backend_pid()`;
      return row?.count;
    };
    try {
      await Promise.all(Array.from({ length: 10 }, () => get('/readyz')));
      await expect.poll(open, { timeout: 5000 }).toBe(0);
    } finally {
      await sql.end();
    }
  });

  it('runs its scheduled work', async () => {
    // of wrangler's own, and only for this machine's names
    expect((await ask(`${origin}/cdn-cgi/local/scheduled`)).status).toBe(200);
    expect(said).not.toMatch(/scheduled work failed|through a cache/);
  });
});

/** wrangler wants one; a server that trusts everybody asks for none. */
function withPassword(url: string): string {
  const whole = new URL(url);
  whole.password ||= 'none';
  return whole.href;
}
