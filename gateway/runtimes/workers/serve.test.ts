import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createClientRegistry } from '../../../shared/clients.ts';
import type { Seconds } from '../../../shared/clock.ts';
import { ConfigError } from '../../../shared/config.ts';
import { asSessionId, asSubject, asUserId } from '../../../shared/identity.ts';
import { createMemoryStore, type MemoryStore } from '../../../shared/store/memory.ts';
import type { Store } from '../../../shared/store/store.ts';
import { createMemoryDirectory } from '../../../shared/users/memory.ts';
import { ann, domainCookie, keyring, start, testConfig } from '../../check/check.testing.ts';
import type { GatewayDeps, LogFields } from '../../deps.ts';
import { background } from './scope.ts';
import { serveWorker, type Worker } from './serve.ts';

let now: Seconds;
let store: MemoryStore;
let calls: string[];
let logged: { event: string; fields: LogFields | undefined }[];
let kept: Promise<unknown>[];
let worker: Worker;

/** The memory store, with its calls noted, and with changes. */
const noted = (changes: Partial<Store> = {}): Store =>
  new Proxy(store as Store, {
    get: (_, name) => {
      calls.push(String(name));
      return Reflect.get(changes, name) ?? Reflect.get(store, name);
    },
  });

function deps(changes?: Partial<Store>): GatewayDeps {
  const config = testConfig();
  const log = (event: string, fields?: LogFields) => void logged.push({ event, fields });
  return {
    config,
    keyring,
    clients: createClientRegistry(config.clients),
    users: createMemoryDirectory({ users: config.users, providers: config.providers }),
    store: noted(changes),
    clock: () => now,
    fetch: async () => new Response(null, { status: 500 }),
    log: { debug: log, info: log, warn: log, error: log },
    isTrustedPeer: (address) => address === '198.51.100.7',
    background,
  };
}

beforeEach(() => {
  now = start;
  store = createMemoryStore();
  [calls, logged, kept] = [[], [], []];
  worker = serveWorker(() => deps());
});

const context = { waitUntil: (work: Promise<unknown>) => void kept.push(work) };
const cookie = domainCookie();

async function check(headers: Record<string, string> = {}): Promise<number> {
  const request = new Request('https://auth.acme.test/check', { headers: { cookie, ...headers } });
  return (await worker.fetch(request, {}, context)).status;
}
/** Asks about a page, as the trusted proxy. */
const checkPage = (path: string, peer = '198.51.100.7') =>
  check({
    'cf-connecting-ip': peer,
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'notes.acme.test',
    'x-forwarded-uri': path,
  });
const over = async () => {
  await Promise.all(kept.splice(0));
};
const end = () => store.announce({ kind: 'session-ended', sid: ann.sid, until: start + 4000 });

describe('news reach an isolate', () => {
  it.each<[string, Seconds, number, number]>([
    ['not yet while they are young', 10, 204, 204],
    ['with the request after the one that asked for them', 11, 204, 401],
    ['with that one still, in the last second', 20, 204, 401],
    ['before the answer, where it slept longer', 21, 401, 401],
    ['before the answer, where it slept for long', 1700, 401, 401],
  ])('%s', async (_, later, first, second) => {
    worker = serveWorker(() =>
      deps({
        // as over a network: later than whatever needs none
        readFeed: async (...args) => {
          await new Promise((resolve) => setImmediate(resolve));
          return await store.readFeed(...args);
        },
      }),
    );
    expect(await check()).toBe(204);
    await over();
    end();
    now += later;
    expect(await check()).toBe(first);
    await over();
    expect(await check()).toBe(second);
  });

  it('before its first answer', async () => {
    end();
    expect(await check()).toBe(401);
  });

  it('after a reading that died with the request that began it', async () => {
    let dead = true;
    worker = serveWorker(() =>
      deps({ readFeed: (...args) => (dead ? new Promise(() => {}) : store.readFeed(...args)) }),
    );
    void check();
    await vi.waitFor(() => expect(calls).toContain('readFeed'));
    dead = false;
    end();
    now += 15;
    expect(await check()).toBe(401);
  });
});

describe('while the store cannot be reached', () => {
  it('an isolate goes on by what it knows, and vouches for no role after a minute', async () => {
    expect(await checkPage('/admin/')).toBe(403);
    store.setAvailable(false);
    now += 59;
    expect(await checkPage('/admin/')).toBe(403);
    now += 2;
    expect(await checkPage('/admin/')).toBe(503);
    expect(await checkPage('/')).toBe(204);
    store.setAvailable(true);
    now += 5;
    expect(await checkPage('/admin/')).toBe(403);
  });

  it('one request in five seconds waits for it', async () => {
    store.setAvailable(false);
    const asked = async () => {
      calls.length = 0;
      expect(await check()).toBe(204);
      return calls.filter((name) => name === 'readFeed').length;
    };
    expect([await asked(), await asked(), await asked()]).toEqual([1, 0, 0]);
    now += 5;
    expect([await asked(), await asked()]).toEqual([1, 0]);
    expect(logged.filter(({ event }) => event === 'revocation feed cannot be read')).toHaveLength(2);
  });
});

describe('without a store', () => {
  const storeless = (): GatewayDeps => ({
    ...deps(),
    config: testConfig({ session: { store: 'none' } }),
    store: undefined,
  });

  it('what a cookie says holds for as long as the cookie, and nothing is read or swept', async () => {
    worker = serveWorker(storeless);
    now += 1700;
    expect(await checkPage('/admin/')).toBe(403);
    expect(await checkPage('/')).toBe(204);
    await worker.scheduled({}, {}, context);
    expect(calls).toEqual([]);
    expect(logged.map(({ event }) => event)).toEqual(['request refused']);
    now += 131;
    expect(await checkPage('/')).not.toBe(204);
  });

  it.each<[string, () => GatewayDeps]>([
    ['none that the configuration wants', () => ({ ...deps(), store: undefined })],
    ['one that it does not', () => ({ ...storeless(), store: noted() })],
  ])('nothing is served where there is %s', async (_, wrong) => {
    const lines = vi.spyOn(console, 'error').mockImplementation(() => {});
    worker = serveWorker(wrong);
    expect(await check()).toBe(500);
    expect(lines.mock.calls.flat().map(String)).toEqual([expect.stringContaining('"where":"session.store"')]);
    lines.mockRestore();
  });
});

describe('the peer', () => {
  it.each<[string, string, number]>([
    ['that is trusted asks for others', '198.51.100.7', 403],
    ['that is not is refused', '203.0.113.9', 400],
    ['without an address is refused', '', 400],
  ])('%s', async (_, peer, status) => {
    expect(await checkPage('/admin/', peer)).toBe(status);
  });
});

describe('a configuration with mistakes', () => {
  it('is told to the log, and to nobody else; it is looked at again with the next request', async () => {
    const lines = vi.spyOn(console, 'error').mockImplementation(() => {});
    let sound = false;
    worker = serveWorker(() => {
      if (!sound) throw new ConfigError([{ where: 'keys', says: 'is missing' }]);
      return deps();
    });
    const response = await worker.fetch(new Request('https://auth.acme.test/healthz'), {}, context);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('keys');
    expect(lines.mock.calls.flat().map(String)).toEqual([expect.stringContaining('"where":"keys"')]);
    lines.mockRestore();
    sound = true;
    expect(await check()).toBe(204);
  });
});

describe('on schedule', () => {
  it('what expired is swept out and what is due is told', async () => {
    const identity = { provider: 'pool', subject: asSubject('s') };
    const session = { sid: asSessionId('old'), userId: asUserId('1'), identity, authTime: start, createdAt: start };
    await store.createSession({ ...session, endsAt: start + 1 }, 'hash');
    now += 60;
    await worker.scheduled({}, {}, context);
    expect(calls).toContain('takeLogouts');
    expect(await store.sweep(now)).toBe(0);
  });

  it('one that fails keeps the others from nothing, and is told to the log', async () => {
    const failing = async () => {
      throw new Error('no');
    };
    worker = serveWorker(() => ({ ...deps({ takeLogouts: failing, sweep: failing }), assertUncached: failing }));
    await worker.scheduled({}, {}, context);
    expect(logged.map(({ fields }) => fields?.step).sort()).toEqual(['deliver', 'look for a cache', 'sweep']);
  });
});
