import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';
import { runCommand } from './console.testing.ts';

let database: FreshDatabase;
let sql: postgres.Sql;
let cwd: string;
let env: Record<string, string>;
const ids: Record<string, string> = {};

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  env = { CROSSGATE_DATABASE_URL: database.url };
  cwd = mkdtempSync(path.join(tmpdir(), 'crossgate-claims-'));
  const config = {
    publicUrl: 'https://auth.acme.test',
    providers: [{ id: 'cognito', kind: 'cognito', issuer: 'https://provider.test', clientId: 'x', triggers: true }],
  };
  writeFileSync(path.join(cwd, 'crossgate.json'), JSON.stringify(config));
  expect((await runCommand(['migrate'], { env })).exit).toBe(0);
  for (const [name, email, state] of [
    ['small', 'small@acme.test', 'active'],
    ['reader', 'reader@acme.test', 'active'],
    ['joiner', 'joiner@acme.test', 'active'],
    ['gone', 'gone@acme.test', 'deleted'],
    ['twin', 'Twin@acme.test', 'active'],
    ['other', 'twin@acme.test', 'active'],
  ] as const) {
    ids[name] = randomUUID();
    await sql`insert into crossgate.users (id, provider, subject, email, name, state)
      values (${ids[name]}, 'cognito', ${`sub-${name}`}, ${email}, 'Zoë', ${state})`;
  }
  await sql`insert into crossgate.roles (name) select 'team:' || i from generate_series(1, 300) as i`;
  await sql`insert into crossgate.roles (name) values ('editor'), ('everything')`;
  await sql`insert into crossgate.permissions (resource, action) select 'resource-' || i, 'read' from generate_series(1, 400) as i`;
  await sql`insert into crossgate.role_permissions (role, permission_id) select 'everything', id from crossgate.permissions`;
  await sql`insert into crossgate.user_roles (user_id, role) values
    (${ids.small ?? ''}, 'editor'), (${ids.reader ?? ''}, 'everything'), (${ids.gone ?? ''}, 'everything')`;
  await sql`insert into crossgate.user_roles (user_id, role) select ${ids.joiner ?? ''}, name from crossgate.roles where name like 'team:%'`;
});
afterAll(async () => {
  await sql?.end({ timeout: 1 });
  await database?.drop();
  rmSync(cwd, { recursive: true, force: true });
});

const claims = (...args: string[]) => runCommand(['claims', ...args], { env, cwd });
const measured = async (who: string) =>
  JSON.parse((await claims('--user', who, '--json')).out) as Record<string, never>;

describe('crossgate claims --user', () => {
  it.each([
    ['id', () => ids.small ?? ''],
    ['email, in any letters', () => 'SMALL@acme.test'],
    ['provider and subject', () => 'cognito:sub-small'],
  ])('finds a person by %s', async (_, who) => {
    const { exit, out, err } = await claims('--user', who());
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toContain(`${ids.small}, small@acme.test, active`);
    expect(out).toMatch(/token, V2, V3 +\d+ of 2048 bytes\n/);
    expect(out).toMatch(/domain cookie +\d+ of 4000 bytes, of which browsers take 4096\n/);
    expect(out).toMatch(/about \d+ of 10240 bytes/);
  });

  it('says of 400 permissions that they are left out, and why', async () => {
    const report = await measured('reader@acme.test');
    expect(report).toMatchObject({
      permissions: 400,
      tokens: { V1: { leftOut: ['permissions'] }, V2: { leftOut: ['permissions'], claims: { roles: ['everything'] } } },
      cookie: { leftOut: ['permissions'], of: 4000, browser: 4096 },
      headers: { of: 10_240 },
    });
    const { out } = await claims('--user', 'reader@acme.test');
    expect(out).toContain('left out: permissions (over triggers.claimBudget, looked up where asked for)');
  });

  it('says of 300 roles that they are left out of the tokens as well', async () => {
    const { tokens, cookie } = await measured('joiner@acme.test');
    expect(tokens).toMatchObject({ V2: { leftOut: ['permissions', 'roles'], claims: { uid: ids.joiner } } });
    expect(tokens).toMatchObject({ V2: { bytes: expect.toSatisfy((bytes: number) => bytes < 150) } });
    expect(cookie).toMatchObject({ bytes: expect.toSatisfy((bytes: number) => bytes <= 4000) });
  });

  it('goes by the budget that is configured', async () => {
    const { out } = await runCommand(['claims', '--user', 'reader@acme.test', '--json'], {
      cwd,
      env: { ...env, CROSSGATE_TRIGGERS_CLAIM_BUDGET: '8192' },
    });
    expect(JSON.parse(out)).toMatchObject({ tokens: { V1: { leftOut: ['permissions'], of: 8192 } } });
  });

  it('says that somebody deleted gets none', async () => {
    expect((await claims('--user', 'gone@acme.test')).out).toContain('deleted: gets no token');
  });

  it.each<[string, string[], number, RegExp]>([
    ['somebody unknown', ['--user', 'nobody@acme.test'], 1, /Nobody has that/],
    ['an id of another type', ['--user', '42'], 1, /Nobody has that/],
    ['a subject of another provider', ['--user', 'other:sub-small'], 1, /Nobody has that/],
    ['an email in SQL', ['--user', `' or ''='@`], 1, /Nobody has that/],
    ['an email that two people have', ['--user', 'twin@acme.test'], 1, /Several people have that email: .+, .+\. Say/],
    ['nobody named', [], 2, /--user WHO, or --all/],
    ['both', ['--user', 'x', '--all'], 2, /--user WHO, or --all/],
  ])('ends with a sentence: %s', async (_, args, exit, says) => {
    expect(await claims(...args)).toMatchObject({ exit, out: '', err: expect.stringMatching(says) });
  });

  it('ends with 3 where the database is not there', async () => {
    const away = { CROSSGATE_DATABASE_URL: 'postgres://u:S3CRET@127.0.0.1:1/x' };
    const ran = await runCommand(['claims', '--user', 'x@y'], { env: away, cwd });
    expect(ran).toMatchObject({ exit: 3, out: '' });
    expect(ran.err).not.toContain('S3CRET');
  });
});

describe('crossgate claims --all', () => {
  it('shows who has the most to carry, the largest first, and nobody who gets no token', async () => {
    const { exit, out } = await claims('--all');
    expect(exit).toBe(0);
    const lines = out
      .split('\n')
      .slice(1)
      .map((line) => line.split(' ')[0]);
    expect(lines).toEqual([ids.reader, ids.joiner, ids.small]);
    const listed = JSON.parse((await claims('--all', '--json')).out) as { id: string; permissions: number }[];
    expect(listed.map(({ id, permissions }) => [id, permissions])[0]).toEqual([ids.reader, 400]);
  });
});
