import { describe, expect, it } from 'vitest';
import { domainCookie, start } from '../../check/check.testing.ts';
import { behindGateway, bob, keepingLog, type Lines, siteCookie, standalone } from './check-auth.testing.ts';
import { createCheckAuth } from './check-auth.ts';
import { type Asked, requestEvent, runRequest } from './cloudfront.testing.ts';

const fetched: typeof fetch = () => Promise.reject(new Error('nothing is fetched'));

/** Both shapes decide alike; they differ in whose cookie counts and where people are sent. */
const shapes = [
  {
    shape: 'behind a gateway',
    settings: behindGateway,
    name: '__Secure-sso',
    login: 'https://auth.acme.test/login',
    refresh: 'https://auth.acme.test/refresh',
    cookie: domainCookie,
  },
  {
    shape: 'at a site of its own',
    settings: standalone,
    name: '__Host-site',
    login: 'https://docs.acme.test/_sso/refresh',
    refresh: 'https://docs.acme.test/_sso/refresh',
    cookie: siteCookie as typeof domainCookie,
  },
] as const;

describe.each(shapes)('check_auth $shape', ({ settings, name, login, refresh, cookie }) => {
  const ask = async (asked: Asked, at = start + 10, lines: Lines = []) =>
    await runRequest(
      createCheckAuth(settings, { clock: () => at, fetch: fetched, log: keepingLog(lines) }),
      requestEvent(asked),
    );
  const as = (pair: string, more: Asked['headers'] = {}) => ({ headers: { cookie: pair, ...more } });
  const returnTo = (outcome: Awaited<ReturnType<typeof ask>>) =>
    outcome.kind === 'answered' && outcome.location !== undefined
      ? {
          status: outcome.status,
          at: outcome.location.split('?')[0],
          to: new URL(outcome.location).searchParams.get('return_to'),
        }
      : outcome;

  describe('lets through', () => {
    it('somebody with a cookie, and tells the origin who that is', async () => {
      const outcome = await ask({ path: '/reports/2026?tab=2', ...as(`theme=dark; ${cookie()}; _ga=GA1`) });
      expect(outcome).toMatchObject({
        kind: 'passed',
        request: { uri: '/reports/2026', querystring: 'tab=2', method: 'GET' },
        headers: {
          'remote-user': '42',
          'remote-email': 'ann@acme.test',
          'remote-name': 'Ann',
          'remote-groups': 'editor',
          host: 'docs.acme.test',
        },
      });
    });

    it('the same cookie again and again, until it expires', async () => {
      let now = start;
      const handler = createCheckAuth(settings, { clock: () => now, fetch: fetched, log: keepingLog([]) });
      const post = () => runRequest(handler, requestEvent({ method: 'POST', ...as(cookie()) }));
      for (const [seconds, kind] of [
        [0, 'passed'],
        [1, 'passed'],
        [1829, 'passed'],
        [1830, 'answered'],
      ] as const) {
        now = start + seconds;
        expect((await post()).kind, String(seconds)).toBe(kind);
      }
    });

    it('nobody in particular, where everybody may come', async () => {
      const outcome = await ask({ path: '/open/page' });
      expect(outcome).toMatchObject({ kind: 'passed', headers: { 'remote-user': '', 'remote-groups': '' } });
    });

    it('names that no header holds, percent-encoded', async () => {
      const outcome = await ask(as(cookie({ name: 'Ánn\r\nRemote-User: 1' })));
      expect(outcome).toMatchObject({
        headers: { 'remote-name': '%C3%81nn%0D%0ARemote-User%3A 1', 'remote-user': '42' },
      });
    });

    it('an address that is too long to return to, when it is time to renew', async () => {
      const outcome = await ask({ path: `/${'a'.repeat(2000)}`, ...as(cookie()) }, start + 1700);
      expect(outcome.kind).toBe('passed');
    });

    it('cookies that HTTP/2 cut into pieces', async () => {
      const event = requestEvent();
      event.Records[0].cf.request.headers.cookie = [
        { key: 'cookie', value: 'a=b' },
        { key: 'cookie', value: cookie() },
      ];
      const handler = createCheckAuth(settings, { clock: () => start, fetch: fetched, log: keepingLog([]) });
      expect(await runRequest(handler, event)).toMatchObject({ kind: 'passed', headers: { 'remote-user': '42' } });
    });
  });

  describe('strips what a viewer claims to be', () => {
    it.each([
      'remote-user',
      'remote-groups',
      'remote_user',
      'remote.user',
      'x-auth-request-user',
      'x_auth_request_user',
      'x-auth-request-groups',
      'x-auth-request-preferred-username',
      'identity-token',
      'identity_token',
    ])('%s', async (claim) => {
      for (const [path, pair] of [
        ['/', cookie()],
        ['/open/', ''],
      ] as const) {
        const outcome = await ask({ path, headers: { cookie: pair, [claim]: 'mallory' } });
        expect(outcome.kind).toBe('passed');
        expect(JSON.stringify(outcome)).not.toContain('mallory');
      }
    });

    it('however many names they make up', async () => {
      const handler = createCheckAuth(settings, { clock: () => start, fetch: fetched, log: keepingLog([]) });
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`x-${i}`, '1']));
      for (let i = 0; i < 3; i++) {
        const made = Object.fromEntries(Object.keys(many).map((one) => [`${one}-${i}`, '1']));
        await runRequest(handler, requestEvent({ ...as(cookie(), made) }));
      }
      const outcome = await runRequest(handler, requestEvent(as(cookie(), { remote_email: 'mallory', 'x-fine': '1' })));
      expect(outcome).toMatchObject({ headers: { 'x-fine': '1', 'remote-email': 'ann@acme.test' } });
      expect(outcome.kind === 'passed' && outcome.headers.remote_email).toBe(undefined);
    });
  });

  describe('sends a page load to sign in, and back to exactly that page', () => {
    it.each([
      ['/', '/'],
      ['/reports/2026?tab=2&q=a%20b%2Fc&r=%E2%82%AC', '/reports/2026?tab=2&q=a%20b%2Fc&r=%E2%82%AC'],
      ['/caf%C3%A9?return_to=https://evil.test/', '/caf%C3%A9?return_to=https://evil.test/'],
      ['/a/?', '/a/'],
    ])('%s', async (path, expected) => {
      expect(returnTo(await ask({ path }))).toEqual({
        status: 302,
        at: login,
        to: `https://docs.acme.test${expected}`,
      });
    });

    it('by an address from the settings, whatever the viewer says of itself', async () => {
      const headers = {
        'x-forwarded-host': 'evil.test',
        'x-forwarded-uri': '/evil',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.test',
      };
      expect(returnTo(await ask({ path: '/here', headers }))).toMatchObject({ to: 'https://docs.acme.test/here' });
    });

    it('where the browser sends no Fetch Metadata', async () => {
      const headers = { 'sec-fetch-mode': undefined, 'sec-fetch-dest': undefined };
      expect(returnTo(await ask({ headers }))).toMatchObject({ status: 302 });
    });

    it('to renew, where a cookie expired', async () => {
      const outcome = returnTo(await ask(as(cookie()), start + 4000));
      expect(outcome).toEqual({ status: 302, at: refresh, to: 'https://docs.acme.test/' });
    });

    it('to renew, where a sibling put another valid cookie beside it', async () => {
      const outcome = returnTo(await ask(as(`${cookie()}; ${cookie(bob)}`)));
      expect(outcome).toEqual({ status: 302, at: refresh, to: 'https://docs.acme.test/' });
    });
  });

  describe('renews in the last ten minutes of a cookie', () => {
    it.each<[string, Asked, number, string]>([
      ['a page load eleven minutes before', {}, 1140, 'passed'],
      ['a page load ten minutes before', {}, 1200, 'answered'],
      ['a page load in the leeway', {}, 1820, 'answered'],
      ['a fetch', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }, 1700, 'passed'],
      ['a post', { method: 'POST' }, 1700, 'passed'],
      ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }, 1700, 'passed'],
      ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }, 1700, 'passed'],
      ['a public page', { path: '/open/' }, 1700, 'answered'],
    ])('%s', async (_, asked, seconds, kind) => {
      const outcome = await ask({ ...asked, headers: { cookie: cookie(), ...asked.headers } }, start + seconds);
      expect(outcome.kind).toBe(kind);
      if (kind === 'answered') expect(returnTo(outcome)).toMatchObject({ at: refresh });
    });

    it('but a short one of an outage only in its last third', async () => {
      const short = cookie({ iat: start, exp: start + 300 });
      expect((await ask(as(short), start + 199)).kind).toBe('passed');
      expect((await ask(as(short), start + 200)).kind).toBe('answered');
    });
  });

  describe('answers everything else with 401 and where to sign in', () => {
    it.each<[string, Asked]>([
      ['a fetch', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' } }],
      ['a post', { method: 'POST' }],
      ['a HEAD', { method: 'HEAD' }],
      ['an image', { headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } }],
      ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }],
      ['a program', { headers: { 'sec-fetch-mode': undefined, 'sec-fetch-dest': undefined, accept: '*/*' } }],
    ])('%s', async (_, asked) => {
      const outcome = await ask({ path: '/x?y=1', ...asked });
      expect(outcome).toMatchObject({ status: 401, headers: { 'content-type': 'application/problem+json' } });
      if (outcome.kind !== 'answered') return;
      const problem = JSON.parse(outcome.body) as { code: string; login: string };
      expect(problem.code).toBe('not_signed_in');
      expect(problem.login.split('?')[0]).toBe(login);
      expect(new URL(problem.login).searchParams.get('return_to')).toBe('https://docs.acme.test/x?y=1');
    });

    it('and writes nothing down, for they come all the time', async () => {
      const lines: Lines = [];
      await ask({ method: 'POST' }, start, lines);
      await ask({ headers: { 'sec-purpose': 'prefetch' } }, start, lines);
      expect(lines).toEqual([]);
    });

    it('and says so where a session expired', async () => {
      const outcome = await ask({ method: 'POST', ...as(cookie()) }, start + 4000);
      expect(outcome.kind === 'answered' && JSON.parse(outcome.body)).toMatchObject({ code: 'session_expired' });
    });
  });

  describe('goes by the rules', () => {
    const fetching = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' };
    it.each<[string, Asked, Parameters<typeof cookie>[0], number | 'passed']>([
      ['a role that somebody has', { path: '/admin/x' }, { roles: ['admin'] }, 'passed'],
      ['a role that somebody lacks', { path: '/admin/x' }, {}, 403],
      ['the path itself of a prefix', { path: '/admin' }, {}, 403],
      ['an encoded letter', { path: '/%61dmin/x' }, {}, 403],
      ['a permission that somebody has', { path: '/reports/x' }, {}, 'passed'],
      ['a permission that somebody lacks', { path: '/reports/x' }, { permissions: [] }, 403],
      ['another method', { path: '/write' }, {}, 'passed'],
      ['a method that asks for more', { path: '/write', method: 'POST' }, {}, 403],
      ['roles that did not fit the cookie', { path: '/admin/x' }, { roles: undefined }, 403],
      ['roles that did not fit, where none are asked for', { path: '/x' }, { roles: undefined }, 'passed'],
    ])('%s', async (_, asked, changes, expected) => {
      const outcome = await ask({ ...asked, headers: { cookie: cookie(changes), ...fetching } });
      expect(outcome.kind === 'passed' ? 'passed' : outcome.status).toBe(expected);
    });

    it('with a page for a person who may not', async () => {
      const lines: Lines = [];
      const outcome = await ask({ path: '/admin/x', ...as(cookie()) }, start, lines);
      expect(outcome).toMatchObject({
        status: 403,
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': expect.stringContaining("default-src 'none'"),
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
        },
        body: expect.stringContaining('does not have access'),
      });
      expect(lines.join()).toContain('forbidden');
      expect(lines.join()).not.toContain('eyJ');
    });

    it('roles that did not fit are no roles for the origin', async () => {
      const outcome = await ask({ path: '/x', ...as(cookie({ roles: undefined } as never)) });
      expect(outcome).toMatchObject({ headers: { 'remote-user': '42', 'remote-groups': '' } });
    });
  });

  describe('refuses', () => {
    it.each<[string, string]>([
      ['dot segments', '/open/../admin/x'],
      ['encoded dot segments', '/open/%2e%2e/admin/x'],
      ['half encoded ones', '/open/.%2E/admin'],
      ['`..;`', '/open/..;/admin'],
      ['two slashes', '//admin'],
      ['an encoded slash', '/open%2fadmin'],
      ['an encoded backslash', '/open%5cadmin'],
      ['a backslash', '/open\\admin'],
      ['a zero', '/open%00'],
      ['double encoding', '/open%252fadmin'],
      ['a lone percent', '/open/%zz'],
      ['a path parameter that changes the rule', '/admin;x/y'],
      ['a fragment', '/a#b'],
    ])('%s', async (_, path) => {
      const outcome = await ask({ path, ...as(cookie({ roles: ['admin'] })) });
      expect(outcome).toMatchObject({ kind: 'answered', status: 400 });
    });

    it.each([
      ['another host', 'evil.test'],
      ['the name of the distribution', 'd111111abcdef8.cloudfront.net'],
      ['a host below ours', 'x.docs.acme.test'],
      ['no host', undefined],
    ])('%s', async (_, host) => {
      expect(await ask({ headers: { host, cookie: cookie() } })).toMatchObject({ status: 421 });
    });

    it('a prefetch of a guarded page, so that browsers forget it', async () => {
      const outcome = await ask({ headers: { 'sec-purpose': 'prefetch;prerender' } });
      expect(outcome).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store' }, cookies: [] });
    });

    it('to sign in for an address that nobody could return to', async () => {
      expect(await ask({ path: `/${'a'.repeat(1100)}` })).toMatchObject({ status: 400 });
    });

    it.each(settings.elsewhere)('%s, which has a function of its own', async (path) => {
      const lines: Lines = [];
      expect(await ask({ path, ...as(cookie()) }, start, lines)).toMatchObject({ status: 404 });
      expect(lines.join()).toContain('behaviour');
    });

    it('to run behind the cache', async () => {
      const lines: Lines = [];
      const handler = createCheckAuth(settings, { clock: () => start, fetch: fetched, log: keepingLog(lines) });
      expect(await runRequest(handler, requestEvent(as(cookie()), 'origin-request'))).toMatchObject({ status: 500 });
      expect(lines.join()).toContain('origin-request');
    });
  });

  describe('takes for nobody', () => {
    const [header = '', claims = '', signature = ''] = (cookie().split('=')[1] ?? '').split('.');
    const forged = (change: object) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...change })).toString(
        'base64url',
      );
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'sso+jwt' })).toString('base64url');
    it.each([
      ['another person in a signed cookie', `${header}.${forged({ sub: '1' })}.${signature}`],
      ['no signature', `${header}.${claims}.`],
      ['`alg: none`', `${none}.${claims}.`],
      ['padding', `${header}.${claims}.${signature}=`],
      ['a fourth part', `${header}.${claims}.${signature}.x`],
      ['nothing', ''],
      ['junk', 'junk'],
      ['not JSON', 'AAAA.BBBB.CCCC'],
    ])('%s', async (_, value) => {
      expect(returnTo(await ask(as(`${name}=${value}`)))).toMatchObject({ status: 302, at: login });
    });

    it("the other shape's cookie, under its own name and under ours", async () => {
      const other = name === '__Host-site' ? domainCookie() : siteCookie();
      const value = other.slice(other.indexOf('=') + 1);
      expect(returnTo(await ask(as(other)))).toMatchObject({ status: 302, at: login });
      expect(returnTo(await ask(as(`${name}=${value}`)))).toMatchObject({ status: 302 });
    });

    it('a cookie of the same name with a prefix or suffix', async () => {
      const value = cookie().slice(name.length);
      expect(returnTo(await ask(as(`x${name}${value}; ${name}2${value}`)))).toMatchObject({ status: 302, at: login });
    });

    it('a cookie from the future', async () => {
      const outcome = await ask(as(cookie({ iat: start + 100, exp: start + 1900 })), start);
      expect(returnTo(outcome)).toMatchObject({ status: 302, at: login });
    });
  });

  describe('preflights', () => {
    const preflight = { origin: 'https://notes.acme.test', 'access-control-request-method': 'PUT' };
    it('go to the origin as nobody', async () => {
      const outcome = await ask({ method: 'OPTIONS', path: '/x', headers: { ...preflight, 'remote-user': '1' } });
      expect(outcome).toMatchObject({ kind: 'passed', headers: { 'remote-user': '' } });
    });

    it('are refused where no rule covers what they announce', async () => {
      const headers = { ...preflight, host: 'media.acme.test' };
      const outcome = await ask({ method: 'OPTIONS', path: '/elsewhere', headers });
      expect(outcome).toMatchObject({ status: settings.sites.length > 1 ? 403 : 421 });
    });

    it('are no way around for an ordinary OPTIONS', async () => {
      expect(await ask({ method: 'OPTIONS', path: '/x' })).toMatchObject({ status: 401 });
    });
  });

  describe('WebSockets', () => {
    const socket = { 'sec-websocket-key': 'x', 'sec-websocket-version': '13', 'sec-fetch-mode': 'websocket' };
    it.each([
      ['of the site itself', 'https://docs.acme.test', '/x', 'passed'],
      ['of a sibling', 'https://notes.acme.test', '/x', 403],
      ['of nobody who says so', undefined, '/x', 403],
      ['of anybody, where everybody may come', 'https://evil.test', '/open/', 'passed'],
    ])('%s', async (_, origin, path, expected) => {
      const outcome = await ask({ path, ...as(cookie(), { ...socket, origin }) });
      expect(outcome.kind === 'passed' ? 'passed' : outcome.status).toBe(expected);
      if (outcome.kind === 'passed' && path === '/open/') expect(outcome.headers['remote-user']).toBe('');
    });
  });

  it('writes the other family of headers where told to', async () => {
    const handler = createCheckAuth(
      { ...settings, headers: 'x-auth-request' },
      { clock: () => start, fetch: fetched, log: keepingLog([]) },
    );
    const outcome = await runRequest(handler, requestEvent(as(cookie(), { 'remote-user': 'mallory' })));
    expect(outcome).toMatchObject({ headers: { 'x-auth-request-user': '42', 'x-auth-request-groups': 'editor' } });
    expect(outcome.kind === 'passed' && Object.keys(outcome.headers).filter((one) => one.startsWith('remote'))).toEqual(
      [],
    );
  });
});
