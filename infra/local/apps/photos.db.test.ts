import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Claims, navigates, openStandIn, type StandIn } from '../../../gateway/sdk/gateway-stand-in.suite.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.testing.ts';
import { createPhotosApp, type PhotosApp } from './photos.ts';

const url = 'https://photos.acme.com';
let database: FreshDatabase;
let sql: postgres.Sql;
let standIn: StandIn;
const servers: Server[] = [];
let at: string;

beforeAll(async () => {
  database = await freshDatabase();
  sql = postgres(database.url, { onnotice: () => {} });
  standIn = await openStandIn();
  const app = open(sql);
  await app.ensureSchema();
  at = await serve(app);
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await standIn.close();
  await sql.end();
  await database.drop();
});
beforeEach(async () => {
  await sql`truncate demo.photos`;
});

function open(connection: postgres.Sql): PhotosApp {
  const { gateway, secret, clock, fetch: fetchKeys } = standIn.options();
  return createPhotosApp({
    sql: connection,
    gateway,
    url,
    secret,
    notes: 'https://notes.acme.com',
    ...(clock ? { clock } : {}),
    ...(fetchKeys ? { fetch: fetchKeys } : {}),
  });
}
async function serve({ listener }: PhotosApp): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ann: Claims = { uid: 'ann-id', sid: 'sid-ann' };
const bob: Claims = { uid: 'bob-id', sid: 'sid-bob' };
// Node's fetch writes Sec-Fetch-Mode itself; a navigation is then known by what it accepts
const ownForm = { origin: url };

function ask(path: string, who: Claims | undefined, init: RequestInit = {}, base = at): Promise<Response> {
  const cookie = who ? { cookie: standIn.domainCookie(who) } : {};
  return fetch(base + path, { redirect: 'manual', ...init, headers: { ...cookie, ...(init.headers as object) } });
}
const take = (who: Claims | undefined, title = '', headers: Record<string, string> = ownForm, base = at) =>
  ask('/pictures', who, { method: 'POST', body: new URLSearchParams({ title }), headers }, base);
const page = async (who: Claims) => await (await ask('/', who, { headers: navigates })).text();
const count = async () => (await sql`select from demo.photos`).length;

describe('a person', () => {
  it('takes a picture, keeps it and deletes it', async () => {
    expect(await page(ann)).toContain('An empty album');
    const taken = await take(ann, '  My   hill ');
    expect([taken.status, taken.headers.get('location')]).toEqual([303, '/']);
    const shown = await page(ann);
    expect(shown).toContain('<h2>My hill</h2>');
    expect(shown).toMatch(/<svg viewBox="0 0 400 300"/);
    expect(await page(ann)).toBe(shown);
    const [, id] = /action="\/pictures\/(\d+)\/delete"/.exec(shown) ?? [];
    expect((await ask(`/pictures/${id}/delete`, ann, { method: 'POST', headers: ownForm })).status).toBe(303);
    expect(await count()).toBe(0);
  });

  it('need not think of a title', async () => {
    await take(ann);
    const [row] = await sql<{ title: string }[]>`select title from demo.photos`;
    expect(row?.title).toMatch(/^[A-Z][a-z]+ [a-z]+$/);
  });

  it('sees who is signed in, and a form that signs out everywhere', async () => {
    const shown = await page(ann);
    expect(shown).toContain('Ann Ångström');
    expect(shown).toContain('action="https://auth.acme.com/logout?return_to=https%3A%2F%2Fphotos.acme.com%2Fbye"');
  });

  it('reads a goodbye without being bounced to sign in again', async () => {
    const answer = await ask('/bye', undefined, { headers: navigates });
    expect([answer.status, (await answer.text()).includes('You are signed out')]).toEqual([200, true]);
  });
});

describe('an attacker', () => {
  it('does not see or delete the pictures of another person', async () => {
    await take(ann, 'Ann’s secret');
    const [row] = await sql<{ id: string }[]>`select id::text from demo.photos`;
    expect(await page(bob)).not.toContain('secret');
    for (const id of [row?.id, '0', '-1', 'x', '99999999999999999999', '%27'])
      expect((await ask(`/pictures/${id}/delete`, bob, { method: 'POST', headers: ownForm })).status).toBe(404);
    expect(await count()).toBe(1);
  });

  it.each([
    ['from another site', { origin: 'https://evil.test' }],
    ['from a sibling app', { origin: 'https://notes.acme.com' }],
    ['without an origin', {}],
    ['that says two things', { origin: url, 'sec-fetch-site': 'cross-site' }],
  ])('can’t post a form %s', async (_, headers) => {
    expect((await take(ann, 'x', headers as Record<string, string>)).status).toBe(403);
    expect(await count()).toBe(0);
  });

  it('writes no markup into a page, and no title without end', async () => {
    await take(ann, '</h2><script>alert(1)</script>');
    expect(await page(ann)).not.toContain('<script');
    expect((await take(ann, 'x'.repeat(61))).status).toBe(400);
    expect((await take(ann, 'x'.repeat(100_000))).status).toBe(413);
    expect((await take(ann, 'a\0b')).status).toBe(400);
    expect(await count()).toBe(1);
  });

  it.each(['{"title":{"$ne":1}}', 'title[a]=1&title=2&title=3'])(
    'sends nothing that is taken for a title: %s',
    async (body) => {
      const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded';
      const answer = await ask('/pictures', ann, {
        method: 'POST',
        body,
        headers: { ...ownForm, 'content-type': type },
      });
      expect(answer.status).toBe(303);
      const [row] = await sql<{ title: string }[]>`select title from demo.photos`;
      expect(row?.title).toMatch(/^[A-Z][a-z]+ [a-z]+$/);
    },
  );
});

describe('programs', () => {
  it('are told who is signed in', async () => {
    expect(await (await ask('/api/me', ann)).json()).toMatchObject({ uid: 'ann-id', roles: ['editor'] });
  });
  it('are told where to sign in', async () => {
    const answer = await ask('/api/me', undefined);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
  });
  it('are refused what needs a permission that the person lacks', async () => {
    expect((await ask('/api/album', ann)).status).toBe(403);
  });
});

it('a database that is down is a page that says so', async () => {
  const connection = postgres('postgres://x@127.0.0.1:1/x', { connect_timeout: 1, max: 1 });
  const base = await serve(open(connection));
  for (const answer of [await ask('/', ann, { headers: navigates }, base), await take(ann, '', ownForm, base)]) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.text()).toContain('can’t be read right now');
  }
  await connection.end({ timeout: 0 });
});
