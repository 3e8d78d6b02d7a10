import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { asSessionId, asSubject, asUserId } from '../../shared/identity.ts';
import { createDurableObjectStore } from '../../shared/store/durable-object-client.ts';
import { storeContract } from '../../shared/store/store.contract.ts';

storeContract('the store in a Durable Object', async () => {
  const open = () => createDurableObjectStore(env.STORE);
  return { store: open(), other: open(), close: async () => {} };
});

describe('a Durable Object', () => {
  const store = createDurableObjectStore(env.STORE);
  const stub = () => env.STORE.get(env.STORE.idFromName('crossgate') as never);
  const now = systemClock();
  const identity = { provider: 'pool', subject: asSubject('s') };
  const session = { userId: asUserId('1'), identity, authTime: now, createdAt: now };
  const rows = (table: string) =>
    runInDurableObject(stub(), (_, { storage }) => storage.sql.exec(`select * from ${table}`).toArray().length);
  const alarmAt = () => runInDurableObject(stub(), (_, { storage }) => storage.getAlarm());

  it('sweeps by an alarm, and rests once nothing is left', async () => {
    // whatever the tests before left
    await store.sweep(Number.MAX_SAFE_INTEGER);
    await store.sweep(Number.MAX_SAFE_INTEGER);
    await store.createSession({ ...session, sid: asSessionId('gone'), endsAt: now - 1 }, 'gone');
    await store.createSession({ ...session, sid: asSessionId('kept'), endsAt: now + 3600 }, 'kept');
    expect(Math.abs(((await alarmAt()) ?? 0) / 1000 - (systemClock() + 600))).toBeLessThan(10);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await rows('sessions')).toBe(1);
    expect(await store.findSession(asSessionId('kept'), now)).toBeDefined();
    expect(await alarmAt()).not.toBeNull();
    await store.sweep(Number.MAX_SAFE_INTEGER);
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await alarmAt()).toBeNull();
    await store.claimOnce('something', now, now + 60);
    expect(await alarmAt()).not.toBeNull();
  });

  it('undoes all of a call that fails half-way', async () => {
    await store.createSession({ ...session, sid: asSessionId('before'), endsAt: now + 3600 }, 'before');
    const broken = { ...session, sid: asSessionId('after'), userId: null as never, endsAt: now + 3600 };
    await expect(store.createSession(broken, 'after', asSessionId('before'))).rejects.toMatchObject({
      code: 'store_unavailable',
      reason: expect.not.stringContaining('before'),
    });
    expect(await store.findSession(asSessionId('before'), now)).toBeDefined();
  });

  it.each([['isEmpty'], ['newest'], ['constructor'], ['__proto__'], ['toString'], ['']])(
    'takes no call of %j',
    async (name) => {
      const answer = await stub().fetch(`https://store/${name}`, { method: 'POST', body: '[]' });
      expect(await answer.json()).toEqual({ refused: 'no such method' });
    },
  );

  it('holds no claimed name in the clear', async () => {
    await store.claimOnce('assertion globex of-a-secret', now, now + 60);
    const held = await runInDurableObject(stub(), (_, { storage }) =>
      storage.sql.exec('select * from claimed_once').toArray(),
    );
    expect(JSON.stringify(held)).not.toContain('secret');
  });

  it('that cannot be reached is a store that cannot', async () => {
    const gone = createDurableObjectStore({
      idFromName: () => ({}),
      get: () => ({ fetch: async () => Promise.reject(new Error('Network connection lost.')) }),
    });
    await expect(gone.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('that moved is asked once more where nothing can be written twice', async () => {
    let asked = 0;
    const moving = createDurableObjectStore({
      idFromName: (name) => env.STORE.idFromName(name),
      get: (id) => ({
        fetch: async (url, init) => {
          asked += 1;
          if (asked % 2 === 1) throw Object.assign(new Error('moved'), { retryable: true });
          return await env.STORE.get(id).fetch(url, init);
        },
      }),
    });
    await moving.ping();
    expect(asked).toBe(2);
    await expect(moving.claimOnce('once', now, now + 60)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(asked).toBe(3);
  });
});
