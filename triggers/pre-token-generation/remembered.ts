import { type Clock, type Milliseconds, systemClock } from '../../shared/clock.ts';
import type { Person } from '../../shared/users/directory.ts';

/** What one Lambda environment remembers of people between two tokens. */
export type Remembered = {
  get(subject: string): Person | undefined;
  set(subject: string, person: Person): void;
  delete(subject: string): void;
};

/** People at most: whoever was put here longest ago goes first. */
const most = 1000;

/**
 * Remembers people for a while. A map and no library: this is loaded at each cold start and asked for each token, and it
 * needs no timers, which Lambda would freeze.
 *
 * @param cacheFor Whole seconds count.
 */
export function rememberPeople(cacheFor: Milliseconds, clock: Clock = systemClock): Remembered {
  const known = new Map<string, { readonly person: Person; readonly until: number }>();
  return {
    get(subject) {
      const found = known.get(subject);
      if (found && found.until > clock()) return found.person;
      if (found) known.delete(subject);
      return undefined;
    },
    set(subject, person) {
      known.delete(subject);
      known.set(subject, { person, until: clock() + cacheFor / 1000 });
      if (known.size <= most) return;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    },
    delete: (subject) => void known.delete(subject),
  };
}
