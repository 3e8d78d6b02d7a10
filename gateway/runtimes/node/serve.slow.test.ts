import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../infra/cli/console.testing.ts';
import { type FreshDatabase, freshDatabase } from '../../../infra/local/postgres.testing.ts';
import { generateKeyFile } from '../../../shared/keys/keyring.ts';
import { crossgateVersion } from './version.ts';

const root = join(import.meta.dirname, '../../..');
const running = new Set<ChildProcess>();
let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await runCommand(['migrate'], { env: { CROSSGATE_DATABASE_URL: database.url } });
});
afterAll(async () => {
  for (const one of running) one.kill('SIGKILL');
  await database.drop();
});

/** `crossgate serve` as a process; `said` grows. */
function serve(changes: Record<string, string>) {
  const child = spawn(process.execPath, ['infra/cli/main.ts', 'serve'], {
    cwd: root,
    env: {
      CROSSGATE_PUBLIC_URL: 'http://auth.acme.localhost:4180',
      CROSSGATE_PROVIDERS: JSON.stringify([{ id: 'acme', issuer: 'http://127.0.0.1:1', clientId: 'x' }]),
      CROSSGATE_COOKIE_ALGORITHM: 'ES256',
      CROSSGATE_KEYS: JSON.stringify(generateKeyFile('ES256')),
      CROSSGATE_DATABASE_URL: database.url,
      ...changes,
    },
  });
  running.add(child);
  const run = { child, out: '', err: '', ended: once(child, 'close').then(([code]) => code as number | null) };
  child.stdout.on('data', (chunk: Buffer) => {
    run.out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    run.err += chunk.toString();
  });
  void run.ended.finally(() => running.delete(child));
  return run;
}

const events = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event);

describe('crossgate serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('says what it is, and ends in order by %s', async (signal) => {
    const run = serve({ CROSSGATE_LISTEN_PORT: '0' });
    await expect.poll(() => run.out, { timeout: 15_000 }).toContain('"listening"');
    run.child.kill(signal);
    expect(await run.ended).toBe(0);
    expect(events(run.out)).toEqual(['starting', 'listening', 'stopping', 'stopped']);
    expect(run.out).toContain(`"version":"${crossgateVersion}"`);
    expect(run.err).toBe('');
  });

  it('ends where the port is taken, and says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const run = serve({ CROSSGATE_LISTEN_PORT: String(port) });
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} is taken by another program\\..*\n$`));
    other.close();
  });

  it('ends before a database that is out of date, and names the command', async () => {
    const empty = await freshDatabase();
    const run = serve({ CROSSGATE_DATABASE_URL: empty.url, CROSSGATE_LISTEN_PORT: '0' });
    expect(await run.ended).toBe(1);
    expect(run.err).toContain('Run `crossgate migrate`.');
    await empty.drop();
  });

  it('ends where the keys are not those that an app needs, and says which', async () => {
    const keys = generateKeyFile('ES256');
    const [home, origins] = ['http://wiki.acme.localhost/', ['http://wiki.acme.localhost']];
    const wiki = {
      id: 'wiki',
      name: 'Wiki',
      home,
      origins,
      redirectUris: [home],
      public: true,
      tokenAlgorithm: 'RS256',
    };
    const run = serve({
      CROSSGATE_KEYS: JSON.stringify({ ...keys, openid: keys.openid.filter(({ alg }) => alg !== 'RS256') }),
      CROSSGATE_CLIENTS: JSON.stringify([wiki]),
      CROSSGATE_LISTEN_PORT: '0',
    });
    expect(await run.ended).toBe(1);
    expect(run.err).toContain('keys.openid holds no key for RS256');
  });

  it('starts with a database that hangs up, and says what to look at', async () => {
    const { createServer: listenTcp } = await import('node:net');
    const pooler = listenTcp((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(pooler, 'listening');
    const { port } = pooler.address() as AddressInfo;
    const run = serve({
      CROSSGATE_DATABASE_URL: `postgres://u:S3CRET@127.0.0.1:${port}/x`,
      CROSSGATE_DATABASE_CONNECT_TIMEOUT: '1',
      CROSSGATE_DATABASE_STATEMENT_TIMEOUT: '1',
      CROSSGATE_LISTEN_PORT: '0',
    });
    await expect.poll(() => run.out, { timeout: 15_000 }).toContain('"listening"');
    expect(run.out).toMatch(/"todo":"Is the server running[^\n]*"event":"database cannot be used yet"/);
    expect(run.out).not.toContain('S3CRET');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    pooler.close();
  });
});
