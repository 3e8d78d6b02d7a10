import type { Clock } from '../../shared/clock.ts';
import type { Config } from '../../shared/config.ts';
import { asSubject, type UserId } from '../../shared/identity.ts';
import { createMemoryStore } from '../../shared/store/memory.ts';
import type { Store } from '../../shared/store/store.ts';
import type { PersonState, UserDirectory } from '../../shared/users/directory.ts';
import { createMemoryDirectory } from '../../shared/users/memory.ts';
import { people, permissionsOf, type SuitePerson } from './people.testing.ts';
import { providerId } from './provider.testing.ts';

/** Where people and sessions are, and what a test may do to them. */
export type Rooms = {
  readonly users: UserDirectory;
  readonly store: Store;
  /** How another process comes to the same. Absent: not at all. */
  readonly urls?: { readonly store: string; readonly directory: string };
  /** Whether each answers. */
  setAvailable(which: 'store' | 'directory', available: boolean): void;
  /** Ids of the rows of {@link people}, by subject. */
  readonly ids: ReadonlyMap<string, UserId>;
  giveRoles(id: UserId, roles: readonly string[]): Promise<void>;
  setState(id: UserId, state: PersonState): Promise<void>;
  removeRow(id: UserId): Promise<void>;
  close(): Promise<void>;
};

export type OpenRooms = (config: Pick<Config, 'users' | 'providers'>, clock: Clock) => Promise<Rooms>;

/** Everything in this process's memory. */
export const memoryRooms: OpenRooms = async ({ users: { linkLegacyRows }, providers }, clock) => {
  const store = createMemoryStore();
  const users = createMemoryDirectory({ users: { linkLegacyRows }, providers });
  const add = ({ sub, email, name, roles }: SuitePerson) =>
    users.add({
      identity: { provider: providerId, subject: asSubject(sub) },
      email,
      name,
      roles,
      permissions: permissionsOf(roles),
    });
  const announce = (userId: UserId, version: number) =>
    store.announce({ kind: 'permissions-changed', userId, version, until: clock() + 25 * 3600 });
  const change = async (id: UserId, changes: Parameters<typeof users.change>[1]) => {
    users.change(id, changes);
    announce(id, (await users.findById(id))?.permissionVersion ?? 1);
  };
  return {
    users,
    store,
    setAvailable: (which, available) => (which === 'store' ? store : users).setAvailable(available),
    ids: new Map(Object.values(people).map((person) => [person.sub, add(person)])),
    giveRoles: (id, roles) => change(id, { roles, permissions: permissionsOf(roles) }),
    setState: (id, state) => change(id, { state }),
    removeRow: async (id) => {
      const version = (await users.findById(id))?.permissionVersion ?? 1;
      users.remove(id);
      announce(id, version + 1);
    },
    close: async () => {},
  };
};
