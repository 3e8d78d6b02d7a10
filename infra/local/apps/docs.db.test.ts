import { beforeEach, describe, expect, it } from 'vitest';
import { textOf } from '../../suite/browser.ts';
import { ask } from '../../suite/exchange.ts';
import { appsWorld } from './apps-world.testing.ts';

const here = appsWorld();
const docs = (at: string) => here().world.at.docs + at;
const edgeSteps = () =>
  here()
    .world.journal.steps()
    .filter(({ kind }) => kind === 'edge');
const domainCookie = () => here().browser.jar.header(new URL(docs('/')));

describe('a visitor', () => {
  it('is sent to sign in, and comes back to the very page', async () => {
    await here().signIn('cyd@acme.test', docs('/check-auth?from=mail'));
    expect(textOf(here().tab.page.body)).toContain('check_auth: who may read');
  });

  it('that is a program gets 401, made at the edge', async () => {
    const answer = await ask(docs('/'), { headers: { accept: '*/*' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'not_signed_in',
      login: expect.stringContaining('/login?return_to='),
    });
    expect(answer.headers.get('x-cache')).toBe('LambdaGeneratedResponse from cloudfront');
  });

  it.each([
    ['says who they are', { 'remote-user': 'root', 'remote-groups': 'admin' }],
    ['shows a cookie that nobody signed', { cookie: '__Secure-sso=eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.' }],
  ])('that %s is nobody all the same', async (_, headers) => {
    expect((await ask(docs('/admin/costs'), { headers })).status).toBe(401);
  });

  it('may read what is open, and only that', async () => {
    const page = await here().tab.goto(docs('/open/about'));
    expect([page.status, page.hops.length]).toEqual([200, 1]);
    expect(textOf(page.body)).toContain('Anybody may read this page');
    expect((await ask(docs('/open/..%2fadmin/costs'), { headers: { accept: '*/*' } })).status).toBe(400);
  });
});

describe('somebody who is signed in', () => {
  it('at notes is known at once, with no word to the gateway', async () => {
    await here().signIn('ann@acme.test', `${here().world.at.notes}/`);
    const page = await here().tab.goto(docs('/'));
    expect([page.status, page.hops.length]).toEqual([200, 1]);
  });

  it('gets the folder’s page with the headers of http_headers', async () => {
    await here().signIn('ann@acme.test', docs('/'));
    const { headers } = here().tab.page;
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('server-timing')).toMatch(/^check_auth;dur=[\d.]+, http_headers;dur=[\d.]+$/);
    const missing = await here().tab.goto(docs('/nothing'));
    expect([missing.status, missing.headers.get('x-frame-options')]).toEqual([404, null]);
  });

  it('is told to the origin as who they are, whatever else the request says', async () => {
    await here().signIn('cyd@acme.test', docs('/'));
    here().world.journal.clear();
    await here().tab.goto(docs('/'), {
      headers: { 'remote-user': 'root', 'remote-groups': 'admin', remote_name: 'Root' },
    });
    expect(edgeSteps()[0]?.details.identity).toEqual({
      'Remote-User': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'Remote-Email': 'cyd@acme.test',
      'Remote-Name': 'Cyd Clover',
      'Remote-Groups': '',
    });
  });

  it.each([
    ['ann@acme.test', 200, 'What it costs'],
    ['cyd@acme.test', 403, 'not'],
  ])('as %s gets %s at the admins’ page', async (email, status, says) => {
    await here().signIn(email, docs('/'));
    const page = await here().tab.goto(docs('/admin/costs'));
    expect([page.status, textOf(page.body)]).toEqual([status, expect.stringContaining(says)]);
    expect(page.body.includes('per million')).toBe(status === 200);
  });

  it('can read and do nothing else: a folder takes no posts', async () => {
    await here().signIn('ann@acme.test', docs('/'));
    expect((await here().tab.post(docs('/'), { x: '1' })).status).toBe(403);
  });
});

describe('signing out', () => {
  beforeEach(() => here().signIn('ann@acme.test', docs('/')));

  it('at notes takes the cookie away, and with it Docs', async () => {
    expect(domainCookie()).toContain('__Secure-sso=');
    await here().signOutAtNotes();
    expect(domainCookie() ?? '').not.toContain('__Secure-sso=');
    expect((await here().tab.goto(docs('/'))).url).toContain(here().world.at.userPool);
  });

  it('begins at Docs too: the gateway asks, and brings people back', async () => {
    const asked = await here().tab.goto(docs('/_sso/sign-out'));
    expect(asked.url).toBe(`${here().world.at.gateway}/logout?return_to=${encodeURIComponent(docs('/'))}`);
    const out = await here().tab.submit({});
    expect(domainCookie() ?? '').not.toContain('__Secure-sso=');
    expect(out.hops.map(({ url }) => url)).toContain(docs('/'));
  });
});

describe('what happened', () => {
  it('tells what each function did, for page loads alone', async () => {
    await here().signIn('ann@acme.test', docs('/'));
    await here().tab.load('fetch', docs('/'));
    await here().tab.load('fetch', docs('/docs.js'));
    await here().tab.goto(docs('/open/about'));
    const said = textOf((await here().tab.goto(`${here().world.at.start}/what-happened`)).body);
    for (const words of [
      'Opening Docs, with a password',
      'check_auth finds no sign-in cookie, and sends the browser to the gateway.',
      'lets the request through as Ann Almond. It asks nobody.',
      /http_headers adds \d headers to the answer/,
      'lets the request through as Ann Almond',
    ])
      expect(said).toMatch(words);
    expect(edgeSteps().map(({ summary }) => summary)).toEqual([
      'check-auth answers 302',
      'check-auth lets / through',
      expect.stringMatching(/^http-headers adds \d headers$/),
      'check-auth lets /open/about through',
      expect.stringMatching(/^http-headers adds \d headers$/),
    ]);
    expect(JSON.stringify(edgeSteps())).not.toContain('__Secure-sso=');
  });
});
