import { expect, it } from 'vitest';
import { logoutStoreContract } from './logout-store.contract.ts';
import { createMemoryLogoutStore } from './logout-store.ts';

logoutStoreContract('the logout store in memory', async () => {
  const store = createMemoryLogoutStore();
  return { store, second: store };
});

it('the logout store in memory forgets what nobody can need any more, and only that', async () => {
  let now = 1_000;
  const store = createMemoryLogoutStore(() => now);
  const ids = Array.from({ length: 1500 }, (_, i) => `sid:${i}`);
  for (const id of ids.slice(0, 900)) await store.end(id, 2_000);
  now = 2_000;
  for (const id of ids.slice(900)) await store.end(id, 3_000);
  expect(await store.isEnded(ids.slice(0, 900))).toBe(false);
  for (const id of ids.slice(900)) expect(await store.isEnded([id])).toBe(true);
});
