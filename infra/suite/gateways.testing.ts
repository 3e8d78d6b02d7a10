import type { RequestListener } from 'node:http';
import { createGateway, type Log } from '../../gateway/app.ts';
import { createListener } from '../../gateway/runtimes/node/listener.ts';
import { createClientRegistry } from '../../shared/clients.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Config } from '../../shared/config.ts';
import type { Keyring } from '../../shared/keys/keyring.ts';
import { proxyAddress } from './guarded-app.testing.ts';
import type { Rooms } from './rooms.testing.ts';
import type { Tap } from './tap.testing.ts';

/** A line of the gateways' log, with everything that stood in it. */
export type LogLine = { readonly level: string; readonly event: string; readonly text: string };

/** What gateways under test are started with. */
export type GatewaysWorld = {
  /** The configuration as a file has it. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly config: Config;
  readonly keyring: Keyring;
  readonly rooms: Rooms;
  readonly now: Clock;
  readonly tap: Tap;
  /** Takes what they write to their logs. */
  readonly log: LogLine[];
};

/** Two gateways on some runtime, as a load balancer would have them: the same configuration, the same store. */
export type GatewaysUnderTest = {
  /** One each. */
  readonly listeners: readonly RequestListener[];
  /** Both read the news now. Rejects where that can't be. */
  hear(): Promise<void>;
  /** No news reach them until the next {@link GatewaysUnderTest.hear}. */
  deafen(): void;
  /** The second one tells apps of ended sessions as far as that is due. */
  deliver(): Promise<void>;
  /** Called after the rooms were told the same. */
  setAvailable(which: 'store' | 'directory', available: boolean): void;
  /**
   * Puts a fresh one with other keys in the place of one of them, as a rolling restart does: the old one serves until the
   * new one is up, and finishes what it has begun. Absent: not on this runtime.
   */
  replace?(which: Process, keyring: Keyring): Promise<void>;
  stop(): Promise<void>;
};

/** One of the two. */
export type Process = 'first' | 'second';

export type StartGateways = (world: GatewaysWorld) => Promise<GatewaysUnderTest>;

/** On Node, in this process. They follow no news by themselves. */
export const startInProcess: StartGateways = async ({ config, keyring, rooms, now, tap, log }) => {
  const start = (keys: Keyring) =>
    createGateway({
      config,
      keyring: keys,
      clients: createClientRegistry(config.clients),
      users: rooms.users,
      // what a process remembers beside its store, the other one doesn't know
      store: config.session.store === 'none' ? undefined : { ...rooms.store },
      clock: now,
      fetch: tap.fetch,
      log: collect(log),
      isTrustedPeer: (address: string) => address === proxyAddress,
    });
  const gateways = [start(keyring), start(keyring)];
  const listeners = gateways.map((gateway) => createListener(gateway));
  return {
    listeners,
    async hear() {
      for (const { feed } of gateways) await feed.poll();
    },
    deafen() {},
    deliver: async () => await gateways[1]?.logouts.deliver(),
    setAvailable() {},
    async replace(which, keys) {
      const gateway = start(keys);
      await gateway.feed.poll();
      const at = which === 'first' ? 0 : 1;
      gateways[at] = gateway;
      listeners[at] = createListener(gateway);
    },
    stop: async () => {},
  };
};

function collect(lines: LogLine[]): Log {
  const at =
    (level: string): Log['info'] =>
    (event, fields, error) => {
      const cause = error instanceof Error ? [error.stack, error.cause].map(String) : error;
      lines.push({ level, event, text: JSON.stringify({ event, ...fields, cause }) });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
