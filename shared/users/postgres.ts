import type postgres from 'postgres';
import type { UsersConfig } from '../config.ts';
import { SsoError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { askDatabase, databaseError, sqlState } from '../store/database-error.ts';
import { amender } from './amending.ts';
import { cleanAttributes, isUsable } from './attributes.ts';
import type { ListedPerson, UserDirectory } from './directory.ts';
import { healer } from './heal.ts';
import type { LinkPolicy } from './link-policy.ts';
import { listing } from './listing.ts';
import { mapUsers } from './mapping.ts';
import { personQuery } from './person-query.ts';
import { signInRecorder } from './sign-ins.ts';

export type DirectoryOptions = {
  readonly users: UsersConfig;
  /** All that are configured. Identities of others are nobody's. */
  readonly providers: LinkPolicy['providers'];
};

/**
 * The people in the users table that the configuration maps, or in our own.
 *
 * @param sql Stays open; the caller closes it.
 * @throws SsoError `config_invalid` for a mapping that can't be (see `mapping.ts`).
 */
export function createPostgresDirectory(sql: postgres.Sql, { users, providers }: DirectoryOptions): UserDirectory {
  const mapping = mapUsers(users);
  const people = personQuery(mapping);
  const heal = healer(sql, mapping, people, { users, providers });
  const record = signInRecorder(sql, mapping, people);
  const list = listing(sql, mapping, providers[0]?.id);
  const amend = amender(sql, mapping);

  const asked = <T>(doing: string, ask: () => Promise<T>): Promise<T> =>
    askDatabase(sql, 'directory_unavailable', doing, ask);

  function isConfigured({ provider }: Identity): boolean {
    return providers.some(({ id }) => id === provider);
  }

  /** Asks by identity, where there can be somebody. */
  async function byIdentity<T>(doing: string, identity: Identity, ask: () => Promise<T>): Promise<T | undefined> {
    if (!isUsable(identity) || !isConfigured(identity)) return undefined;
    try {
      return await ask();
    } catch (cause) {
      // Class 22, data exception: the column's type can't hold the subject ("x" for a uuid), so no row has it.
      if (sqlState(cause)?.startsWith('22')) return undefined;
      throw databaseError('directory_unavailable', doing, cause);
    }
  }

  const findByIdentity: UserDirectory['findByIdentity'] = (identity) =>
    byIdentity('finding a person by identity', identity, () => people.byIdentity(sql, identity));

  return {
    findByIdentity,

    standing: (identity) => byIdentity('finding how a person stands', identity, () => people.standing(sql, identity)),

    findById: (id) => asked('finding a person by id', () => people.byId(sql, id)),

    heal: async (identity, attributes) => {
      if (!isConfigured(identity)) {
        throw new SsoError('unknown_provider', 'healing an identity of a provider that is not configured');
      }
      if (!isUsable(identity)) return { kind: 'refused', why: 'row_incomplete', detail: 'subject' };
      const person = await findByIdentity(identity);
      if (person) return { kind: 'found', person };
      return asked('healing', () => heal(identity, cleanAttributes(attributes)));
    },

    recordSignIn: async (identity, { at, attributes }) => {
      const signIn = { at, ...(attributes && { attributes: cleanAttributes(attributes) }) };
      return (await byIdentity('recording a sign-in', identity, () => record(identity, signIn))) ?? 'unknown';
    },

    page: ({ after, limit }) => asked('listing people', () => list.page(after, limit)),

    among: async (provider, subjects) => {
      const usable = subjects.filter(
        (subject) => isUsable({ provider, subject }) && isConfigured({ provider, subject }),
      );
      try {
        return await list.among(provider, usable);
      } catch (cause) {
        if (!sqlState(cause)?.startsWith('22')) throw databaseError('directory_unavailable', 'finding people', cause);
      }
      // One of the subjects is nothing that the column could hold; the others still may have rows.
      const found: ListedPerson[] = [];
      for (const subject of usable) {
        const ask = () => list.among(provider, [subject]);
        found.push(...((await byIdentity('finding people', { provider, subject }, ask)) ?? []));
      }
      return found;
    },

    amend: async (person, change) => {
      if (change.email === undefined) return asked('changing a state', () => amend(person, change));
      const { email } = cleanAttributes({ email: change.email, emailVerified: true });
      if (email === undefined) return { kind: 'refused', why: 'row_refused', detail: 'email' };
      return asked('changing an email', () => amend(person, { email }));
    },

    ping: () =>
      asked('asking whether the directory answers', async () => {
        await sql.unsafe(`select ${mapping.id} from ${mapping.table} limit 0`, [], { prepare: true });
      }),
  };
}
