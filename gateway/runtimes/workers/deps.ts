import { createClientRegistry } from '../../../shared/clients.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Config } from '../../../shared/config.ts';
import { createKeyring } from '../../../shared/keys/keyring.ts';
import { connectDatabase } from '../../../shared/store/connect.ts';
import { createDurableObjectStore } from '../../../shared/store/durable-object-client.ts';
import { withNewsOf } from '../../../shared/store/joined-feed.ts';
import { createPostgresStore } from '../../../shared/store/postgres.ts';
import { createPostgresDirectory } from '../../../shared/users/postgres.ts';
import type { GatewayDeps } from '../../deps.ts';
import { trustedPeers } from '../trusted-peers.ts';
import type { WorkerEnv } from './config.ts';
import { createLog } from './log.ts';
import { background, perRequest } from './scope.ts';
import { readsWhatItWrote } from './uncached.ts';

/** A Worker has six connections at a time; one is left for calls to providers. */
const mostConnections = 5;

/** Deps, and what a Worker looks after from time to time. */
export type WorkersDeps = GatewayDeps & {
  /** Looks whether something between the Worker and Postgres answers from a cache, and says so in the log. */
  assertUncached(): Promise<void>;
};

/**
 * Makes a gateway's deps from a configuration and the bindings: people in Postgres, sessions in the Durable Object that is
 * bound as `STORE`, else in Postgres too.
 *
 * Nothing is connected here, and what is connected later belongs to the request that asked: a gateway made of this works
 * inside of {@link inScope} alone.
 *
 * @throws ConfigError for a configuration that can't be; SsoError `config_invalid` for a database that a Worker can't reach
 *   (certificates in a file, IAM tokens).
 */
export function workersDeps(config: Config, env: Pick<WorkerEnv, 'STORE'>): WorkersDeps {
  const connect = () =>
    connectDatabase({ ...config.database, poolSize: Math.min(config.database.poolSize, mostConnections) });
  // opens nothing; says at once what could never be opened
  connect();
  const database = perRequest(() => {
    const sql = connect();
    const users = createPostgresDirectory(sql, { users: config.users, providers: config.providers });
    return { value: { sql, users, store: createPostgresStore(sql) }, close: () => sql.end({ timeout: 1 }) };
  });
  const users = delegate(() => database.users);
  const inPostgres = delegate(() => database.store);
  const shared = env.STORE ? withNewsOf(inPostgres, createDurableObjectStore(env.STORE)) : inPostgres;
  const log = createLog(config.log);
  return {
    config,
    keyring: createKeyring(config.keys),
    clients: createClientRegistry(config.clients),
    users,
    store: config.session.store === 'none' ? undefined : shared,
    clock: systemClock,
    fetch: (input, init) => fetch(input, init),
    log,
    isTrustedPeer: trustedPeers(config.check.trustedProxies),
    background,
    async assertUncached() {
      if (await readsWhatItWrote(database.sql, systemClock())) return;
      log.error('Postgres is read through a cache: turn off the caching of Hyperdrive');
    },
  };
}

/** Each method of a value that is looked up anew at every call. */
function delegate<T extends object>(find: () => T): T {
  return new Proxy({} as T, { get: (_, name) => Reflect.get(find(), name) });
}
