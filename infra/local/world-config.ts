import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newClientSecret } from '../../shared/clients.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { generateKeyFile } from '../../shared/keys/keyring.ts';

/** Where everything in the local world stands. One port, told apart by host. */
export type WorldAddresses = {
  readonly start: string;
  readonly gateway: string;
  readonly notes: string;
  readonly photos: string;
  /** Without code for signing in, behind the gateway itself. */
  readonly wiki: string;
  /** A folder of files behind functions at CloudFront. */
  readonly docs: string;
  /** Another company's, on a domain of its own. */
  readonly globex: string;
  readonly userPool: string;
};

/** Secrets of one local world: made once, kept in its folder, worth nothing elsewhere. */
export type WorldSecrets = {
  /** Key file of the gateway, as JSON. */
  readonly keys: string;
  readonly clientSecret: string;
  readonly notes: string;
  readonly photos: string;
  /** Globex's own, which the gateway never sees. */
  readonly globex: string;
  /** Client secret of Globex, and what the gateway keeps of it. */
  readonly globexClient: { readonly secret: string; readonly secretHash: string };
};

export const poolId = 'us-east-1_LocalDev0';
export const clientId = 'crossgate';
/** Globex at the gateway. */
export const globexId = 'globex';

/** Public addresses for a port. */
export function worldAddresses(port: number): WorldAddresses {
  const at = (host: string) => `http://${host}:${port}`;
  return {
    start: at('acme.localhost'),
    gateway: at('auth.acme.localhost'),
    notes: at('notes.acme.localhost'),
    photos: at('photos.acme.localhost'),
    wiki: at('wiki.acme.localhost'),
    docs: at('docs.acme.localhost'),
    globex: at('globex.localhost'),
    userPool: at('cognito.localhost'),
  };
}

/**
 * The gateway's configuration for the local world: what a company would write, less the TLS.
 *
 * @param wiki Where the wiki itself listens, for the gateway alone.
 */
export function worldConfig(at: WorldAddresses, secrets: WorldSecrets, databaseUrl: string, wiki: string): Config {
  return parseConfig({
    publicUrl: at.gateway,
    keys: secrets.keys,
    providers: [
      {
        id: 'cognito',
        kind: 'cognito',
        issuer: `${at.userPool}/${poolId}`,
        clientId,
        clientSecret: secrets.clientSecret,
        triggers: true,
      },
    ],
    database: { url: databaseUrl },
    clients: [
      { id: 'notes', name: 'Notes', home: `${at.notes}/`, origins: [at.notes] },
      { id: 'photos', name: 'Photos', home: `${at.photos}/`, origins: [at.photos] },
      { id: 'wiki', name: 'Wiki', home: `${at.wiki}/`, origins: [at.wiki], upstream: { url: wiki } },
      { id: 'docs', name: 'Docs', home: `${at.docs}/`, origins: [at.docs] },
      {
        id: globexId,
        name: 'Globex',
        home: `${at.globex}/`,
        origins: [at.globex],
        redirectUris: [`${at.globex}/sso/callback`],
        postLogoutUris: [`${at.globex}/bye`],
        backchannelLogoutUri: `${at.globex}/sso/backchannel-logout`,
        secretHash: secrets.globexClient.secretHash,
      },
    ],
    rules: [
      { host: new URL(at.notes).hostname, path: '/team', allow: ['role:admin', 'role:editor'] },
      { host: new URL(at.wiki).hostname, path: '/edit/*', allow: ['role:admin', 'role:editor'] },
      // where a sign-out ends
      { host: new URL(at.wiki).hostname, path: '/bye', allow: 'public' },
      { host: `*.${new URL(at.start).hostname}`, allow: 'signed-in' },
    ],
    check: { trustedProxies: ['127.0.0.1', '::1'] },
    log: { level: 'warn' },
  });
}

/**
 * Reads the secrets of a world, or makes them at its first start. One that an older world has not yet is made, and kept
 * with the rest. The file is readable by its owner alone.
 */
export function worldSecrets(dir: string): WorldSecrets {
  const file = path.join(dir, 'secrets.json');
  const kept = readSecrets(file);
  const fresh = () => randomBytes(32).toString('base64url');
  const secrets: WorldSecrets = {
    keys: kept.keys ?? JSON.stringify(generateKeyFile()),
    clientSecret: kept.clientSecret ?? fresh(),
    notes: kept.notes ?? fresh(),
    photos: kept.photos ?? fresh(),
    globex: kept.globex ?? fresh(),
    globexClient: kept.globexClient ?? newClientSecret(),
  };
  if (Object.keys(secrets).every((name) => Object.hasOwn(kept, name))) return secrets;
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}

function readSecrets(file: string): Partial<WorldSecrets> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<WorldSecrets>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {};
  }
}
