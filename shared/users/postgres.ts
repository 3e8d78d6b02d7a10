import type postgres from 'postgres';
import type { UsersConfig } from '../config.ts';
import { SsoError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { databaseError, sqlState } from '../store/database-error.ts';
import { cleanAttributes, isUsable } from './attributes.ts';
import type { UserDirectory } from './directory.ts';
import { healer } from './heal.ts';
import type { LinkPolicy } from './link-policy.ts';
import { mapUsers } from './mapping.ts';
import { personQuery } from './person-query.ts';

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

  async function asked<T>(doing: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (cause) {
      throw databaseError('directory_unavailable', doing, cause);
    }
  }

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

    ping: () =>
      asked('asking whether the directory answers', async () => {
        await sql.unsafe(`select ${mapping.id} from ${mapping.table} limit 0`, [], { prepare: true });
      }),
  };
}
