import { beforeEach, describe, expect, it } from 'vitest';
import { type Tab, textOf } from '../../suite/browser.ts';
import { ask } from '../../suite/exchange.ts';
import { appsWorld } from './apps-world.testing.ts';
import { createWikiApp } from './wiki.ts';

const here = appsWorld();
const wiki = (at: string) => here().world.at.wiki + at;

/** Saves the page that a tab has in its editor. */
async function save(fields: Record<string, string>, on: Tab = here().tab) {
  // the first form of a page is the way out
  const [, action = ''] = /id="draft" method="post" action="([^"]+)"/.exec(on.page.body) ?? [];
  const [, base] = /name="base" value="(\d+)"/.exec(on.page.body) ?? [];
  return await on.post(wiki(action), { ...(base && { base }), ...fields });
}
/** Opens the editor of a page, and saves it. */
async function write(at: string, fields: Record<string, string>, on: Tab = here().tab) {
  await on.goto(wiki(at));
  return await save(fields, on);
}
const edits = (slug: string) => here().world.sql<{ name: string; title: string; body: string }[]>`
  select name, title, body from demo.wiki_edits where slug = ${slug} order by id`;

describe('a visitor', () => {
  it('is sent to sign in, and comes back to the very page', async () => {
    await here().signIn('cyd@acme.test', wiki('/pages/lunch?from=mail'));
    expect(textOf(here().tab.page.body)).toContain('Fridays at half past twelve');
    expect(textOf(here().tab.page.body)).toContain('Cyd Clover');
  });

  it.each(['/', '/api/me', '/live', '/wiki.js', '/edit/lunch'])('that is a program gets 401 at %s', async (at) => {
    const answer = await ask(wiki(at), { headers: { accept: '*/*' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'not_signed_in',
      login: expect.stringContaining(`${here().world.at.gateway}/login?return_to=`),
    });
  });

  it.each([
    ['says who they are', { 'remote-user': 'root', 'remote-groups': 'admin' }],
    ['says so in another way', { remote_user: 'root', 'Remote.Groups': 'admin', 'x-forwarded-user': 'root' }],
    [
      'claims to come from the gateway',
      { 'remote-user': 'root', via: '1.1 auth.acme.localhost', 'x-forwarded-for': '127.0.0.1' },
    ],
  ])('that %s is nobody all the same', async (_, headers) => {
    expect((await ask(wiki('/api/me'), { headers })).status).toBe(401);
  });

  it('sees the page where a sign-out ends, and nothing else', async () => {
    const page = await here().tab.goto(wiki('/bye?elsewhere=1'));
    expect([page.status, page.hops.length]).toEqual([200, 1]);
    expect(textOf(page.body)).toContain('You were signed out elsewhere');
    expect(page.body).not.toContain('wiki.js');
  });
});

describe('somebody without a role', () => {
  beforeEach(() => here().signIn('cyd@acme.test', wiki('/')));

  it('is who the gateway says, whatever else the request says', async () => {
    const headers = { 'remote-user': 'root', 'remote-name': 'Root', 'remote-groups': 'admin', remote_groups: 'admin' };
    const me = JSON.parse((await here().tab.load('fetch', wiki('/api/me'), { headers })).body) as object;
    expect(me).toEqual({
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      email: 'cyd@acme.test',
      name: 'Cyd Clover',
      roles: [],
    });
    const shown = await here().tab.goto(wiki('/pages/lunch'), { headers });
    expect(textOf(shown.body)).toContain('The gateway refuses everybody else');
  });

  it.each(['/edit', '/edit/', '/edit/lunch', '/%65dit/lunch', '/edit/lunch?x=/open'])(
    'gets the gateway’s own refusal at %s',
    async (at) => {
      const page = await here().tab.goto(wiki(at));
      expect(page.status).toBe(403);
      expect(page.body).toContain(`href="${here().world.at.gateway}`);
      expect(textOf(page.body)).not.toContain('Editing');
    },
  );

  it.each(['/edit/lunch', '/%65dit/lunch', '/edit'])('saves nothing at %s', async (at) => {
    const before = await here().world.sql`select count(*) from demo.wiki_edits`;
    expect((await here().tab.post(wiki(at), { title: 'Lunch', body: 'Cancelled' })).status).toBe(403);
    expect(await here().world.sql`select count(*) from demo.wiki_edits`).toEqual(before);
  });
});

describe('an editor', () => {
  beforeEach(() => here().signIn('bob@acme.test', wiki('/')));

  it('writes a page, mends it, and stands in its history by name and id', async () => {
    const saved = await write('/edit', {
      title: 'Parking  space',
      body: 'Behind [[Lunch]].\r\n\r\n## Bikes\r\n- in the cellar',
      note: '',
    });
    expect(saved.url).toBe(wiki('/pages/parking-space'));
    expect(saved.body).toContain(
      '<p>Behind <a href="/pages/lunch">Lunch</a>.</p><h2>Bikes</h2><ul><li>in the cellar</li></ul>',
    );
    await write('/edit/parking-space', { title: 'Parking space', body: 'Nowhere.', note: 'Shorter' });
    const history = await here().tab.follow('History');
    expect(textOf(history.body)).toMatch(/Bob Berry Shorter [0-9a-f-]{36}/);
    expect(textOf((await here().tab.follow('As it was')).body)).toMatch(/This is how the page was at .*Bikes/);
    expect((await edits('parking-space')).map(({ name, body }) => [name, body.slice(0, 9)])).toEqual([
      ['Bob Berry', 'Behind [['],
      ['Bob Berry', 'Nowhere.'],
    ]);
    // the same once more is no edit
    await write('/edit/parking-space', { title: 'Parking space', body: 'Nowhere.' });
    expect(await edits('parking-space')).toHaveLength(2);
  });

  it('that writes a script shows its text', async () => {
    const nasty = '<script>alert(1)</script>';
    const saved = await write('/edit', { title: `Oh ${nasty}`, body: `${nasty} [[${nasty}]]`, note: nasty });
    const history = await here().tab.follow('History');
    for (const { body } of [
      saved,
      history,
      await here().tab.goto(wiki('/')),
      await here().tab.goto(wiki('/edit/oh-scriptalert1script')),
    ]) {
      expect(body).not.toContain(nasty);
      expect(body).toContain('&lt;script&gt;');
    }
    expect(saved.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'/);
  });

  it('who was overtaken loses nothing, and sees both', async () => {
    const ann = await here().someoneElse('ann@acme.test', wiki('/'));
    await write('/edit', { title: 'Race', body: 'first' });
    await here().tab.goto(wiki('/edit/race'));
    await write('/edit/race', { title: 'Race', body: 'of Ann' }, ann);
    const refused = await save({ title: 'Race', body: 'of Bob' });
    expect(refused.status).toBe(409);
    expect(textOf(refused.body)).toMatch(
      /Ann Almond saved this page while you wrote.*As Ann Almond left it of Ann.*of Bob/,
    );
    expect((await save({ title: 'Race', body: 'of both' })).status).toBe(200);
    expect((await edits('race')).map(({ body }) => body)).toEqual(['first', 'of Ann', 'of both']);
  });

  it('who writes a page that is there already is told', async () => {
    const refused = await write('/edit', { title: 'LUNCH!', body: 'Again' });
    expect([refused.status, textOf(refused.body)]).toEqual([
      409,
      expect.stringContaining('There is a page called lunch already'),
    ]);
  });

  it.each([
    ['a title', { title: ' ', body: 'x' }, 'needs a title'],
    ['a name for its address', { title: '日本', body: 'x' }, 'a letter from a to z'],
    ['text', { title: 'x', body: '\r\n ' }, 'needs a title and a word'],
    ['an end', { title: 'x', body: 'x'.repeat(10_001) }, 'at most 10000 characters'],
  ])('whose page lacks %s is told', async (_, fields, says) => {
    const refused = await write('/edit', fields);
    expect([refused.status, textOf(refused.body)]).toEqual([400, expect.stringContaining(says)]);
  });

  it.each([
    ['another site', { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }],
    ['another app of the company', { origin: 'http://notes.acme.localhost', 'sec-fetch-site': 'same-site' }],
    ['a page that hides where it is', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['nowhere', {}],
  ])('is not written for by a form from %s', async (_, headers) => {
    const before = await here().world.sql`select count(*) from demo.wiki_edits`;
    const cookie = here().browser.jar.header(new URL(wiki('/'))) ?? '';
    const type = { 'content-type': 'application/x-www-form-urlencoded', cookie };
    const body = 'title=Lunch&body=Cancelled';
    const answer = await ask(wiki('/edit'), { method: 'POST', headers: { ...type, ...headers }, body });
    expect(answer.status).toBe(403);
    expect(await here().world.sql`select count(*) from demo.wiki_edits`).toEqual(before);
  });
});

describe('its pages', () => {
  it('are written at the first start alone', async () => {
    const app = createWikiApp({ sql: here().world.sql, url: here().world.at.wiki, gateway: here().world.at.gateway });
    const count = async () => (await here().world.sql`select from demo.wiki_edits`).length;
    const before = await count();
    await app.ensureSchema({ id: '1', name: 'A' }, { id: '2', name: 'B' });
    expect(await count()).toBe(before);
    app.close();
  });

  it('may be none, which an empty wiki says', async () => {
    await here().signIn('cyd@acme.test', wiki('/'));
    await here().world.sql`truncate demo.wiki_pages, demo.wiki_edits`;
    expect(textOf((await here().tab.goto(wiki('/'))).body)).toContain('Nothing written yet');
    const missing = await here().tab.goto(wiki('/pages/lunch'));
    expect([missing.status, textOf(missing.body)]).toEqual([
      404,
      expect.stringContaining('Nobody has written this page yet'),
    ]);
    expect((await here().tab.goto(wiki('/pages/No%20name'))).status).toBe(404);
  });
});
