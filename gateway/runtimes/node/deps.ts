import { BlockList, isIP } from 'node:net';
import { createClientRegistry } from '../../../shared/clients.ts';
import { systemClock } from '../../../shared/clock.ts';
import { type Config, ConfigError, type ConfigMistake } from '../../../shared/config.ts';
import { SsoError } from '../../../shared/errors.ts';
import { createKeyring } from '../../../shared/keys/keyring.ts';
import { assertUpToDate } from '../../../shared/migrations/migrate.ts';
import { connectDatabase, type DatabaseAccess } from '../../../shared/store/connect.ts';
import { createPostgresStore } from '../../../shared/store/postgres.ts';
import { createPostgresDirectory } from '../../../shared/users/postgres.ts';
import type { GatewayDeps } from '../../deps.ts';
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
    log.warn('database not reachable at start', {}, error);
  }
  return {
    deps: {
      config,
      keyring,
      clients: createClientRegistry(config.clients),
      users: createPostgresDirectory(sql, { users: config.users, providers: config.providers }),
      store: createPostgresStore(sql),
      clock: overrides.clock ?? systemClock,
      fetch: overrides.fetch ?? fetch,
      log,
      isTrustedPeer,
    },
    close,
  };
}

/** @throws ConfigError for what is neither an address nor a CIDR range. */
export function trustedPeers(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  const mistakes: ConfigMistake[] = [];
  ranges.forEach((range, i) => {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN, family);
    } catch {
      mistakes.push({ where: `check.trustedProxies.${i}`, says: `${range} is neither an address nor a CIDR range` });
    }
  });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  // one process sees few peers, and asks for each request
  const known = new Map<string, boolean>();
  return (address) => {
    const answer = known.get(address) ?? list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
    if (known.size < 1000) known.set(address, answer);
    return answer;
  };
}
