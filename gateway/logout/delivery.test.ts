import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { createClientRegistry } from '../../shared/clients.ts';
import { parseConfig } from '../../shared/config.ts';
import { asSessionId, asSubject, asUserId, type SessionId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { logoutKept } from '../../shared/store/hand-off.ts';
import { createMemoryStore, type MemoryStore } from '../../shared/store/memory.ts';
import type { Store } from '../../shared/store/store.ts';
import { createMemoryDirectory } from '../../shared/users/memory.ts';
import type { GatewayDeps } from '../deps.ts';
import { createLogouts } from './delivery.ts';

const keyring = createKeyring(JSON.stringify(generateKeyFile('ES256')));
const client = (id: string, change: object = {}) => ({
  id,
  name: id,
  home: `https://${id}.test/`,
  origins: [`https://${id}.test`],
  redirectUris: [`https://${id}.test/callback`],
  public: true,
  backchannelLogoutUri: `https://${id}.test/out?x=1`,
  ...change,
});
const config = parseConfig({
  publicUrl: 'https://auth.acme.test',
  keys: '{}',
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
  database: { url: 'postgres://localhost/acme' },
  clients: [client('globex'), client('initech'), client('deaf', { backchannelLogoutUri: undefined })],
});
const sid = asSessionId('the-session');

type Sent = { readonly url: string; readonly init: RequestInit; readonly token: string };
let now = 0;
let store: MemoryStore;
let sent: Sent[];
let answer: (sent: Sent) => Response | Promise<Response>;

const deps = (): GatewayDeps & { readonly store: Store } => ({
  config,
  keyring,
  store,
  clients: createClientRegistry(config.clients),
  users: createMemoryDirectory({ users: { linkLegacyRows: false }, providers: config.providers }),
  clock: () => now,
  fetch: async (url, init = {}) => {
    const one = { url: String(url), init, token: new URLSearchParams(String(init.body)).get('logout_token') ?? '' };
    sent.push(one);
    return await answer(one);
  },
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  isTrustedPeer: () => false,
});

/** A session at which these clients were given tokens, and which has ended. */
async function endedAt(clientIds: readonly string[], name: SessionId = sid): Promise<void> {
  const times = { authTime: now, createdAt: now, endsAt: now + 43_200 };
  const identity = { provider: 'pool', subject: asSubject('ann') };
  await store.createSession({ sid: name, userId: asUserId('42'), identity, ...times }, `handle of ${name}`);
  for (const clientId of clientIds) {
    const code = { hash: `${name} ${clientId}`, clientId, redirectUri: 'r', challenge: 'c' };
    await store.createCode({ ...code, origin: 'o', sid: name, scope: 'openid', expiresAt: now + 30 });
    await store.redeemCode({ ...code, accessHash: `access ${code.hash}`, accessUntil: now + 300 }, now);
  }
  await store.endSession(name, 'logout', now);
}
const states = async () => (await store.logoutsOf(sid)).map(({ clientId, state, says }) => [clientId, state, says]);

beforeEach(() => {
  now = 1_900_000_000;
  store = createMemoryStore();
  sent = [];
  answer = () => new Response(null, { status: 200 });
});

describe('a logout token', () => {
  it('is posted to the registered address alone, and is what the specification says', async () => {
    await endedAt(['globex']);
    await createLogouts(deps()).deliver();
    const [one] = sent;
    expect(one?.url).toBe('https://globex.test/out?x=1');
    expect(one?.init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const header = JSON.parse(Buffer.from(one?.token.split('.')[0] ?? '', 'base64url').toString());
    expect(header).toEqual({ alg: 'RS256', typ: 'logout+jwt', kid: keyring.openid.current.kid });
    const claims = decodeJwt(one?.token ?? '');
    expect(claims).toEqual({
      iss: 'https://auth.acme.test',
      aud: 'globex',
      sub: '42',
      sid: expect.stringMatching(/^[\w-]{43}$/),
      iat: now,
      exp: now + 120,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
    expect(await states()).toEqual([['globex', 'delivered', undefined]]);
  });

  it.each([200, 204])('is delivered by a %i, and not sent again', async (status) => {
    answer = () => new Response(null, { status });
    await endedAt(['globex']);
    const logouts = createLogouts(deps());
    await logouts.deliver();
    now += 86_400;
    await logouts.deliver();
    expect(sent).toHaveLength(1);
  });

  it.each<[string, () => Response | Promise<Response>, string]>([
    ['a redirect', () => Response.redirect('http://169.254.169.254/latest/meta-data/', 307), 'status 307'],
    ['an error of theirs', () => new Response('secret details', { status: 500 }), 'status 500'],
    ['a refusal', () => Response.json({ error: 'invalid_request' }, { status: 400 }), 'status 400'],
    [
      'nobody listening',
      () =>
        Promise.reject(
          new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
        ),
      'ECONNREFUSED',
    ],
    ['something odd', () => Promise.reject(new Error('to http://user:pass@internal/')), 'Error'],
  ])('is tried again after %s, with longer and longer pauses and a fresh token each time', async (_, broken, says) => {
    answer = broken;
    await endedAt(['globex']);
    const logouts = createLogouts(deps());
    const times: number[] = [];
    for (const start = now; now < start + 7200; now += 1) {
      const before = sent.length;
      await logouts.deliver();
      if (sent.length > before) times.push(now - start);
    }
    expect(times).toEqual([0, 5, 20, 80, 380, 1280, 4880]);
    expect(await states()).toEqual([['globex', 'pending', says]]);
    expect(new Set(sent.map(({ url }) => url))).toEqual(new Set(['https://globex.test/out?x=1']));
    expect(new Set(sent.map(({ token }) => decodeJwt(token).jti)).size).toBe(sent.length);
    // and the client is back
    answer = () => new Response();
    now += 3600;
    await logouts.deliver();
    expect(await states()).toEqual([['globex', 'delivered', says]]);
    expect(decodeJwt(sent.at(-1)?.token ?? '').iat).toBe(now);
  });

  it('is given up after three days', async () => {
    answer = () => new Response(null, { status: 503 });
    await endedAt(['globex']);
    const logouts = createLogouts(deps());
    await logouts.deliver();
    now += logoutKept;
    await logouts.deliver();
    expect(sent).toHaveLength(1);
  });

  it('is not waited for beyond the deadline, nor is its answer read', async () => {
    let cancelled = 0;
    const cancel = () => {
      cancelled += 1;
    };
    answer = ({ url, init }) =>
      url.includes('globex')
        ? new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)))
        : new Response(new ReadableStream({ cancel }));
    await endedAt(['globex', 'initech']);
    await createLogouts(deps(), { deadline: 20 }).deliver();
    expect(await states()).toEqual([
      ['globex', 'pending', 'TimeoutError'],
      ['initech', 'delivered', undefined],
    ]);
    expect(cancelled).toBe(1);
  });

  it.each([['deaf'], ['gone']])('has nowhere to go at %s', async (id) => {
    await endedAt([id]);
    await createLogouts(deps()).deliver();
    expect(sent).toEqual([]);
    expect(await states()).toEqual([[id, 'nowhere', undefined]]);
  });

  it('is sent by one of several processes, each one of many once', async () => {
    for (let i = 0; i < 120; i += 1) await endedAt(['globex'], asSessionId(`session-${i}`));
    const processes = Array.from({ length: 4 }, () => createLogouts(deps()));
    await Promise.all(processes.map((logouts) => logouts.deliver()));
    expect(new Set(sent.map(({ token }) => decodeJwt(token).sid)).size).toBe(120);
    expect(sent).toHaveLength(120);
  });

  it('that a process took and did not settle is sent by the next one', async () => {
    await endedAt(['globex']);
    expect(await store.takeLogouts(now, now + 60, 10)).toHaveLength(1); // and died
    await createLogouts(deps()).deliver();
    expect(sent).toHaveLength(0);
    now += 60;
    await createLogouts(deps()).deliver();
    expect(await states()).toEqual([['globex', 'delivered', undefined]]);
  });
});

describe('the delivery of a process', () => {
  it('keeps its runtime awake, and goes on after batches that ended with what had begun them', async () => {
    const kept: Promise<unknown>[] = [];
    const logouts = createLogouts({ ...deps(), background: (work) => void kept.push(work) });
    await endedAt(['globex']);
    answer = () => new Promise(() => {});
    // one takes the notice and is never heard of again; the others find nothing
    for (let i = 0; i < 4; i++) logouts.wake();
    expect(kept).toHaveLength(4);
    await Promise.all(kept.slice(1));
    answer = () => new Response(null, { status: 200 });
    now += 60;
    for (let i = 0; i < 4; i++) logouts.wake();
    await Promise.all(kept.slice(4));
    expect(await states()).toEqual([['globex', 'delivered', undefined]]);
  });

  it('is not held up for good by four of them', async () => {
    const hanging = () => new Promise<never>(() => {});
    let taken = 0;
    const takeLogouts = () => {
      taken += 1;
      return hanging();
    };
    const logouts = createLogouts({ ...deps(), store: { ...store, takeLogouts } });
    for (let i = 0; i < 9; i++) logouts.wake();
    expect(taken).toBe(4);
    now += 59;
    logouts.wake();
    expect(taken).toBe(4);
    now += 1;
    logouts.wake();
    expect(taken).toBe(5);
  });

  it('lets nobody wait, survives a store that is down, and stops when told to', async () => {
    let release = () => {};
    answer = () =>
      new Promise((resolve) => {
        release = () => resolve(new Response());
      });
    await endedAt(['globex']);
    const logouts = createLogouts(deps());
    logouts.wake();
    await expect.poll(() => sent.length, { interval: 1 }).toBe(1);
    store.setAvailable(false);
    for (let i = 0; i < 10; i += 1) logouts.wake();
    await expect(logouts.deliver()).rejects.toMatchObject({ code: 'store_unavailable' });
    store.setAvailable(true);
    const stop = logouts.follow();
    release();
    await stop();
    expect(await states()).toEqual([['globex', 'delivered', undefined]]);
    await endedAt(['globex'], asSessionId('after'));
    expect(sent).toHaveLength(1);
  });
});
