import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from '../../../shared/config.ts';
import { migrate } from '../../../shared/migrations/migrate.ts';
import { createJournal, type Journal } from '../journal.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.testing.ts';
import { seedPeople } from '../seed.ts';
import { worldAddresses } from '../world-config.ts';
import { createStartPage } from './what-happened.ts';

const at = worldAddresses(4180);
let database: FreshDatabase;
let sql: postgres.Sql;
let annId: string;
let journal: Journal;
let start: ReturnType<typeof createStartPage>;

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { onnotice: () => {} });
  await migrate(sql, configSchema.shape.users.parse(undefined));
  annId = (await seedPeople(sql)).get('ann@acme.test') ?? '';
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});
beforeEach(() => {
  journal = createJournal({ clock: () => 1_800_000_000 });
  start = createStartPage({ journal, sql, at });
});

const ask = async (path: string, init: RequestInit = {}) => await start.fetch(new Request(at.start + path, init));
const text = async (path: string, init: RequestInit = {}) => await (await ask(path, init)).text();

describe('the start page', () => {
  it('leads everywhere, and says whom one can be', async () => {
    const shown = await text('/');
    for (const address of [
      at.notes,
      at.photos,
      at.wiki,
      at.docs,
      at.globex,
      at.gateway,
      `${at.userPool}/outbox`,
      '/what-happened"',
    ])
      expect(shown).toContain(`href="${address}`);
    for (const said of ['ann@acme.test', 'bob@acme.test', 'cyd@acme.test', 'correct horse battery staple'])
      expect(shown).toContain(said);
  });
});

describe('the page of what happened', () => {
  it('has words for a journal that is empty', async () => {
    expect(await text('/what-happened')).toContain('Nothing yet');
  });

  it('tells a step in plain words, with its cookie and claims', async () => {
    journal.record({
      kind: 'redirect',
      host: 'notes.acme.localhost',
      summary: 'GET / → 302 to auth.acme.localhost/login',
      details: { method: 'GET', path: '/', status: 302, by: 'navigation', location: `${at.gateway}/login` },
      parts: [
        {
          kind: 'cookie',
          host: 'auth.acme.localhost',
          summary: 'sets __Secure-sso',
          details: {
            name: '__Secure-sso',
            action: 'set',
            domain: 'acme.localhost',
            flags: ['Secure'],
            maxAge: 43_200,
            claims: { sub: annId, roles: ['admin'] },
          },
        },
      ],
    });
    const shown = await text('/what-happened');
    expect(shown).toContain('Opening Notes');
    expect(shown).toContain('Notes finds no sign-in cookie, so it sends the browser to the gateway.');
    expect(shown).toContain('for acme.localhost and below');
    expect(shown).toContain('for 12 hours');
    expect(shown.split('Everybody else')[0]).toContain('Ann Almond');
  });

  it('escapes whatever a step says', async () => {
    const nasty = '<script>alert(1)</script>';
    journal.record({
      kind: 'request',
      host: nasty,
      summary: nasty,
      details: { [nasty]: nasty, claims: { name: nasty }, path: nasty, flags: [nasty] },
    });
    journal.record({
      kind: 'cookie',
      host: nasty,
      summary: nasty,
      details: { name: nasty, action: 'set', domain: nasty, flags: [nasty] },
    });
    const shown = await text('/what-happened');
    expect(shown.match(/<script/g)).toHaveLength(1);
    const { html } = (await (await ask('/what-happened.json?since=0')).json()) as { html: string };
    expect(html).not.toContain('<script');
  });

  it('runs its own script and no other, a new nonce each time', async () => {
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const answer = await ask('/what-happened');
        const [, nonce = ''] =
          /script-src 'nonce-([^']+)'/.exec(answer.headers.get('content-security-policy') ?? '') ?? [];
        expect(await answer.text()).toContain(`<script nonce="${nonce}">`);
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(2);
    expect((await ask('/')).headers.get('content-security-policy')).not.toMatch(/script-src|unsafe/);
  });

  it('gives what is new, and nothing where nothing is', async () => {
    const { id } = journal.record({ kind: 'pool', host: 'user-pool', summary: 'one' });
    journal.record({ kind: 'pool', host: 'user-pool', summary: 'two' });
    const news = (await (await ask(`/what-happened.json?since=${id}`)).json()) as {
      cursor: number;
      steps: unknown[];
      html: string;
    };
    expect(news).toMatchObject({ cursor: 2, steps: [{ summary: 'two' }] });
    expect(news.html).toContain('one');
    expect(await (await ask('/what-happened.json?since=2')).json()).toEqual({ cursor: 2, steps: [] });
    expect((await ask('/what-happened.json?since=x')).status).toBe(400);
  });

  it('is cleared by its own button alone', async () => {
    journal.record({ kind: 'pool', host: 'user-pool', summary: 'one' });
    const clear = (headers: Record<string, string>) => ask('/what-happened/clear', { method: 'POST', headers });
    expect((await clear({ origin: at.notes })).status).toBe(403);
    expect((await clear({})).status).toBe(403);
    expect(journal.steps()).toHaveLength(1);
    expect((await clear({ origin: at.start, 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    expect(journal.steps()).toEqual([]);
  });

  it('shows live sessions by a shortened name, and never the hash of a handle', async () => {
    await sql`
      insert into crossgate.sessions (sid, handle_hash, user_id, provider, subject, auth_time, created_at, ends_at, last_seen_at, provider_confirmed_at)
      values ('sidOfAnn0123456789abcd', 'hash-of-the-handle', ${annId}, 'cognito', 's', now(), now(), now() + interval '1 hour', now(), now()),
        ('endedSession0123456789', 'other-hash', ${annId}, 'cognito', 's', now(), now(), now() - interval '1 hour', now(), now())`;
    const shown = await text('/what-happened');
    expect(shown).toContain('sidOfA…');
    expect(shown).not.toMatch(/hash|endedS|sidOfAnn/);
  });

  it('shows the claims that this browser carries, and not the token', async () => {
    const payload = Buffer.from(JSON.stringify({ sub: annId, name: 'Ann' })).toString('base64url');
    const shown = await text('/what-happened', { headers: { cookie: `__Secure-sso=e30.${payload}.c2lnbmF0dXJl` } });
    expect(shown).toContain('&quot;name&quot;: &quot;Ann&quot;');
    expect(shown).not.toMatch(/c2lnbmF0dXJl|e30\./);
    expect(await text('/what-happened', { headers: { cookie: '__Secure-sso=rubbish' } })).toContain(
      'nobody is signed in',
    );
  });

  it('says so where the database does not answer, and still tells the rest', async () => {
    const down = postgres('postgres://x@127.0.0.1:1/x', { connect_timeout: 1, max: 1 });
    start = createStartPage({ journal, sql: down, at });
    journal.record({ kind: 'pool', host: 'user-pool', summary: 'one' });
    const answer = await ask('/what-happened');
    expect(answer.status).toBe(200);
    const shown = await answer.text();
    expect(shown).toContain('The rows can’t be read right now');
    expect(shown).toContain('one');
    await down.end({ timeout: 0 });
  });
});
