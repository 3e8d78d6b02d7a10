import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Claims,
  navigates,
  openStandIn,
  type StandIn,
  notes as url,
} from '../../../gateway/sdk/gateway-stand-in.suite.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.testing.ts';
import { createNotesApp, type NotesApp } from './notes.ts';

let database: FreshDatabase;
let sql: postgres.Sql;
let standIn: StandIn;
let app: NotesApp;

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { onnotice: () => {} });
  standIn = await openStandIn();
  app = open(sql);
  await Promise.all([app.ensureSchema(), app.ensureSchema()]);
});
afterAll(async () => {
  await standIn.close();
  await sql.end();
  await database.drop();
});
beforeEach(async () => {
  await sql`truncate demo.notes`;
});
afterEach(() => {
  vi.restoreAllMocks();
});

function open(connection: postgres.Sql): NotesApp {
  const { gateway, secret, clock, fetch: fetchKeys } = standIn.options();
  return createNotesApp({
    sql: connection,
    gateway,
    url,
    secret,
    photos: 'https://photos.acme.com',
    ...(clock ? { clock } : {}),
    ...(fetchKeys ? { fetch: fetchKeys } : {}),
  });
}

const ann: Claims = { uid: 'ann-id', sid: 'sid-ann' };
const bob: Claims = { uid: 'bob-id', sid: 'sid-bob', roles: [] };
const ownForm = {
  origin: url,
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

async function get(
  path: string,
  who: Claims | undefined,
  on = app,
  headers: Record<string, string> = navigates,
): Promise<Response> {
  const cookie = who ? { cookie: standIn.domainCookie(who) } : {};
  return await on.fetch(new Request(url + path, { headers: { ...headers, ...cookie } }));
}
async function post(
  path: string,
  who: Claims | undefined,
  body: BodyInit,
  headers: Record<string, string> = ownForm,
  on = app,
): Promise<Response> {
  const cookie = who ? { cookie: standIn.domainCookie(who) } : {};
  return await on.fetch(new Request(url + path, { method: 'POST', body, headers: { ...headers, ...cookie } }));
}
const write = (who: Claims, body: string) => post('/notes', who, new URLSearchParams({ body }));
const page = async (who: Claims) => await (await get('/', who)).text();
const count = async () => (await sql`select from demo.notes`).length;

describe('a person', () => {
  it('who is not signed in is sent to the gateway', async () => {
    const answer = await get('/', undefined);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toMatch(/^https:\/\/auth\.acme\.com\/login\?return_to=/);
  });

  it('finds an empty page, writes a note and deletes it', async () => {
    expect(await page(ann)).toContain('Nothing written yet');
    const written = await write(ann, 'Buy oat milk');
    expect([written.status, written.headers.get('location')]).toEqual([303, '/']);
    const shown = await page(ann);
    expect(shown).toContain('Buy oat milk');
    expect(await sql`select uid, body from demo.notes`).toEqual([{ uid: 'ann-id', body: 'Buy oat milk' }]);
    const [, id] = /action="\/notes\/(\d+)\/delete"/.exec(shown) ?? [];
    expect((await post(`/notes/${id}/delete`, ann, '')).status).toBe(303);
    expect(await count()).toBe(0);
  });

  it('sees who is signed in, and a form that signs out everywhere', async () => {
    const shown = await page(ann);
    expect(shown).toContain('Ann Ångström');
    expect(shown).toContain('ann-id');
    expect(shown).toContain(
      '<form method="post" action="https://auth.acme.com/logout?return_to=https%3A%2F%2Fnotes.acme.com%2Fbye">',
    );
  });

  it('reads a goodbye without being bounced to sign in again', async () => {
    const answer = await get('/bye', undefined);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('You are signed out');
  });

  it('is told of a mistake and keeps what was typed', async () => {
    const answer = await write(ann, `${'x'.repeat(501)}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(/has 501[\s\S]*x{501}/);
    expect((await write(ann, ' \n ')).status).toBe(400);
    expect((await write(ann, 'a\0b')).status).toBe(400);
    expect(await count()).toBe(0);
  });

  it('may write exactly as much as the page says', async () => {
    expect((await write(ann, '✍'.repeat(500))).status).toBe(303);
  });

  it('fills up no more than her own hundred notes', async () => {
    await sql`insert into demo.notes (uid, body) select 'ann-id', 'x' from generate_series(1, 100)`;
    expect((await write(ann, 'one more')).status).toBe(400);
    expect((await write(bob, 'mine')).status).toBe(303);
  });
});

describe('an attacker', () => {
  it('does not see or delete the notes of another person, by whatever id', async () => {
    await write(ann, 'Ann’s secret');
    const [row] = await sql<{ id: string }[]>`select id::text from demo.notes`;
    expect(await page(bob)).not.toContain('secret');
    for (const id of [row?.id, `0${row?.id}`, `${row?.id} or true`, '1e3', '-1', '99999999999999999999', '%27', '.'])
      expect((await post(`/notes/${id}/delete`, bob, '')).status).toBe(404);
    expect(await count()).toBe(1);
  });

  it.each([
    ['from another site', { ...ownForm, origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
    ['from a sibling app', { ...ownForm, origin: 'https://photos.acme.com', 'sec-fetch-site': 'same-site' }],
    ['from a sandboxed frame', { ...ownForm, origin: 'null' }],
    ['without an origin', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }],
    ['as JSON from another site', { origin: 'https://evil.test', 'content-type': 'application/json' }],
  ])('can’t post a form %s', async (_, headers) => {
    const answer = await post('/notes', ann, new URLSearchParams({ body: 'x' }), headers);
    expect(answer.status).toBe(403);
    expect(await count()).toBe(0);
  });

  it('writes no markup into anybody’s page', async () => {
    const nasty = '</p><script>alert(1)</script><img src=x onerror=alert(1)>"\'&';
    await write(ann, nasty);
    await write(ann, `</textarea>${nasty}`);
    const shown = await page(ann);
    expect(shown).not.toMatch(/<script|<img/);
    const wrong = await (await write(ann, `</textarea><script>${'x'.repeat(600)}`)).text();
    expect(wrong).not.toMatch(/<script|<\/textarea><scr/);
    const named = await page({ ...ann, uid: '"><script>1</script>' });
    expect(named).not.toContain('<script');
  });

  it.each(['with a length', 'in a stream without one'])('sends no body that is too large, %s', async (how) => {
    const body = `body=${'x'.repeat(100_000)}`;
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const request = new Request(`${url}/notes`, {
      method: 'POST',
      body: how === 'with a length' ? body : new Blob([body]).stream(),
      headers: {
        ...ownForm,
        ...type,
        cookie: standIn.domainCookie(ann),
        ...(how === 'with a length' ? { 'content-length': String(body.length) } : {}),
      },
      duplex: 'half',
    } as RequestInit);
    expect((await app.fetch(request)).status).toBe(413);
    expect(await count()).toBe(0);
  });

  it('finds a policy without script, and pages that no cache keeps for the next person', async () => {
    const { headers } = await get('/', ann);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|script-src/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toMatch(/no-store|private/);
  });
});

describe('programs', () => {
  it('are told who is signed in', async () => {
    const answer = await get('/api/me', ann, app, { accept: 'application/json' });
    expect(await answer.json()).toEqual({
      uid: 'ann-id',
      email: 'ann@acme.test',
      name: 'Ann Ångström',
      roles: ['editor'],
      permissions: ['notes:read', 'notes:write'],
    });
  });

  it('are told where to sign in', async () => {
    const answer = await get('/api/me', undefined, app, { accept: 'application/json' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(await answer.json()).toMatchObject({ code: 'not_signed_in', login: expect.stringContaining('/login') });
  });
});

it.each([
  ['editor', 200],
  ['admin', 200],
  ['reader', 403],
])('the team page is there for editors and admins: %s, %i', async (role, status) => {
  await write(ann, 'x');
  const answer = await get('/team', { ...ann, roles: [role] });
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(status === 200 ? 'ann-id</code> (you)' : 'for editors');
});

describe('a database', () => {
  it.each([
    ['that is down', () => postgres('postgres://x@127.0.0.1:1/x', { connect_timeout: 1, max: 1, onnotice: () => {} })],
    [
      'whose pool is closed',
      () => {
        const closed = postgres(database.url, { max: 1 });
        void closed.end();
        return closed;
      },
    ],
  ])('%s is a page that says so, and no stack', async (_, connect) => {
    const log = vi.spyOn(console, 'error');
    const connection = connect();
    const broken = open(connection);
    for (const answer of [
      await get('/', ann, broken),
      await get('/team', ann, broken),
      await post('/notes', ann, new URLSearchParams({ body: 'x' }), ownForm, broken),
    ]) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      const text = await answer.text();
      expect(text).toContain('can’t be read right now');
      expect(text).not.toMatch(/ECONN|CONNECTION|postgres|at .*\.ts/);
    }
    expect((await get('/api/me', ann, broken)).status).toBe(200);
    expect(log).not.toHaveBeenCalled();
    await connection.end({ timeout: 0 });
  });

  it('without our table is our own mistake: 500, written down', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    await sql`alter table demo.notes rename to away`;
    const answer = await get('/', ann);
    await sql`alter table demo.away rename to notes`;
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toMatch(/demo\.|42P01|relation/);
    expect(log).toHaveBeenCalledOnce();
  });
});
