import { expect, it } from 'vitest';
import { asSessionId, asUserId } from '../identity.ts';
import { createMemoryStore } from './memory.ts';
import { storeContract } from './store.contract.ts';

storeContract('the store in memory', async () => {
  const store = createMemoryStore();
  return { store, other: store, close: async () => {} };
});

it('can be switched off and on', async () => {
  const store = createMemoryStore();
  store.setAvailable(false);
  await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(store.findSession(asSessionId('x'), 0)).rejects.toMatchObject({ code: 'store_unavailable' });
  store.setAvailable(true);
  await expect(store.ping()).resolves.toBeUndefined();
});

it('hands on news that a test announces', async () => {
  const store = createMemoryStore();
  const entry = { kind: 'permissions-changed', userId: asUserId('1'), version: 2, until: 100 } as const;
  store.announce(entry);
  expect((await store.readFeed(0)).entries).toEqual([entry]);
});
