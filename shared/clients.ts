import { Buffer } from 'node:buffer';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClientConfig, Config } from './config.ts';
import type { UrlPolicy } from './return-url.ts';

/** The apps that are registered with the gateway. */
export type ClientRegistry = {
  /** In the order of the configuration. */
  readonly all: readonly ClientConfig[];
  /** Origins of all apps that take the hand-off. */
  readonly handOffOrigins: readonly string[];
  /** `undefined`: no app of that id. */
  byId(id: string): ClientConfig | undefined;
  /** The app that has this exact origin; `undefined`: none. */
  byOrigin(origin: string): ClientConfig | undefined;
};

/** Builds the registry from a configuration that was checked (ids unique, origins exact). */
export function createClientRegistry(clients: readonly ClientConfig[]): ClientRegistry {
  const ids = new Map(clients.map((client) => [client.id, client]));
  const origins = new Map(clients.flatMap((client) => client.origins.map((origin) => [origin, client] as const)));
  return {
    all: clients,
    handOffOrigins: clients.filter((client) => client.redirectUris.length > 0).flatMap((client) => client.origins),
    byId: (id) => ids.get(id),
    byOrigin: (origin) => origins.get(origin),
  };
}

/** What the judge of URLs needs to know of a configuration. */
export function urlPolicy(config: Pick<Config, 'publicUrl' | 'cookie' | 'clients'>): UrlPolicy {
  return {
    gatewayOrigin: new URL(config.publicUrl).origin,
    cookieDomain: config.cookie.domain,
    origins: config.clients.flatMap((client) => client.origins),
  };
}

/** Makes a client secret of 256 random bits. The app keeps it, the configuration gets its hash. */
export function newClientSecret(): { readonly secret: string; readonly secretHash: string } {
  const secret = randomBytes(32).toString('base64url');
  return { secret, secretHash: hashSecret(secret) };
}

/** No secret has it: it stands in where there is no hash to compare with. */
const nobodysHash = 'A'.repeat(43);

/**
 * Is that the secret of this app? Takes as long for an app that has none, or for none at all, as for a wrong secret.
 *
 * @param client `undefined`: no app of that id.
 */
export function isSecretOf(client: Pick<ClientConfig, 'secretHash'> | undefined, secret: string): boolean {
  const known = client?.secretHash;
  const same = timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(known ?? nobodysHash));
  return same && known !== undefined;
}

/** A fast hash will do: there is nothing to guess in 256 random bits. */
function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
