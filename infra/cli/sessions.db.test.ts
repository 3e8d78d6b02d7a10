import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { configSchema } from '../../shared/config.ts';
import { asSessionId, asSubject, asUserId } from '../../shared/identity.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createPostgresStore } from '../../shared/store/postgres.ts';
import type { Store } from '../../shared/store/store.ts';
import { type FreshDatabase, freshDatabase } from '../local/postgres.testing.ts';
import { runCommand } from './console.testing.ts';

let database: FreshDatabase;
let sql: postgres.Sql;
let gateway: postgres.Sql;
let store: Store;
let cwd: string;
let env: Record<string, string>;
const ann = randomUUID();
const bob = randomUUID();
const goneId = randomUUID();

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  gateway = connectDatabase(configSchema.shape.database.parse({ url: database.url, poolSize: 2 }));
  store = createPostgresStore(gateway);
  env = { CROSSGATE_DATABASE_URL: database.url };
  cwd = mkdtempSync(path.join(tmpdir(), 'crossgate-sessions-'));
  const config = {
    publicUrl: 'https://auth.acme.test',
    providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'x' }],
  };
  writeFileSync(path.join(cwd, 'crossgate.json'), JSON.stringify(config));
  expect((await runCommand(['migrate'], { env })).exit).toBe(0);
  for (const [id, name] of [
    [ann, 'ann'],
    [bob, 'bob'],
  ] as const)
    await sql`insert into crossgate.users (id, provider, subject, email, name, state)
      values (${id}, 'pool', ${name}, ${`${name}@acme.test`}, ${name}, 'active')`;
});
afterAll(async () => {
  await Promise.all([sql, gateway].map((one) => one?.end({ timeout: 1 })));
  await database?.drop();
  rmSync(cwd, { recursive: true, force: true });
});

const sessions = (...args: string[]) => runCommand(['sessions', ...args], { env, cwd });
const signIn = async (sid: string, userId: string, userAgent?: string, secondsAgo = 0) => {
  const now = systemClock() - secondsAgo;
  const identity = { provider: 'pool', subject: asSubject('s') };
  await store.createSession(
    {
      sid: asSessionId(sid),
      userId: asUserId(userId),
      identity,
      authTime: now,
      createdAt: now,
      endsAt: now + 3600,
      ...(userAgent !== undefined && { userAgent }),
    },
    `hash of ${sid}`,
  );
};
const live = async (userId: string) => (await store.sessionsOf(asUserId(userId), systemClock())).map(({ sid }) => sid);

beforeEach(async () => {
  await sql`delete from crossgate.sessions`;
  await signIn('ann-old', ann, 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0 \u202e', 60);
  await signIn('ann-new', ann);
  await signIn('bob-1', bob);
  await signIn('gone-1', goneId);
});

describe('crossgate sessions list', () => {
  it.each([
    ['id', () => ann],
    ['email, in any letters', () => 'ANN@acme.test'],
    ['provider and subject', () => 'pool:ann'],
  ])('shows the live sessions of a person, by %s, newest first', async (_, who) => {
    const { exit, out, err } = await sessions('list', '--user', who());
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect([...out.matchAll(/^(\S+)$/gm)].map(([, sid]) => sid)).toEqual(['ann-new', 'ann-old']);
    expect(out).toMatch(/ann-new\n {2}signed in {2}\d{4}-\d\d-\d\dT[\d:]+Z, at pool\n {2}last seen .*, ends .*Z/);
    expect(out).toContain('browser    Firefox on Linux');
    expect(out).toContain('browser    Unknown browser');
    expect(out).not.toContain('\u202e');
    expect(out).not.toContain('bob-1');
  });

  it('prints JSON, of nobody’s sessions too, and no secret', async () => {
    const listed = JSON.parse((await sessions('list', '--user', ann, '--json')).out);
    expect(listed[1]).toEqual({
      sid: 'ann-old',
      uid: ann,
      provider: 'pool',
      signed_in: expect.stringMatching(/^\d{4}-.*Z$/),
      last_seen: expect.any(String),
      ends: expect.any(String),
      user_agent: expect.stringContaining('Mozilla/5.0'),
    });
    expect(JSON.stringify(listed)).not.toContain('hash of');
    await sql`delete from crossgate.sessions`;
    expect(await sessions('list', '--user', ann, '--json')).toMatchObject({ exit: 0, out: '[]' });
    expect(await sessions('list', '--user', ann)).toMatchObject({
      exit: 0,
      out: '',
      err: `${ann} is signed in nowhere.`,
    });
  });
});

describe('crossgate sessions end', () => {
  it('ends all of one person’s, and nobody else’s', async () => {
    const { exit, out, err } = await sessions('end', '--user', 'ann@acme.test');
    expect({ exit, out, err }).toEqual({ exit: 0, out: 'ann-new\nann-old', err: `Ended 2 sessions of ${ann}.` });
    expect([await live(ann), await live(bob)]).toEqual([[], ['bob-1']]);
    const again = await sessions('end', '--user', ann, '--json');
    expect(again).toEqual({ exit: 0, out: '[]', err: `Ended 0 sessions of ${ann}.` });
  });

  it('ends the one that is named', async () => {
    expect(await sessions('end', '--user', ann, '--session', 'ann-old')).toMatchObject({ exit: 0, out: 'ann-old' });
    expect(await live(ann)).toEqual(['ann-new']);
  });

  it('is news for running gateways and apps, and stands in the audit trail', async () => {
    await sql`update crossgate.sessions set clients = '{globex}' where sid = 'ann-old'`;
    const { cursor } = await store.readFeed(systemClock());
    await sessions('end', '--user', ann);
    const { entries } = await store.readFeed(systemClock(), cursor);
    const ended = entries.flatMap((entry) => (entry.kind === 'session-ended' ? [entry.sid] : []));
    expect(ended).toEqual(expect.arrayContaining(['ann-new', 'ann-old']));
    expect(await store.logoutsOf(asSessionId('ann-old'))).toMatchObject([{ clientId: 'globex', state: 'pending' }]);
    const rows = await sql`select details from crossgate.audit
      where event = 'session.ended' and subject = ${ann} order by id desc limit 2`;
    expect(rows.map(({ details }) => details.reason)).toEqual(['admin', 'admin']);
  });

  it('ends those of somebody whose row is gone', async () => {
    expect(await sessions('end', '--user', goneId)).toMatchObject({ exit: 0, out: 'gone-1' });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a session of somebody else', ['--user', ann, '--session', 'bob-1'], 1, /no live session of this person/],
    ['a session of nobody', ['--user', ann, '--session', "' or ''='"], 1, /no live session of this person/],
    ['somebody unknown', ['--user', 'nobody@acme.test'], 1, /Nobody has that/],
    ['an email in SQL', ['--user', `' or ''='@`], 1, /Nobody has that/],
    ['nobody named', [], 2, /--user/],
  ])('ends nothing, with a sentence: %s', async (_, args, exit, says) => {
    expect(await sessions('end', ...args)).toMatchObject({ exit, out: '', err: expect.stringMatching(says) });
    expect([await live(ann), await live(bob)]).toEqual([['ann-new', 'ann-old'], ['bob-1']]);
  });

  it('ends with 3 where the database is not there', async () => {
    const away = { CROSSGATE_DATABASE_URL: 'postgres://u:S3CRET@127.0.0.1:1/x' };
    const ran = await runCommand(['sessions', 'end', '--user', ann], { env: away, cwd });
    expect(ran).toMatchObject({ exit: 3, out: '' });
    expect(ran.err).not.toContain('S3CRET');
  });
});
