import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AutoLogin, createAutoLogin, type Outcome, type Person } from './core.ts';
import {
  fetches,
  gateway,
  navigates,
  notes,
  openStandIn,
  pair,
  returnTo,
  type StandIn,
  start,
} from './gateway-stand-in.suite.ts';

let sso: StandIn;
let app: AutoLogin;
let signedIn: Person[];

beforeAll(async () => {
  sso = await openStandIn();
});
afterAll(async () => await sso.close());
beforeEach(() => {
  sso.now = start;
  signedIn = [];
  app = createAutoLogin(sso.options({ onSignIn: (person) => void signedIn.push(person) }));
});

const request = (cookies: string[], headers: Readonly<Record<string, string>> = navigates, path = '/list?page=2') =>
  new Request(`${notes}${path}`, { headers: { ...headers, cookie: cookies.join('; ') } });

const cleared = '__Host-app_session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax';

function responseOf(outcome: Outcome): Response {
  if (outcome.kind !== 'respond') throw new Error(`the app would have carried on: ${outcome.kind}`);
  return outcome.response;
}

function signedInOf(outcome: Outcome) {
  if (outcome.kind !== 'signed-in') throw new Error(`not signed in: ${outcome.kind}`);
  return outcome;
}

/** The local session of a fresh start. */
const localOf = (outcome: Outcome) => pair(signedInOf(outcome).cookies[0] ?? '');

describe('somebody who is signed in at the gateway', () => {
  it('is known here by the first request, as the cookie says', async () => {
    const outcome = signedInOf(await app.handle(request([sso.domainCookie()])));
    expect(outcome.person).toEqual({
      id: 'ann-id',
      email: 'ann@acme.test',
      name: 'Ann Ångström',
      roles: ['editor'],
      permissions: ['notes:read', 'notes:write'],
      authTime: start - 60,
      expiresAt: start + 1800,
    });
    expect(outcome.sid).toBe('sid-of-ann');
    expect(signedIn).toEqual([outcome.person]);
  });

  it('gets a local session that ends with the domain cookie’s token, and that no cache keeps', async () => {
    const outcome = signedInOf(await app.handle(request([sso.domainCookie()])));
    expect(outcome.cookies).toHaveLength(1);
    expect(outcome.cookies[0]).toMatch(
      /^__Host-app_session=[\w-]+\.[\w-]{43}; Path=\/; Max-Age=1830; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(outcome.headers).toEqual([
      ['Vary', 'Cookie'],
      ['Cache-Control', 'no-store'],
    ]);
  });

  it('keeps the local session without another word', async () => {
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    const again = signedInOf(await app.handle(request([sso.domainCookie(), local])));
    expect(again.cookies).toEqual([]);
    expect(again.headers).toEqual([
      ['Vary', 'Cookie'],
      ['Cache-Control', 'private, no-cache'],
    ]);
    expect(signedIn).toHaveLength(1);
  });

  it('takes the local session along when the domain cookie is renewed, without signing in anew', async () => {
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    sso.now += 1500;
    const renewed = signedInOf(await app.handle(request([sso.domainCookie(), local])));
    expect(renewed.cookies).toHaveLength(1);
    expect(pair(renewed.cookies[0] ?? '')).not.toBe(local);
    sso.now += 1500;
    expect(signedInOf(await app.handle(request([sso.domainCookie(), pair(renewed.cookies[0] ?? '')])))).toBeTruthy();
    expect(signedIn).toHaveLength(1);
  });

  it('signs in anew after an absence longer than the token', async () => {
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    sso.now += 1831;
    await app.handle(request([sso.domainCookie(), local]));
    expect(signedIn).toHaveLength(2);
  });

  it('is served by fetches, posts and prefetches alike', async () => {
    const cookie = sso.domainCookie();
    for (const headers of [fetches, { ...navigates, 'sec-purpose': 'prefetch' }])
      expect((await app.handle(request([cookie], headers))).kind).toBe('signed-in');
    const post = new Request(notes, { method: 'POST', headers: { ...navigates, cookie }, body: 'x' });
    expect((await app.handle(post)).kind).toBe('signed-in');
    expect(post.bodyUsed).toBe(false);
  });

  it('has no roles or permissions where the cookie carries none, which is not an empty list', async () => {
    const { person } = signedInOf(await app.handle(request([sso.domainCookie({ carries: [] })])));
    expect(person).toEqual({ id: 'ann-id', authTime: start - 60, expiresAt: start + 1800 });
  });

  it('starts no session when onSignIn throws', async () => {
    const refuses = createAutoLogin(sso.options({ onSignIn: () => Promise.reject(new Error('no such desk')) }));
    await expect(refuses.handle(request([sso.domainCookie()]))).rejects.toThrow('no such desk');
  });

  it.each([
    ['the last second of the leeway', 1829, 'signed-in'],
    ['the second after', 1830, 'respond'],
  ])('is judged by the clock: %s', async (_, passed, kind) => {
    const cookie = sso.domainCookie();
    const first = await app.handle(request([cookie]));
    sso.now += passed;
    expect((await app.handle(request([cookie, localOf(first)]))).kind).toBe(kind);
  });
});

describe('somebody whom the cookie does not vouch for', () => {
  const expired = () => sso.domainCookie({ iat: start - 3600, exp: start - 1800 });
  const tossed = () => sso.domainCookie({ uid: 'eve-id', sid: 'sid-of-eve' });
  const states: [string, () => string[], '/login' | '/refresh', boolean][] = [
    ['no cookie', () => [], '/login', true],
    ['a cookie that nobody signed', () => ['__Secure-sso=a.b.c'], '/login', true],
    ['an expired cookie', () => [expired()], '/refresh', false],
    ['two different valid cookies', () => [sso.domainCookie(), tossed()], '/refresh', true],
    ['a heap of cookies', () => [1, 2, 3, 4, 5].map((n) => `__Secure-sso=${n}`), '/refresh', true],
  ];

  it.each(states)('%s: a navigation goes to the gateway and back', async (_, cookies, path) => {
    const response = responseOf(await app.handle(request(cookies())));
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.origin + location.pathname).toBe(gateway + path);
    expect(returnTo(location.href)).toBe(`${notes}/list?page=2`);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('vary')).toContain('Cookie');
    expect(response.headers.get('vary')).toContain('Sec-Fetch-Mode');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it.each(states)('%s: a fetch gets 401 with addresses', async (_, cookies, path) => {
    const response = responseOf(await app.handle(request(cookies(), fetches)));
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const problem = (await response.json()) as Record<string, unknown>;
    const back = `return_to=${encodeURIComponent(`${notes}/list?page=2`)}`;
    expect(problem).toEqual({
      title: expect.any(String),
      status: 401,
      code: path === '/login' ? 'not_signed_in' : 'session_expired',
      login: `${gateway}/login?${back}`,
      ...(path === '/refresh' ? { refresh: `${gateway}/refresh?${back}` } : {}),
    });
  });

  it.each(states)('%s: the local session is dropped where that is final', async (_, cookies, _path, drops) => {
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    for (const headers of [navigates, fetches]) {
      const response = responseOf(await app.handle(request([...cookies(), local], headers)));
      expect(response.headers.getSetCookie()).toEqual(drops ? [cleared] : []);
    }
  });

  it.each(states)('%s: a prefetch is refused and changes nothing', async (_, cookies) => {
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    for (const purpose of [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
    ]) {
      const response = responseOf(await app.handle(request([...cookies(), local], { ...navigates, ...purpose })));
      expect(response.status).toBe(503);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('location')).toBeNull();
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });
});

describe('what is a navigation', () => {
  const without = ({ accept }: Readonly<Record<string, string>>) => ({ accept: accept ?? '' });
  it.each([
    ['a browser going to a page', 'GET', navigates, 302],
    ['an old browser, which says only what it accepts', 'GET', without(navigates), 302],
    ['a script', 'GET', fetches, 401],
    ['a script that would accept HTML', 'GET', { ...fetches, accept: 'text/html' }, 401],
    ['a program that accepts anything', 'GET', { accept: '*/*' }, 401],
    ['nothing said at all', 'GET', {}, 401],
    ['a page in an iframe', 'GET', { ...navigates, 'sec-fetch-dest': 'iframe' }, 401],
    ['an image', 'GET', { ...navigates, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 401],
    ['half of the metadata', 'GET', { accept: 'text/html', 'sec-fetch-mode': 'navigate' }, 401],
    ['a form post', 'POST', navigates, 401],
    ['a HEAD, by which no browser navigates', 'HEAD', navigates, 401],
  ])('%s', async (_, method, headers, status) => {
    const outcome = await app.handle(new Request(`${notes}/x`, { method, headers }));
    expect(responseOf(outcome).status).toBe(status);
  });

  it('lets a CORS preflight pass, untouched', async () => {
    const headers = { origin: 'https://photos.acme.com', 'access-control-request-method': 'PUT' };
    const outcome = await app.handle(new Request(notes, { method: 'OPTIONS', headers }));
    expect(outcome).toMatchObject({ kind: 'signed-out', cookies: [], headers: [] });
  });

  it.each([
    ['OPTIONS without an origin', { 'access-control-request-method': 'PUT' }],
    ['OPTIONS without a method asked for', { origin: 'https://photos.acme.com' }],
  ])('%s is no preflight', async (_, headers) => {
    const outcome = await app.handle(new Request(notes, { method: 'OPTIONS', headers }));
    expect(responseOf(outcome).status).toBe(401);
  });
});

describe('pages that work signed out', () => {
  it.each([
    ['optional', { optional: true }],
    ['a public path', { publicPaths: ['/list'] }],
  ])('%s: nobody is bounced, and the local session goes', async (_, more) => {
    const open = createAutoLogin(sso.options(more));
    const local = localOf(await app.handle(request([sso.domainCookie()])));
    for (const headers of [navigates, fetches, { ...navigates, 'sec-purpose': 'prefetch' }])
      expect(await open.handle(request([], headers))).toMatchObject({ kind: 'signed-out', cookies: [] });
    const left = await open.handle(request([local]));
    expect(left).toMatchObject({ kind: 'signed-out', cookies: [cleared], headers: expect.anything() });
    expect(await open.handle(request([sso.domainCookie({ exp: start - 31, iat: start - 99 }), local]))).toMatchObject({
      kind: 'signed-out',
      cookies: [],
    });
    expect((await open.handle(request([sso.domainCookie(), local]))).kind).toBe('signed-in');
  });

  it('can still ask for somebody', async () => {
    const open = createAutoLogin(sso.options({ optional: true }));
    const outcome = await open.handle(request([]));
    if (outcome.kind !== 'signed-out') throw new Error(outcome.kind);
    expect(outcome.challenge()).toMatchObject({ status: 302 });
  });

  it('are only those that were named', async () => {
    const some = createAutoLogin(sso.options({ publicPaths: ['/public/*'] }));
    expect((await some.handle(request([], navigates, '/public/a?b=/'))).kind).toBe('signed-out');
    expect((await some.handle(request([], navigates, '/private?/public/a'))).kind).toBe('respond');
  });
});

describe('links', () => {
  it.each([
    ['nothing', undefined, `${notes}/`],
    ['a path', '/list?page=2', `${notes}/list?page=2`],
    ['what looks like another host', '//evil.test/x', `${notes}//evil.test/x`],
    ['an absolute address, which the gateway will judge', 'https://photos.acme.com/', 'https://photos.acme.com/'],
  ])('return to %s', (_, given, expected) => {
    for (const link of [app.signInUrl(given), app.signOutUrl(given)]) expect(returnTo(link)).toBe(expected);
    expect(app.signInUrl(given).startsWith(`${gateway}/login?`)).toBe(true);
    expect(app.signOutUrl(given).startsWith(`${gateway}/logout?`)).toBe(true);
  });
});
