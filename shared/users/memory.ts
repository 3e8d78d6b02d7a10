import { v7 as uuidv7 } from 'uuid';
import { type Clock, type Seconds, systemClock } from '../clock.ts';
import { SsoError } from '../errors.ts';
import { asUserId, type Identity, type UserId } from '../identity.ts';
import { cleanAttributes, isUsable } from './attributes.ts';
import type { ListedPerson, Person, PersonState, UserDirectory } from './directory.ts';
import { decideLink, type LinkPolicy, lowerCaseAscii } from './link-policy.ts';

/** Somebody to be in the directory from the start. */
export type NewPerson = {
  /** Absent: a uuid. */
  readonly id?: string;
  /** Absent: a row from before there were identities. */
  readonly identity?: Identity;
  readonly email?: string;
  readonly name?: string;
  /** Absent: active. */
  readonly state?: PersonState;
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
};

export type MemoryDirectoryOptions = {
  readonly people?: readonly NewPerson[];
  /** Absent: no linking. */
  readonly users?: LinkPolicy['users'];
  /** Absent: identities of every provider count. */
  readonly providers?: LinkPolicy['providers'];
  /** Says how new the profile of a healed row is. Default: the machine's. */
  readonly clock?: Clock;
};

/** The people of one process, for tests and trials, and what a test may do to them. */
export type MemoryDirectory = UserDirectory & {
  /** Adds somebody; returns their id. */
  add(person: NewPerson): UserId;
  /** Changes somebody, and their permission version with it. */
  change(
    id: UserId,
    changes: {
      readonly state?: PersonState;
      readonly roles?: readonly string[];
      readonly permissions?: readonly string[];
    },
  ): void;
  /** How many there are of a kind. */
  count(which: (person: Person) => boolean): number;
  /** When somebody signed in last, as far as it was told. */
  lastLogin(id: UserId): Seconds | undefined;
  /** Removes somebody altogether. */
  remove(id: UserId): void;
  /** Whether the directory answers. While it doesn't, every method of it throws `directory_unavailable`. */
  setAvailable(available: boolean): void;
};

type Row = { person: Person; identity: Identity | undefined; lastLogin?: Seconds; profileAt?: Seconds };

/** Keeps the people in this process's memory. */
export function createMemoryDirectory(options: MemoryDirectoryOptions = {}): MemoryDirectory {
  const rows = new Map<UserId, Row>();
  let available = true;

  /** Every method begins with it. */
  function answering(): void {
    if (!available) throw new SsoError('directory_unavailable', 'switched off');
  }

  function isConfigured({ provider }: Identity): boolean {
    return options.providers === undefined || options.providers.some(({ id }) => id === provider);
  }

  function find({ provider, subject }: Identity): Person | undefined {
    const isTheirs = ({ identity }: Row) => identity?.provider === provider && identity.subject === subject;
    return [...rows.values()].find(isTheirs)?.person;
  }

  function add({ id = uuidv7(), identity, email, name, state = 'active', roles = [], permissions = [] }: NewPerson) {
    const person: Person = {
      id: asUserId(id),
      state,
      ...(email !== undefined && { email }),
      ...(name !== undefined && { name }),
      roles: [...roles].sort(),
      permissions: [...new Set(permissions)].sort(),
      permissionVersion: 1,
    };
    rows.set(person.id, { person, identity });
    return person.id;
  }

  function row(id: UserId): Row {
    const found = rows.get(id);
    if (!found) throw new Error('nobody has that id');
    return found;
  }

  function namesakesOf(email: string | undefined) {
    return [...rows.values()]
      .filter(({ person }) => email && person.email && lowerCaseAscii(person.email) === lowerCaseAscii(email))
      .map(({ person, identity }) => ({ id: person.id, state: person.state, taken: identity !== undefined }));
  }

  function listed({ person: { id, state, email }, identity }: Row): ListedPerson {
    return { id, state, ...identity, ...(email !== undefined && { email }) };
  }

  for (const person of options.people ?? []) add(person);

  return {
    add,
    change: (id, { state, roles, permissions }) => {
      const changed = row(id);
      changed.person = {
        ...changed.person,
        ...(state && { state }),
        ...(roles && { roles: [...roles].sort() }),
        ...(permissions && { permissions: [...new Set(permissions)].sort() }),
        permissionVersion: changed.person.permissionVersion + 1,
      };
    },
    count: (which) => [...rows.values()].filter(({ person }) => which(person)).length,
    lastLogin: (id) => rows.get(id)?.lastLogin,
    remove: (id) => void rows.delete(id),
    setAvailable: (value) => {
      available = value;
    },

    findByIdentity: async (identity) => {
      answering();
      return isConfigured(identity) ? find(identity) : undefined;
    },

    standing: async (identity) => {
      answering();
      const person = isConfigured(identity) ? find(identity) : undefined;
      return person && { id: person.id, state: person.state, permissionVersion: person.permissionVersion };
    },

    findById: async (id) => {
      answering();
      return rows.get(id)?.person;
    },

    heal: async (identity, attributes) => {
      answering();
      if (!isConfigured(identity)) {
        throw new SsoError('unknown_provider', 'healing an identity of a provider that is not configured');
      }
      if (!isUsable(identity)) return { kind: 'refused', why: 'row_incomplete', detail: 'subject' };
      const known = find(identity);
      if (known) return { kind: 'found', person: known };
      const clean = cleanAttributes(attributes);
      const policy = { users: options.users ?? { linkLegacyRows: false }, providers: options.providers ?? [] };
      const decision = decideLink(policy, identity, clean, namesakesOf(clean.email));
      if (decision.kind === 'refuse') return { kind: 'refused', why: decision.why };
      if (decision.kind === 'insert') {
        const { email, name } = clean;
        const id = add({ identity, ...(email !== undefined && { email }), ...(name !== undefined && { name }) });
        row(id).profileAt = (options.clock ?? systemClock)();
        return { kind: 'created', person: row(id).person };
      }
      const linked = row(decision.id);
      linked.identity = identity;
      return { kind: 'linked', person: linked.person };
    },

    recordSignIn: async (identity, { at, attributes }) => {
      answering();
      const person = isUsable(identity) && isConfigured(identity) ? find(identity) : undefined;
      if (!person) return 'unknown';
      if (person.state !== 'active') return 'stale';
      const known = row(person.id);
      const isLater = at > (known.lastLogin ?? Number.NEGATIVE_INFINITY);
      const isNewer = attributes !== undefined && at > (known.profileAt ?? Number.NEGATIVE_INFINITY);
      if (isLater) known.lastLogin = at;
      if (isNewer) {
        known.profileAt = at;
        const { email, emailVerified, name } = cleanAttributes(attributes);
        const isFree = namesakesOf(email).every(({ id }) => id === person.id);
        known.person = {
          ...known.person,
          ...(name !== undefined && { name }),
          ...(email !== undefined && emailVerified && isFree && { email }),
        };
      }
      return isLater || isNewer ? 'applied' : 'stale';
    },

    page: async ({ after, limit }) => {
      answering();
      const beyond = [...rows.keys()].filter((id) => after === undefined || id > after).sort();
      const ids = beyond.slice(0, limit);
      const last = beyond.length > limit ? ids.at(-1) : undefined;
      return { people: ids.map((id) => listed(row(id))), ...(last !== undefined && { next: last }) };
    },

    among: async (provider, subjects) => {
      answering();
      const wanted = new Set(subjects.filter((subject) => isConfigured({ provider, subject })));
      const isWanted = ({ identity }: Row) => identity?.provider === provider && wanted.has(identity.subject);
      return [...rows.values()].filter(isWanted).map(listed);
    },

    amend: async ({ id, state, email }, change) => {
      answering();
      const known = rows.get(id);
      if (known?.person.state !== state || known.person.email !== email) return { kind: 'overtaken' };
      const { permissionVersion } = known.person;
      if (change.state !== undefined) {
        known.person = { ...known.person, state: change.state, permissionVersion: permissionVersion + 1 };
        return { kind: 'changed' };
      }
      const clean = cleanAttributes({ email: change.email, emailVerified: true }).email;
      if (clean === undefined) return { kind: 'refused', why: 'row_refused', detail: 'email' };
      if (namesakesOf(clean).some((other) => other.id !== id)) return { kind: 'refused', why: 'email_taken' };
      known.person = { ...known.person, email: clean };
      return { kind: 'changed' };
    },

    ping: async () => answering(),
  };
}
