import { createClientRegistry } from '../../../shared/clients.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Config } from '../../../shared/config.ts';
import { SsoError } from '../../../shared/errors.ts';
import { createKeyring } from '../../../shared/keys/keyring.ts';
import { assertUpToDate } from '../../../shared/migrations/migrate.ts';
import { connectDatabase, type DatabaseAccess } from '../../../shared/store/connect.ts';
import { databaseAdvice } from '../../../shared/store/database-advice.ts';
import { createPostgresStore } from '../../../shared/store/postgres.ts';
import { createPostgresDirectory } from '../../../shared/users/postgres.ts';
import type { GatewayDeps } from '../../deps.ts';
import { trustedPeers } from '../trusted-peers.ts';
import { createLog } from './log.ts';

/**
 * Makes a gateway's deps from a configuration: Postgres for people and sessions, the system's clock and `fetch`.
 *
 * @param overrides What a local world or a test brings along instead; `databaseAccess`: see {@link loadDatabaseAccess}.
 * @returns The deps, and what closes the connections again.
 * @throws ConfigError, or SsoError `migrations_pending`; a database that can't be reached is not an error here: the
 *   gateway starts, says 503 and waits for it.
 */
export async function createNodeDeps(
  config: Config,
  overrides: Partial<Pick<GatewayDeps, 'clock' | 'fetch' | 'log'>> & { readonly databaseAccess?: DatabaseAccess } = {},
): Promise<{ deps: GatewayDeps; close: () => Promise<void> }> {
  const keyring = createKeyring(config.keys);
  const isTrustedPeer = trustedPeers(config.check.trustedProxies);
  const log = overrides.log ?? createLog(config.log);
  const sql = connectDatabase(config.database, {
    onPasswordFailure: (error) => log.error('no password for the database', {}, error),
    ...overrides.databaseAccess,
  });
  const close = () => sql.end({ timeout: 5 });
  try {
    await assertUpToDate(sql, config.users);
  } catch (error) {
    if (!(error instanceof SsoError) || error.code !== 'directory_unavailable') {
      await close();
      throw error;
    }
    log.warn('database cannot be used yet', { todo: databaseAdvice(error) }, error);
  }
  return {
    deps: {
      config,
      keyring,
      clients: createClientRegistry(config.clients),
      users: createPostgresDirectory(sql, { users: config.users, providers: config.providers }),
      store: config.session.store === 'none' ? undefined : createPostgresStore(sql),
      clock: overrides.clock ?? systemClock,
      fetch: overrides.fetch ?? fetch,
      log,
      isTrustedPeer,
    },
    close,
  };
}
