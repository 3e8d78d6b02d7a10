import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Config, parseConfig } from '../../shared/config.ts';
import { generateKeyFile } from '../../shared/keys/keyring.ts';

/** Where everything in the local world stands. One port, told apart by host. */
export type WorldAddresses = {
  readonly start: string;
  readonly gateway: string;
  readonly notes: string;
  readonly photos: string;
  readonly userPool: string;
};

/** Secrets of one local world: made once, kept in its folder, worth nothing elsewhere. */
export type WorldSecrets = {
  /** Key file of the gateway, as JSON. */
  readonly keys: string;
  readonly clientSecret: string;
  readonly notes: string;
  readonly photos: string;
};

export const poolId = 'us-east-1_LocalDev0';
export const clientId = 'crossgate';

/** Public addresses for a port. */
export function worldAddresses(port: number): WorldAddresses {
  const at = (host: string) => `http://${host}:${port}`;
  return {
    start: at('acme.localhost'),
    gateway: at('auth.acme.localhost'),
    notes: at('notes.acme.localhost'),
    photos: at('photos.acme.localhost'),
    userPool: at('cognito.localhost'),
  };
}

/** The gateway's configuration for the local world: what a company would write, less the TLS. */
export function worldConfig(at: WorldAddresses, secrets: WorldSecrets, databaseUrl: string): Config {
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
    ],
    rules: [
      { host: new URL(at.notes).hostname, path: '/team', allow: ['role:admin', 'role:editor'] },
      { host: `*.${new URL(at.start).hostname}`, allow: 'signed-in' },
    ],
    check: { trustedProxies: ['127.0.0.1', '::1'] },
    log: { level: 'warn' },
  });
}

/** Reads the secrets of a world, or makes them at its first start. The file is readable by its owner alone. */
export function worldSecrets(dir: string): WorldSecrets {
  const file = path.join(dir, 'secrets.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as WorldSecrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const fresh = () => randomBytes(32).toString('base64url');
  const secrets: WorldSecrets = {
    keys: JSON.stringify(generateKeyFile()),
    clientSecret: fresh(),
    notes: fresh(),
    photos: fresh(),
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(secrets), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}
