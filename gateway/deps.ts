import type { ClientRegistry } from '../shared/clients.ts';
import type { Clock } from '../shared/clock.ts';
import type { Config } from '../shared/config.ts';
import type { Keyring } from '../shared/keys/keyring.ts';
import type { Store } from '../shared/store/store.ts';
import type { UserDirectory } from '../shared/users/directory.ts';

/** What may stand in a log line. Tokens, codes, cookies and query strings never do. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** One line per event. An error is logged by name, message and causes. */
export type Log = Readonly<
  Record<'debug' | 'info' | 'warn' | 'error', (event: string, fields?: LogFields, error?: unknown) => void>
>;

/** Everything that a gateway is made of. A runtime turns its environment into this, and holds nothing else. */
export type GatewayDeps = {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly clients: ClientRegistry;
  readonly users: UserDirectory;
  /** What all processes share; `undefined` where `session.store` is `none`: each session is all in its own cookie then. */
  readonly store: Store | undefined;
  readonly clock: Clock;
  /** For calls to providers, and for what apps registered: their keys, and where they take logout tokens. */
  readonly fetch: typeof fetch;
  readonly log: Log;
  /** Is this the address of a peer whose forwarded headers count? Nobody's does by default. */
  readonly isTrustedPeer: (address: string) => boolean;
  /** Keeps the runtime awake for work that nobody waits for. Absent: it is awake anyway. */
  readonly background?: (work: Promise<unknown>) => void;
};
