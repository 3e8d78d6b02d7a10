import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AutoLogin, createAutoLogin } from './core.ts';
import {
  freshKeys,
  navigates,
  notes,
  openStandIn,
  pair,
  returnTo,
  type StandIn,
  start,
} from './gateway-stand-in.suite.ts';
import { createLocalSessions } from './local-session.ts';

let sso: StandIn;
let app: AutoLogin;

beforeAll(async () => {
  sso = await openStandIn();
});
afterAll(async () => await sso.close());
beforeEach(() => {
  sso.now = start;
  app = createAutoLogin(sso.options());
});

const send = (cookies: string[], headers: Readonly<Record<string, string>> = {}, url = `${notes}/x`) =>
  app.handle(new Request(url, { headers: { ...navigates, ...headers, cookie: cookies.join('; ') } }));

/** What the filter made of a request, in a word. */
async function verdict(cookies: string[]): Promise<string> {
  const outcome = await send(cookies);
  if (outcome.kind === 'signed-in') return `${outcome.person.id}${outcome.cookies.length > 0 ? ', new session' : ''}`;
  if (outcome.kind === 'signed-out') return outcome.kind;
  const cleared = outcome.response.headers.getSetCookie().length > 0 ? ', session dropped' : '';
  return new URL(outcome.response.headers.get('location') ?? 'about:none').pathname + cleared;
}

async function localSession(cookie: string, of = app): Promise<string> {
  const outcome = await of.handle(new Request(`${notes}/x`, { headers: { cookie } }));
  if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
  return pair(outcome.cookies[0] ?? '');
}

const flip = (text: string, at: number) => {
  const i = at < 0 ? text.length + at : at;
  return text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
};

describe('a forged domain cookie', () => {
  const [name, value] = ['__Secure-sso', () => sso.domainCookie().slice('__Secure-sso='.length)];
  const part = (n: number) => value().split('.')[n] ?? '';
  const json = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = () => JSON.parse(Buffer.from(part(1), 'base64url').toString()) as Record<string, unknown>;

  it.each([
    ['signed by a key of the attacker', () => sso.domainCookie({ keys: freshKeys() })],
    ['with another person in it', () => `${name}=${part(0)}.${json({ ...claims(), sub: 'boss-id' })}.${part(2)}`],
    ['with one character of the signature changed', () => `${name}=${flip(value(), -20)}`],
    ['with stray bits at the end', () => `${name}=${value()}A`],
    ['with padding', () => `${name}=${value()}==`],
    ['in quotes', () => `${name}="${value()}"`],
    [
      'unsigned (alg none)',
      () => `${name}=${json({ alg: 'none', typ: 'sso+jwt', kid: sso.keys.current.kid })}.${part(1)}.`,
    ],
    [
      'by HMAC of the public key',
      () => `${name}=${json({ alg: 'HS256', typ: 'sso+jwt', kid: sso.keys.current.kid })}.${part(1)}.${part(2)}`,
    ],
    ['of another gateway', () => sso.domainCookie({ publicUrl: 'https://auth.evil.test' })],
    ['for another parent domain', () => sso.domainCookie({ domain: 'acme.org' })],
    ['from the future', () => sso.domainCookie({ iat: start + 3600 })],
    ['of staging', () => sso.domainCookie({ environment: 'staging' })],
    ['under a name in other letters', () => sso.domainCookie().replace('__Secure-sso', '__secure-SSO')],
    ['that is 15 KB long', () => `${name}=${'A'.repeat(15_000)}`],
    ['that is 15 KB of dots', () => `${name}=${'.'.repeat(15_000)}`],
    ['that is empty', () => `${name}=`],
  ])('%s is nobody', async (_, cookie) => {
    expect(await verdict([cookie()])).toBe('/login');
  });

  it('does not hide a good one', async () => {
    expect(await verdict(['__Secure-sso=junk', sso.domainCookie()])).toBe('ann-id, new session');
  });

  it('may come twice when it is the same', async () => {
    expect(await verdict([sso.domainCookie(), sso.domainCookie()])).toBe('ann-id, new session');
  });

  it('of a sibling’s tossing, valid but somebody else’s, makes it nobody', async () => {
    const [ann, eve] = [sso.domainCookie(), sso.domainCookie({ uid: 'eve-id', sid: 'sid-of-eve' })];
    const local = await localSession(ann);
    for (const cookies of [
      [ann, eve],
      [eve, ann],
      [ann, local, eve],
    ])
      expect(await verdict(cookies)).toMatch(/^\/refresh/);
    expect(await verdict([ann, local, eve])).toBe('/refresh, session dropped');
  });

  it('stays expired however often it was seen when it was good', async () => {
    const cookie = sso.domainCookie({ exp: start + 60 });
    expect(await verdict([cookie])).toBe('ann-id, new session');
    sso.now += 90;
    expect(await verdict([cookie])).toBe('/refresh');
  });
});

it('a handler that changes its person changes nobody else’s', async () => {
  const cookie = sso.domainCookie();
  for (const _ of [1, 2]) {
    const outcome = await send([cookie]);
    if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
    expect(outcome.person.roles).toEqual(['editor']);
    (outcome.person.roles as string[]).push('admin');
  }
});

describe('a local session', () => {
  it('alone is nothing, and is dropped', async () => {
    expect(await verdict([await localSession(sso.domainCookie())])).toBe('/login, session dropped');
  });

  it('replayed after the sign-out is nothing', async () => {
    const local = await localSession(sso.domainCookie());
    expect(await verdict([local])).toBe('/login, session dropped');
    expect(await verdict([local, local])).toBe('/login, session dropped');
  });

  it('of the last one at this machine is not the next one’s', async () => {
    const local = await localSession(sso.domainCookie());
    const bob = sso.domainCookie({ uid: 'bob-id', sid: 'sid-of-bob' });
    expect(await verdict([bob, local])).toBe('bob-id, new session');
  });

  it('of the same person’s last sign-in starts anew', async () => {
    const local = await localSession(sso.domainCookie());
    expect(await verdict([sso.domainCookie({ sid: 'another' }), local])).toBe('ann-id, new session');
  });

  it('of the same sid but another person starts anew', async () => {
    const local = await localSession(sso.domainCookie());
    expect(await verdict([sso.domainCookie({ uid: 'bob-id' }), local])).toBe('bob-id, new session');
  });

  it.each([
    ['by another app’s key', { secret: 'the secret of photos, unlike that of notes' }],
    ['by the same secret for another app', { url: 'https://photos.acme.com' }],
  ])('made %s is not taken', async (_, more) => {
    const cookie = sso.domainCookie();
    const foreign = await localSession(cookie, createAutoLogin(sso.options(more)));
    expect(await verdict([cookie, foreign])).toBe('ann-id, new session');
    expect(await verdict([cookie, await localSession(cookie)])).toBe('ann-id');
  });

  it('made under another name by the same app is not taken', async () => {
    const cookie = sso.domainCookie();
    const other = await localSession(cookie, createAutoLogin(sso.options({ cookieName: '__Host-other' })));
    expect(await verdict([cookie, other.replace('__Host-other', '__Host-app_session')])).toBe('ann-id, new session');
  });

  it('that came twice with different values is not taken', async () => {
    const cookie = sso.domainCookie();
    expect(await verdict([cookie, await localSession(cookie), '__Host-app_session=x'])).toBe('ann-id, new session');
  });

  it('with any character changed, cut or added is not read', () => {
    const sessions = createLocalSessions(new Uint8Array(32).fill(7), notes, '__Host-app_session');
    const session = { sid: 's', sub: 'ann-id', exp: start + 1800 };
    const good = pair(sessions.write(session, start));
    expect(sessions.read(good, start)).toEqual(session);
    const from = good.indexOf('=') + 1;
    const spoilt = [
      ...Array.from({ length: good.length - from }, (_, i) => flip(good, from + i)),
      ...Array.from({ length: good.length - from }, (_, i) => good.slice(0, from + i)),
      `${good}A`,
      `${good}=`,
      `${good}.`,
      `${good}${'A'.repeat(5000)}`,
      good.replace('.', '..'),
      good.replace('=', '=.'),
    ];
    expect(spoilt.filter((cookie) => sessions.read(cookie, start))).toEqual([]);
  });

  it.each([
    ['within the leeway', 1829, true],
    ['past it', 1830, false],
  ])('is read %s: %s', (_, passed, read) => {
    const sessions = createLocalSessions(new Uint8Array(32), notes, '__Host-app_session');
    const cookie = pair(sessions.write({ sid: 's', sub: 'u', exp: start + 1800 }, start));
    expect(sessions.read(cookie, start + passed) !== undefined).toBe(read);
  });
});

describe('the return address', () => {
  const back = async (url: string, headers: Readonly<Record<string, string>> = {}) => {
    const outcome = await send([], headers, url);
    return outcome.kind === 'respond' ? returnTo(outcome.response.headers.get('location')) : outcome.kind;
  };

  it.each([
    ['Host', { host: 'evil.test' }],
    ['X-Forwarded-Host', { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http', 'x-forwarded-port': '81' }],
    ['Forwarded', { forwarded: 'host=evil.test;proto=http' }],
    ['X-Original-URL', { 'x-original-url': 'https://evil.test/', 'x-rewrite-url': '/evil' }],
    ['Origin and Referer', { origin: 'https://evil.test', referer: 'https://evil.test/' }],
  ])('does not come from %s', async (_, headers) => {
    expect(await back(`${notes}/x`, headers)).toBe(`${notes}/x`);
  });

  it.each([
    ['a request URL of another host', 'http://evil.test:81/x?y', `${notes}/x?y`],
    ['a path that looks like a host', `${notes}//evil.test/x`, `${notes}//evil.test/x`],
    ['many slashes', `${notes}////evil.test`, `${notes}////evil.test`],
    ['backslashes', `${notes}/\\evil.test\\x`, `${notes}//evil.test/x`],
    ['an at sign', `${notes}/@evil.test`, `${notes}/@evil.test`],
    ['a backslash in the query, which the gateway would refuse', `${notes}/x?a=\\b`, `${notes}/x?a=%5Cb`],
    ['a return address inside', `${notes}/x?return_to=https://evil.test/`, `${notes}/x?return_to=https://evil.test/`],
    ['what has to be escaped', `${notes}/ä b?ö=&c#f`, `${notes}/%C3%A4%20b?%C3%B6=&c`],
    [
      '1,024 characters',
      `${notes}/${'a'.repeat(1024 - notes.length - 1)}`,
      `${notes}/${'a'.repeat(1024 - notes.length - 1)}`,
    ],
    ['one more, which falls back to the root', `${notes}/${'a'.repeat(1024 - notes.length)}`, `${notes}/`],
    ['8 KB of query', `${notes}/x?${'a'.repeat(8192)}`, `${notes}/`],
  ])('stays on the app’s own origin: %s', async (_, asked, expected) => {
    expect(await back(asked)).toBe(expected);
  });

  it('has the app’s base path in front', async () => {
    app = createAutoLogin(sso.options({ url: 'https://acme.com/notes/' }));
    expect(await back('http://10.0.0.7:8080/list?page=2')).toBe('https://acme.com/notes/list?page=2');
  });

  it('goes below the gateway’s base path', async () => {
    const below = { gateway: 'https://acme.com/_sso', url: 'https://acme.com', cookieDomain: 'acme.com' };
    app = createAutoLogin(sso.options(below));
    const outcome = await send([]);
    if (outcome.kind !== 'respond') throw new Error(outcome.kind);
    expect(outcome.response.headers.get('location')).toBe(
      `https://acme.com/_sso/login?return_to=${encodeURIComponent('https://acme.com/x')}`,
    );
  });

  it.each([
    ['the page that asked', 'GET', `${notes}/page?n=1#part`, `${notes}/page?n=1`],
    ['the address itself, where a foreign page asked', 'GET', 'https://notes.acme.com.evil.test/', `${notes}/api`],
    ['the address itself, where none is named', 'GET', '', `${notes}/api`],
    ['the root after a post that names no page', 'POST', '', `${notes}/`],
    ['the root after a post of a foreign page', 'POST', 'https://evil.test/', `${notes}/`],
    ['the root where the page’s address is too long', 'GET', `${notes}/${'a'.repeat(1024)}`, `${notes}/`],
  ])('for a fetch is %s', async (_, method, referer, expected) => {
    const headers = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', ...(referer ? { referer } : {}) };
    const outcome = await app.handle(new Request(`${notes}/api`, { method, headers }));
    if (outcome.kind !== 'respond') throw new Error(outcome.kind);
    const { login } = (await outcome.response.json()) as { login: string };
    expect(returnTo(login)).toBe(expected);
  });
});
