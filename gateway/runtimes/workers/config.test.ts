import { describe, expect, it } from 'vitest';
import { generateKeyFile } from '../../../shared/keys/keyring.ts';
import { loadConfig, type WorkerEnv } from './config.ts';

const keys = JSON.stringify(generateKeyFile('ES256'));
const file = {
  publicUrl: 'https://auth.acme.com',
  providers: [{ id: 'acme', issuer: 'https://login.acme.com', clientId: 'crossgate' }],
};
const HYPERDRIVE = { connectionString: 'postgres://app:secret@x.hyperdrive.local:5432/acme?sslmode=disable' };
const env: WorkerEnv = { HYPERDRIVE, CROSSGATE_KEYS: keys };

describe('the configuration of a Worker', () => {
  it.each<[string, WorkerEnv, unknown]>([
    ['bundled', env, file],
    ['in an object', { ...env, CROSSGATE_CONFIG: file }, undefined],
    ['in JSON', { ...env, CROSSGATE_CONFIG: JSON.stringify(file) }, undefined],
    [
      'in variables alone',
      { ...env, CROSSGATE_PUBLIC_URL: file.publicUrl, CROSSGATE_PROVIDERS: JSON.stringify(file.providers) },
      undefined,
    ],
    [
      'with variables over it',
      { ...env, CROSSGATE_PUBLIC_URL: file.publicUrl },
      { ...file, publicUrl: 'https://x.test' },
    ],
    ['with other bindings beside it', { ...env, STORE: {} as never, ASSETS: {}, SOME_KEY: 'x' }, file],
    [
      'with keys in pieces',
      { HYPERDRIVE, CROSSGATE_KEYS_2: keys.slice(1000), CROSSGATE_KEYS_1: keys.slice(0, 1000) },
      file,
    ],
  ])('%s', (_, variables, bundled) => {
    const config = loadConfig(variables, bundled);
    expect(config).toMatchObject({ publicUrl: file.publicUrl, keys, database: { url: HYPERDRIVE.connectionString } });
  });

  it('may name a database without Hyperdrive', () => {
    const url = 'postgres://app@db.acme.com/acme?sslmode=verify-full';
    expect(loadConfig({ CROSSGATE_KEYS: keys, CROSSGATE_DATABASE_URL: url }, file).database.url).toBe(url);
  });

  it.each<[string, WorkerEnv, unknown, RegExp]>([
    ['no database', { CROSSGATE_KEYS: keys }, file, /database/],
    ['two ways to it', { ...env, CROSSGATE_DATABASE_URL: 'postgres://x' }, file, /database\.url: is set together with/],
    ['no JSON', { ...env, CROSSGATE_CONFIG: '{"keys": "s3cret' }, undefined, /CROSSGATE_CONFIG: is not JSON/],
    [
      'a store that is not to be used',
      { ...env, STORE: {} as never, CROSSGATE_SESSION_STORE: 'none' },
      file,
      /session\.store: is none, and the binding STORE/,
    ],
    ['a misspelt variable', { ...env, CROSSGATE_PUBLIC_URI: 'x' }, file, /Did you mean CROSSGATE_PUBLIC_URL/],
    ['a secret in a file', { ...env, CROSSGATE_KEYS: '', CROSSGATE_KEYS_FILE: 'keys.json' }, file, /cannot be read/],
    ['several at once', { ...env, CROSSGATE_LOG_LEVL: 'x' }, { ...file, publicUrl: 1 }, /LEVL.*publicUrl/],
  ])('is refused with %s', (_, variables, bundled, says) => {
    const load = () => loadConfig(variables, bundled);
    expect(load).toThrow(says);
    expect(load).not.toThrow(/s3cret/);
  });
});
