import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../shared/clock.ts';
import type { DomainCookie } from '../../shared/cookies/domain-cookie.ts';
import type { Person, UserDirectory } from '../../shared/users/directory.ts';
import type { Revocations } from './feed.ts';

/** People as the directory has them, for requests whose cookie can't answer. */
export type PeopleAfresh = {
  /**
   * The person of a cookie, at most five seconds old and never older than the newest permission version that was heard of.
   *
   * @throws SsoError `directory_unavailable`
   */
  find(cookie: Pick<DomainCookie, 'uid' | 'permissionVersion'>, now: Seconds): Promise<Person | undefined>;
};

const keptFor: Seconds = 5;

/**
 * Remembers people for a moment: a page of somebody whose permissions fit no cookie would ask the directory once for each
 * of its files. Many at once for one person are one question. Nobody, and who may not come in, is asked about each time.
 */
export function createPeopleAfresh(
  users: Pick<UserDirectory, 'findById'>,
  revocations: Pick<Revocations, 'permissionVersion'>,
): PeopleAfresh {
  const known = new LRUCache<string, { person: Promise<Person | undefined>; at: Seconds }>({ max: 1000 });
  return {
    async find({ uid, permissionVersion }, now) {
      const version = Math.max(permissionVersion, revocations.permissionVersion(uid) ?? 0);
      const key = `${version} ${uid}`;
      const hit = known.get(key);
      if (hit && now - hit.at < keptFor && now >= hit.at) return await hit.person;
      const entry = { person: users.findById(uid), at: now };
      known.set(key, entry);
      try {
        const person = await entry.person;
        if (person?.state !== 'active' && known.get(key) === entry) known.delete(key);
        return person;
      } catch (error) {
        if (known.get(key) === entry) known.delete(key);
        throw error;
      }
    },
  };
}
