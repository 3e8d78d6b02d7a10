import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../infra/local/postgres.testing.ts';
import { asSessionId, asSubject, asUserId } from '../identity.ts';
import { migrate } from '../migrations/migrate.ts';
import type { NewCode } from './hand-off.ts';
import { createPostgresStore } from './postgres.ts';
import { storeContract } from './store.contract.ts';
import type { NewSession, Store } from './store.ts';

const now = 1_900_000_000;

const connect = (url: string) => postgres(url, { max: 4, onnotice: () => {} });

storeContract('the store in Postgres', async () => {
  const database = await freshDatabase();
  const [one, two] = [connect(database.url), connect(database.url)];
  await migrate(one, {});
  return {
    store: createPostgresStore(one),
    other: createPostgresStore(two),
    close: async () => {
      await Promise.all([one.end(), two.end()]);
      await database.drop();
    },
  };
});

describe('on Postgres', () => {
  let database: FreshDatabase;
  let sql: postgres.Sql;
  let store: Store;
  beforeAll(async () => {
    database = await freshDatabase();
    sql = connect(database.url);
    await migrate(sql, {});
    store = createPostgresStore(sql);
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });

  const session = (sid: string): NewSession => ({
    sid: asSessionId(sid),
    userId: asUserId('1'),
    identity: { provider: 'pool', subject: asSubject('s') },
    authTime: now,
    createdAt: now,
    endsAt: now + 3600,
  });

  it('loses no news of a transaction that commits after a younger one', async () => {
    const { cursor: start } = await store.readFeed(now);
    const seen: string[][] = [];
    let cursor = start;
    const read = async () => {
      const page = await store.readFeed(now, cursor);
      cursor = page.cursor;
      seen.push(page.entries.flatMap((entry) => (entry.kind === 'permissions-changed' ? [entry.userId] : [])));
    };
    const news = (on: postgres.Sql | postgres.TransactionSql, userId: string) => on`
      insert into crossgate.feed (kind, user_id, version, until)
      values ('permissions-changed', ${userId}, 2, to_timestamp(${now + 60}::float8))`;

    await sql.begin(async (slow) => {
      await news(slow, 'slow');
      await news(sql, 'quick');
      await read();
      await news(sql, 'later');
      await read();
    });
    await read();
    expect(seen.map((page) => page.includes('slow'))).toEqual([false, false, true]);
    expect(seen[0]).toContain('quick');
    expect(seen[1]).toContain('later');
    await read();
    expect(seen[3]).toEqual([]);
  });

  it('reads all anew where the server knows no transaction as young as the cursor', async () => {
    await sql`insert into crossgate.feed (kind, sid, until)
      values ('session-ended', 'restored', to_timestamp(${now + 60}::float8))`;
    const { entries } = await store.readFeed(now, '999999999999');
    expect(entries).toContainEqual({ kind: 'session-ended', sid: 'restored', until: now + 60 });
  });

  it('notices news that psql writes, also after it lost its connection', async () => {
    const wakened: (() => void)[] = [];
    const nextWake = () => new Promise<void>((resolve) => void wakened.push(resolve));
    const stop = await store.watchFeed(() => {
      for (const resolve of wakened.splice(0)) resolve();
    });
    const byNews = nextWake();
    await sql`insert into crossgate.roles (name) values ('noticed')`;
    await sql`insert into crossgate.user_roles (user_id, role) values ('7', 'noticed')`;
    await byNews;

    const byReconnecting = nextWake();
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query ilike 'listen%'`;
    await byReconnecting;

    const byLaterNews = nextWake();
    await sql`delete from crossgate.user_roles`;
    await byLaterNews;
    await stop();
  });

  it('writes down why a session ended, once', async () => {
    await store.createSession(session('audited'), 'audited-hash');
    await store.endSession(asSessionId('audited'), 'admin', now + 5);
    await store.endSession(asSessionId('audited'), 'admin', now + 6);
    const rows = await sql`
      select extract(epoch from at)::int as at, event, subject, details from crossgate.audit where subject = '1'`;
    expect([...rows]).toEqual([
      { at: now + 5, event: 'session.ended', subject: '1', details: { sid: 'audited', reason: 'admin' } },
    ]);
  });

  it.each([
    ['commits', 'refused', 0],
    ['is rolled back', 'redeemed', 1],
  ] as const)('redeems a code beside a sign-out only once that %s', async (end, kind, told) => {
    const sid = asSessionId(`beside-${kind}`);
    await store.createSession(session(sid), `hash-beside-${kind}`);
    const code = { hash: `beside-${kind}`, clientId: 'globex', redirectUri: 'https://globex.test/', challenge: 'c' };
    await store.createCode({ ...code, origin: 'https://globex.test', sid, scope: 'openid', expiresAt: now + 30 });
    let outcome: Promise<unknown> | undefined;
    const signOut = sql.begin(async (slow) => {
      await slow`delete from crossgate.sessions where sid = ${sid}`;
      outcome = store.redeemCode({ ...code, accessHash: `access-${kind}`, accessUntil: now + 60 }, now);
      for (;;) {
        const waiting = await sql`select from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query ilike '%update crossgate.codes%'`;
        if (waiting.length > 0) break;
      }
      if (end === 'is rolled back') throw new Error('no sign-out after all');
    });
    await signOut.catch(() => {});
    expect(await outcome).toMatchObject({ kind });
    await store.endSession(sid, 'logout', now);
    expect(await store.logoutsOf(sid)).toHaveLength(told);
  });

  it('keeps neither handle nor claimed name in the clear', async () => {
    await store.claimOnce('very-secret', now, now + 30);
    const rows = await sql`select name from crossgate.claimed_once where name like '%secret%'`;
    expect(rows).toHaveLength(0);
  });

  it('prepares each statement once a connection', async () => {
    const own = postgres(database.url, { max: 1, onnotice: () => {} });
    const mine = createPostgresStore(own);
    for (let i = 0; i < 5; i += 1) await mine.findSession(asSessionId(`sid-${i}`), now + i);
    const prepared = await own`select statement 
      from pg_prepared_statements where statement like ${'%crossgate.sessions%'}`;
    expect(prepared).toHaveLength(1);
    await own.end();
  });
});

describe('a database in trouble', () => {
  it('is store_unavailable in every method, and quotes nothing of the question', async () => {
    const unreachable = postgres('postgres://nobody@127.0.0.1:1/none', {
      max: 1,
      onnotice: () => {},
      backoff: () => 0,
    });
    const store = createPostgresStore(unreachable);
    const sid = asSessionId('private-sid');
    const calls: [string, () => Promise<unknown>][] = [
      ['createSession', () => store.createSession({ ...sessionOfNobody, sid }, 'private-hash')],
      ['findSessionByHandle', () => store.findSessionByHandle('private-hash', now)],
      ['findSession', () => store.findSession(sid, now)],
      ['touchSession', () => store.touchSession(sid, now)],
      ['swapProviderTokens', () => store.swapProviderTokens(sid, 0, { confirmedAt: now })],
      ['endSession', () => store.endSession(sid, 'logout', now)],
      ['endSessionsOf', () => store.endSessionsOf(asUserId('private-user'), 'logout', now)],
      ['sessionsOf', () => store.sessionsOf(asUserId('private-user'), now)],
      ['claimOnce', () => store.claimOnce('private-name', now, now)],
      ['createCode', () => store.createCode(codeOfNobody)],
      ['redeemCode', () => store.redeemCode({ ...codeOfNobody, accessHash: 'private-a', accessUntil: now }, now)],
      ['findGrant', () => store.findGrant('private-access', now)],
      ['takeLogouts', () => store.takeLogouts(now, now, 10)],
      ['noteLogout', () => store.noteLogout({ sid, clientId: 'private-client' }, { kind: 'delivered' }, now)],
      ['logoutsOf', () => store.logoutsOf(sid)],
      ['readFeed', () => store.readFeed(now)],
      ['watchFeed', () => store.watchFeed(() => {})],
      ['sweep', () => store.sweep(now)],
      ['ping', () => store.ping()],
    ];
    for (const [name, call] of calls) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error, name).toMatchObject({ code: 'store_unavailable', reason: expect.stringContaining('ECONNREFUSED') });
      expect(String(error), name).not.toContain('private');
    }
    await unreachable.end({ timeout: 0 });
  });

  const codeOfNobody: NewCode = {
    hash: 'private-code',
    clientId: 'private-client',
    redirectUri: 'https://private.test/',
    origin: 'https://private.test',
    sid: asSessionId('private-sid'),
    challenge: 'private-challenge',
    scope: 'openid',
    expiresAt: now,
  };

  const sessionOfNobody: NewSession = {
    sid: asSessionId('x'),
    userId: asUserId('private-user'),
    identity: { provider: 'pool', subject: asSubject('private-subject') },
    authTime: now,
    createdAt: now,
    endsAt: now + 1,
  };

  it('is store_unavailable where migrations have not run', async () => {
    const database = await freshDatabase();
    const sql = connect(database.url);
    const store = createPostgresStore(sql);
    await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
    await sql.end();
    await database.drop();
  });
});
