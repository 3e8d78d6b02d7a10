import type { ClientConfig, Config } from './config.ts';
import type { UrlPolicy } from './return-url.ts';

/** The apps that are registered with the gateway. */
export type ClientRegistry = {
  /** In the order of the configuration. */
  readonly all: readonly ClientConfig[];
  /** `undefined`: no app of that id. */
  byId(id: string): ClientConfig | undefined;
  /** The app that has this exact origin; `undefined`: none. */
  byOrigin(origin: string): ClientConfig | undefined;
};

/** Builds the registry from a configuration that was checked (ids unique, origins exact). */
export function createClientRegistry(clients: readonly ClientConfig[]): ClientRegistry {
  const ids = new Map(clients.map((client) => [client.id, client]));
  const origins = new Map(clients.flatMap((client) => client.origins.map((origin) => [origin, client] as const)));
  return { all: clients, byId: (id) => ids.get(id), byOrigin: (origin) => origins.get(origin) };
}

/** What the judge of URLs needs to know of a configuration. */
export function urlPolicy(config: Pick<Config, 'publicUrl' | 'cookie' | 'clients'>): UrlPolicy {
  return {
    gatewayOrigin: new URL(config.publicUrl).origin,
    cookieDomain: config.cookie.domain,
    origins: config.clients.flatMap((client) => client.origins),
  };
}
