import '../localhost-names.ts';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/clock.ts';
import { type Browser, createBrowser, type Tab, textOf } from '../../suite/browser.ts';
import { type Answer, ask } from '../../suite/exchange.ts';
import { type FreshDatabase, freshDatabase } from '../postgres.testing.ts';
import { startWorld, type World } from '../world.ts';
import { globexId, worldSecrets } from '../world-config.ts';
import { createGlobexApp } from './globex.ts';

let database: FreshDatabase;
let world: World;
let dir: string;
let browser: Browser;
let tab: Tab;

beforeAll(async () => {
  const home = fileURLToPath(new URL('../../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  dir = mkdtempSync(path.join(home, 'test-globex-'));
  database = await freshDatabase();
  world = await startWorld({ port: 0, dir, databaseUrl: database.url });
});
afterAll(async () => {
  await world?.stop();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await world.sql`truncate demo.orders`;
  world.journal.clear();
  browser = createBrowser(systemClock);
  tab = browser.tab();
});

const globex = (at: string) => world.at.globex + at;
const says = async (at: string, on = tab) => textOf((await on.goto(globex(at))).body);

/** Opens a page that needs somebody, and signs in on the way. */
async function signIn(at: string, email = 'ann@acme.test', on = tab): Promise<void> {
  await on.goto(at);
  await on.submit({ username: email, password: 'correct horse battery staple' });
  expect(on.page.url).toBe(at);
}

/** Asks as a script of a page does: of Globex's own, or of the gateway's frame in it. */
async function script(origin: string, at: string, body?: unknown): Promise<Answer> {
  const url = new URL(origin + at);
  const cookie = browser.jar.header(url);
  const answer = await ask(url, {
    method: 'POST',
    headers: {
      'user-agent': 'Mozilla/5.0',
      origin,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
      'content-type': 'application/json',
      ...(cookie === undefined ? {} : { cookie }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  for (const line of answer.cookies) browser.jar.keep(line, url);
  return answer;
}

type Challenge = { client_id: string; redirect_uri: string; code_challenge: string; nonce: string; scope: string };

/** What the frame asks of the gateway; with a challenge, for a code. */
const frameAsks = (challenge?: Challenge) =>
  script(world.at.gateway, '/frame/check', {
    parent_origin: world.at.globex,
    has_access: true,
    client_id: globexId,
    nonce: 'n'.repeat(22),
    want: 'state',
    ...(challenge && { want: 'code', ...challenge }),
  });
const challenge = async () => JSON.parse((await script(world.at.globex, '/sso/challenge')).body) as Challenge;
const steps = () => world.journal.steps();

describe('somebody whom Globex does not know', () => {
  it('may read the front page, and is offered a sign-in', async () => {
    const page = await tab.goto(globex('/'));
    expect(page.status).toBe(200);
    expect(textOf(page.body)).toContain('Nobody is signed in');
    expect(page.body).toContain('Sign in with Acme');
    expect(page.body).not.toContain('action="/orders"');
  });

  it('is sent to sign in by the page of orders, and arrives there', async () => {
    await signIn(globex('/orders'));
    expect(textOf(tab.page.body)).toContain('Nothing ordered yet');
    const front = await says('/');
    expect(front).toContain('You are Ann Almond');
    expect(front).toContain('By the gateway’s own pages');
  });

  it('orders nothing: a form that comes too late says so', async () => {
    await tab.goto(globex('/'));
    const late = await tab.post(globex('/orders'), { item: 'lamp' });
    expect([late.status, textOf(late.body)]).toEqual([401, expect.stringContaining('Nobody is signed in')]);
    expect((await tab.load('fetch', globex('/api/me'))).status).toBe(401);
    expect(await world.sql`select from demo.orders`).toHaveLength(0);
  });

  it('comes back signed out from a silent try', async () => {
    const page = await tab.goto(globex(`/sso/login?silent=1&return_to=${encodeURIComponent('/?sso_tried=1')}`));
    expect([page.status, page.url]).toEqual([200, globex('/?sso_tried=1')]);
    expect(textOf(page.body)).toContain('Nobody is signed in');
  });
});

describe('somebody who is signed in at Acme', () => {
  beforeEach(() => signIn(`${world.at.notes}/`));

  it('is known after a silent try', async () => {
    const page = await tab.goto(globex(`/sso/login?silent=1&return_to=${encodeURIComponent('/?sso_tried=1')}`));
    expect(textOf(page.body)).toContain('By a short trip to the gateway and back');
    const told = textOf((await tab.goto(`${world.at.start}/what-happened`)).body);
    expect(told).toContain('Globex asks in passing: is anybody signed in?');
    expect(told).toContain('The gateway knows this browser and sends it straight back with a one-time code.');
    expect(told).toContain('Globex’s server redeems the code');
  });

  it('is known by the frame, without leaving the page; the journal tells, and keeps the code to itself', async () => {
    await tab.goto(globex('/'));
    await tab.load('iframe', `${world.at.gateway}/frame?client_id=${globexId}`, {
      headers: { referer: `${world.at.globex}/` },
    });
    const asked = await challenge();
    const { state, code } = JSON.parse((await frameAsks(asked)).body) as { state: string; code: string };
    expect(state).toBe('signed-in');
    const redeemed = await script(world.at.globex, '/sso/callback', { code, nonce: asked.nonce });
    expect(JSON.parse(redeemed.body)).toMatchObject({ signed_in: true, client_id: globexId });
    expect(redeemed.cookies.join('\n')).toMatch(/globex_way=page\.\d+;/);
    expect(steps().find(({ details }) => details.path === '/frame/check')?.details).toMatchObject({
      answer: 'signed-in',
      codeGiven: true,
      sentAlong: expect.arrayContaining(['__Host-sso_xs']),
    });
    const everything = JSON.stringify(steps());
    const { monitor } = JSON.parse(redeemed.body) as { monitor: string };
    for (const secret of [code, asked.nonce, asked.code_challenge, monitor]) expect(everything).not.toContain(secret);
    const told = textOf((await tab.goto(`${world.at.start}/what-happened`)).body);
    expect(told).toContain('Opening Globex, without leaving it: the frame knows who it is');
    expect(told).toContain('It gives a one-time code, good for this app alone');
  });

  it('who leaves a page open fills one line of the journal, however often it asks', async () => {
    await signInSilently();
    for (let i = 0; i < 7; i += 1) expect(JSON.parse((await frameAsks()).body)).toEqual({ state: 'signed-in' });
    const polls = () => steps().filter(({ details }) => details.path === '/frame/check');
    await expect.poll(() => polls().map(({ details }) => details.times)).toEqual([7]);
    expect(textOf((await tab.goto(`${world.at.start}/what-happened`)).body)).toContain('7 times so far');
  });

  it('and signs out at Notes, is out at Globex: its server is told, and the old cookie is worth nothing', async () => {
    await signInSilently();
    const cookie = browser.jar.header(new URL(world.at.globex)) ?? '';
    expect(cookie).toContain('__Host-app_session');
    const other = browser.tab();
    await other.goto(`${world.at.notes}/`);
    await other.submit();
    const me = () => ask(globex('/api/me'), { headers: { cookie } });
    await expect.poll(async () => (await me()).status).toBe(401);
    expect(await says('/')).toContain('Nobody is signed in');
    const told = textOf((await tab.goto(`${world.at.start}/what-happened`)).body);
    expect(told).toMatch(/Gateway → Globex POST \/sso\/backchannel-logout → 200/);
    expect(told).toContain('the gateway tells Globex’s server, by a signed message');
  });

  it('signs out at Globex, and is out at Notes', async () => {
    await signInSilently();
    const out = await tab.post(globex('/sso/logout'), {});
    expect(out.url).toBe(globex('/bye'));
    expect(textOf(out.body)).toContain('You are signed out, everywhere');
    expect((await tab.goto(`${world.at.notes}/`)).url).toContain(world.at.userPool);
  });

  async function signInSilently(): Promise<void> {
    await tab.goto(globex('/sso/login?silent=1&return_to=/'));
    expect(textOf(tab.page.body)).toContain('You are Ann Almond');
  }
});

describe('an order', () => {
  beforeEach(() => signIn(globex('/orders')));

  it('is a row beside the person’s id, and is cancelled', async () => {
    const placed = await tab.post(globex('/orders'), { item: 'plant' });
    expect([placed.status, placed.url]).toEqual([200, globex('/orders')]);
    expect(placed.body).toContain('Rubber plant');
    const { uid } = JSON.parse((await tab.load('fetch', globex('/api/me'))).body) as { uid: string };
    expect(await world.sql`select * from demo.orders`).toMatchObject([{ uid, item: 'plant' }]);
    const [, action = ''] = /action="(\/orders\/\d+\/cancel)"/.exec(placed.body) ?? [];
    expect(textOf((await tab.post(globex(action), {})).body)).toContain('Nothing ordered yet');
  });

  it('of somebody else is neither seen nor cancelled', async () => {
    await world.sql`insert into demo.orders (uid, item) values ('bob-id', 'lamp')`;
    const [row] = await world.sql<{ id: string }[]>`select id::text from demo.orders`;
    expect(await says('/orders')).not.toContain('Desk lamp');
    expect((await tab.post(globex(`/orders/${row?.id}/cancel`), {})).status).toBe(404);
    expect(await world.sql`select from demo.orders`).toHaveLength(1);
  });

  it.each([
    ['from another site', { item: 'lamp' }, 'http://evil.localhost', 403],
    ['of what nobody sells', { item: 'moon' }, undefined, 400],
    ['of everything', { item: 'lamp', more: 'x'.repeat(2000) }, undefined, 413],
  ])('%s is refused', async (_, fields, origin, status) => {
    await tab.goto(globex('/orders'));
    const headers = origin === undefined ? {} : { origin, 'sec-fetch-site': 'cross-site' };
    expect((await tab.post(globex('/orders'), fields, { headers })).status).toBe(status);
    expect(await world.sql`select from demo.orders`).toHaveLength(0);
  });

  it('can wait while the database is away', async () => {
    const sql = postgres('postgres://x@127.0.0.1:1/x', { connect_timeout: 1, max: 1 });
    const { globex: secret, globexClient } = worldSecrets(dir);
    const at = { gateway: world.at.gateway, url: world.at.globex, clientId: globexId };
    const app = createGlobexApp({ ...at, sql, secret, clientSecret: globexClient.secret });
    const cookie = browser.jar.header(new URL(world.at.globex)) ?? '';
    const answer = await app.fetch(new Request(globex('/orders'), { headers: { cookie } }));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.text()).toContain('They are not lost');
    await sql.end({ timeout: 0 });
  });
});

it('its pages run its own script and the gateway’s, and frame the gateway alone', async () => {
  const page = await tab.goto(globex('/'));
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain(`script-src 'self' ${world.at.gateway};`);
  expect(policy).toContain(`frame-src ${world.at.gateway};`);
  expect(policy).toContain(`connect-src 'self' ${world.at.gateway};`);
  expect(policy).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/);
  expect(policy).not.toContain('unsafe');
  const module = await tab.load('fetch', globex('/globex.js'));
  expect(module.headers.get('content-type')).toMatch(/^text\/javascript/);
  expect(module.body).toContain(`from "${world.at.gateway}/browser.js"`);
  const served = await tab.load('fetch', `${world.at.gateway}/browser.js`);
  expect([served.status, served.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect(served.body).toContain('createSso');
});

it('shows how somebody got in as words of its own, whatever the note says', async () => {
  await signIn(globex('/orders'));
  for (const note of ['<b>', 'frame.<b>', 'toString.1', 'frame.99999999999999']) {
    browser.toss(globex('/'), `globex_way=${note}; Path=/`);
    expect((await tab.goto(globex('/'))).body).not.toContain('<b>');
    expect(textOf(tab.page.body)).toContain('Nobody noted it');
  }
});

it('the registrable domain names the gateway for FedCM, as a proxy there would', async () => {
  const { status, body } = await ask(`${world.at.start}/.well-known/web-identity`);
  expect([status, JSON.parse(body)]).toMatchObject([200, { provider_urls: [`${world.at.gateway}/fedcm/config.json`] }]);
  expect((await ask(`${world.at.start}/fedcm/config.json`)).status).toBe(404);
});
