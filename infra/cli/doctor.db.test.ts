import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';
import { runCommand } from './console.testing.ts';

const keys = generateKeyFile('ES256');
const role = `gateway_${randomBytes(6).toString('hex')}`;
const secret = 'S3CRET-of-the-gateway';
let cwd: string;
let database: FreshDatabase;
let owner: postgres.Sql;
let server: Server;
let origin: string;
/** Where nobody listens. `fetch` refuses low ports by itself. */
let gone: string;
let env: Record<string, string>;
/** Does the provider answer 401 as it should (RFC 6749 §5.2)? */
let challenges = true;
/** What provider and gateway answer, by path; both stand on one server. */
let answers: Record<string, { readonly status?: number; readonly body: unknown }>;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'crossgate-doctor-'));
  writeFileSync(join(cwd, 'keys.json'), JSON.stringify(keys), { mode: 0o600 });
  database = await freshDatabase();
  owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await owner.unsafe(`create role ${role} login password 'S3CRET-pw'`);
  server = createServer((request, response) => {
    const path = request.url ?? '';
    // RFC 6749 §2.3.1: both parts are form-encoded first
    const shown = decodeURIComponent(atob(request.headers.authorization?.replace('Basic ', '') ?? ''));
    const known = shown === `gateway:${secret}`;
    const refused = known ? { error: 'invalid_grant' } : { error: 'invalid_client' };
    const answer = path === '/token' ? { status: known ? 400 : 401, body: refused } : answers[path];
    const challenge = answer?.status === 401 && challenges ? { 'www-authenticate': 'Basic realm="acme"' } : {};
    response.writeHead(answer?.status ?? (answer ? 200 : 404), { 'content-type': 'application/json', ...challenge });
    response.end(JSON.stringify(answer?.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  gone = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  closed.close();
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  env = {
    CROSSGATE_KEYS_FILE: 'keys.json',
    CROSSGATE_DATABASE_URL: Object.assign(new URL(database.url), { username: role, password: 'S3CRET-pw' }).href,
    CROSSGATE_PROVIDERS_0_CLIENT_SECRET: secret,
    CROSSGATE_COOKIE_ALGORITHM: 'ES256',
    CROSSGATE_PUBLIC_URL: origin,
    CROSSGATE_PROVIDERS: JSON.stringify([{ id: 'acme', issuer: origin, clientId: 'gateway' }]),
  };
  const migrated = await runCommand(['migrate'], { env: { CROSSGATE_DATABASE_URL: database.url } });
  expect(migrated.exit).toBe(0);
});
afterAll(async () => {
  server.close();
  await owner.unsafe(`drop owned by ${role}`);
  await owner.unsafe(`drop role ${role}`);
  await owner.end();
  await database.drop();
  rmSync(cwd, { recursive: true });
});
beforeEach(() => {
  const published = createKeyring(JSON.stringify(keys)).domainCookie.jwks;
  answers = {
    '/.well-known/openid-configuration': {
      body: {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
      },
    },
    '/jwks': { body: published },
    '/healthz': { body: { status: 'ok' } },
    '/readyz': { body: { status: 'ready' } },
    '/.well-known/sso-jwks.json': { body: published },
  };
});

async function doctor(changes: Record<string, string> = {}, ...args: string[]) {
  const ran = await runCommand(['doctor', '--json', ...args], { cwd, env: { ...env, ...changes } });
  expect(ran.out).not.toContain('S3CRET');
  const { healthy, findings } = JSON.parse(ran.out) as {
    healthy: boolean;
    findings: { check: string; state: string; says: string; todo?: string }[];
  };
  expect(ran.exit).toBe(healthy ? 0 : 1);
  const wrong = findings.filter(({ state }) => state === 'failure' || state === 'warning');
  return { healthy, wrong: wrong.map(({ check, state, says, todo = '' }) => `${check} ${state}: ${says} → ${todo}`) };
}

describe('crossgate doctor', () => {
  it('says which rights are missing, and by which command they are given', async () => {
    const { healthy, wrong } = await doctor();
    expect(healthy).toBe(false);
    expect(wrong.join('\n')).toMatch(/migrations failure: .*permission denied/);
    expect(wrong.join('\n')).toMatch(new RegExp(`rights failure: ${role} lacks usage on schema.*--role ${role}`));
    const grants = await runCommand(['migrate', '--print-grants', '--role', role], {
      env: { CROSSGATE_DATABASE_URL: database.url },
    });
    await owner.unsafe(grants.out);
  });

  it('finds nothing then, in words too', async () => {
    expect(await doctor()).toEqual({ healthy: true, wrong: [] });
    const { exit, out, err } = await runCommand(['doctor'], { cwd, env });
    expect({ exit, err }).toMatchObject({ exit: 0, err: expect.stringContaining('Nothing is in the way.') });
    expect(out).toContain(`callback ${origin}/callback/acme`);
    expect(out).not.toContain('S3CRET');
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    ['a mistake in the configuration', () => ({ CROSSGATE_LISTEN_PORT: 'x' }), /^configuration failure: .*LISTEN_PORT/],
    [
      'a password that is wrong',
      () => ({ CROSSGATE_DATABASE_URL: String(env.CROSSGATE_DATABASE_URL).replace('S3CRET-pw', 'x') }),
      /^database failure: .*password authentication failed.*Mend user or password/,
    ],
    [
      'a database that is not there',
      () => ({ CROSSGATE_DATABASE_URL: 'postgres://u:S3CRET@127.0.0.1:1/x' }),
      /^database failure: .*ECONNREFUSED.*running/,
    ],
    ['a role that may do all', () => ({ CROSSGATE_DATABASE_URL: database.url }), /^rights warning: .*superuser/],
    ['a users table that is not there', () => ({ CROSSGATE_USERS_TABLE: 'public.nobody' }), /^users failure: .*nobody/],
    [
      'a client secret that the provider does not take',
      () => ({ CROSSGATE_PROVIDERS_0_CLIENT_SECRET: 'S3CRET-other' }),
      /^provider acme failure: .*invalid_client.*clientSecret/,
    ],
    [
      'a provider that is not there',
      () => ({
        CROSSGATE_PROVIDERS: JSON.stringify([{ id: 'acme', issuer: gone, clientId: 'gateway' }]),
      }),
      /^provider acme failure: .*ECONNREFUSED.*openid-configuration/,
    ],
    [
      'a gateway that is not there',
      () => ({ CROSSGATE_PUBLIC_URL: gone }),
      /^public URL failure: .*ECONNREFUSED.*--before-start/,
    ],
  ])('finds %s', async (_, changes, says) => {
    expect((await doctor(changes())).wrong).toContainEqual(expect.stringMatching(says));
  });

  it.each<[string, string, { status?: number; body: unknown }, RegExp]>([
    [
      'an issuer of another name',
      '/.well-known/openid-configuration',
      { body: { issuer: 'https://x.test' } },
      /^provider acme failure/,
    ],
    ['a provider without keys', '/jwks', { body: { keys: [] } }, /^provider acme failure: its keys/],
    ['something else at the public URL', '/healthz', { body: { hello: 1 } }, /^public URL failure: .*not a gateway's/],
    [
      'a gateway that lacks something',
      '/readyz',
      { status: 503, body: { down: ['store'] } },
      /^running gateway failure: .*store/,
    ],
    [
      'a gateway with other keys',
      '/.well-known/sso-jwks.json',
      { body: createKeyring(JSON.stringify(generateKeyFile('ES256'))).domainCookie.jwks },
      /^its keys warning: .*restart/,
    ],
  ])('finds %s', async (_, path, answer, says) => {
    answers[path] = answer;
    expect((await doctor()).wrong).toContainEqual(expect.stringMatching(says));
  });

  it('finds a client secret that the provider does not take, where it says so in its own way', async () => {
    challenges = false;
    const { wrong } = await doctor({ CROSSGATE_PROVIDERS_0_CLIENT_SECRET: 'S3CRET-other' });
    challenges = true;
    expect(wrong).toContainEqual(expect.stringMatching(/^provider acme failure: .*invalid_client.*clientSecret/));
  });

  it('asks nobody at the public URL before the start', async () => {
    delete answers['/healthz'];
    expect(await doctor({}, '--before-start')).toEqual({ healthy: true, wrong: [] });
  });

  it('says that others may read the keys', async () => {
    chmodSync(join(cwd, 'keys.json'), 0o644);
    expect(await doctor()).toEqual({ healthy: true, wrong: [expect.stringMatching(/^keys warning: .*chmod 600/)] });
    chmodSync(join(cwd, 'keys.json'), 0o640);
    expect(await doctor()).toEqual({ healthy: true, wrong: [] });
    chmodSync(join(cwd, 'keys.json'), 0o600);
  });

  it('lets nobody steer the terminal by what a server answers', async () => {
    answers['/readyz'] = { status: 503, body: { down: ['store\u001b[2Jx'] } };
    const { out } = await runCommand(['doctor'], { cwd, env });
    expect(out).toContain('store [2Jx');
    expect(out).not.toContain('\u001b');
  });
});
