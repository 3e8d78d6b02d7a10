import { describe, expect, it } from 'vitest';
import type { LogoutStore } from './logout-store.ts';

/**
 * The promises of every {@link LogoutStore}.
 *
 * @param open A store, and another one that looks at the same memory, as a second process has it. They may hold entries of
 *   earlier tests.
 */
export function logoutStoreContract(
  name: string,
  open: () => Promise<{ readonly store: LogoutStore; readonly second: LogoutStore }>,
): void {
  const later = Math.floor(Date.now() / 1000) + 3600;
  let made = 0;
  const fresh = () => `contract:${process.pid}-${Date.now()}-${made++}~._A`;

  describe(name, () => {
    it('knows what has ended, in every process, and nothing else', async () => {
      const { store, second } = await open();
      const [ended, alive] = [fresh(), fresh()];
      await store.end(ended, later);
      for (const one of [store, second]) {
        expect(await one.isEnded([ended])).toBe(true);
        expect(await one.isEnded([alive, ended])).toBe(true);
        expect(await one.isEnded([alive])).toBe(false);
        expect(await one.isEnded([ended.toLowerCase()])).toBe(false);
        expect(await one.isEnded([])).toBe(false);
      }
    });

    it('ends what has ended before, and doesn’t shorten it', async () => {
      const { store, second } = await open();
      const id = fresh();
      await store.end(id, later);
      await second.end(id, later - 3599);
      await store.end(id, later);
      expect(await second.isEnded([id])).toBe(true);
    });

    it('ends under an id as long as they get', async () => {
      const { store, second } = await open();
      const id = fresh().padEnd(160, 'x');
      await store.end(id, later);
      expect(await second.isEnded([id])).toBe(true);
      expect(await second.isEnded([`${id.slice(0, -1)}y`])).toBe(false);
    });

    it('gives a claim to one of many, and never again', async () => {
      const { store, second } = await open();
      const id = fresh();
      const claims = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => await (i % 2 ? store : second).claimOnce(id, later)),
      );
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await second.claimOnce(id, later)).toBe(false);
      expect(await store.claimOnce(fresh(), later)).toBe(true);
    });
  });
}
