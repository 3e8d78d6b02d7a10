import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSecretOf } from '../../shared/clients.ts';
import { globexId, worldAddresses, worldConfig, worldSecrets } from './world-config.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'crossgate-world-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const file = () => path.join(dir, 'secrets.json');

describe('the secrets of a world', () => {
  it('stay the same from start to start, and are for their owner alone', () => {
    const made = worldSecrets(dir);
    expect(worldSecrets(dir)).toEqual(made);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['secrets.json']);
  });

  it('of an older world are kept, and what it lacks is made once', () => {
    const { globex, globexClient, ...older } = worldSecrets(dir);
    writeFileSync(file(), JSON.stringify(older));
    const completed = worldSecrets(dir);
    expect(completed).toMatchObject(older);
    expect(completed.globex).not.toBe(globex);
    expect(completed.globexClient.secret).not.toBe(globexClient.secret);
    expect(worldSecrets(dir)).toEqual(completed);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual(completed);
  });

  it('that can’t be read are not replaced', () => {
    writeFileSync(file(), '{"keys":');
    expect(() => worldSecrets(dir)).toThrow(SyntaxError);
    expect(readFileSync(file(), 'utf8')).toBe('{"keys":');
  });
});

it('the gateway knows the hash of Globex’s secret, and not the secret', () => {
  const secrets = worldSecrets(dir);
  const config = worldConfig(worldAddresses(4180), secrets, 'postgres://x@127.0.0.1/x', 'http://127.0.0.1:4181');
  const globex = config.clients.find(({ id }) => id === globexId);
  expect(globex).toMatchObject({
    origins: ['http://globex.localhost:4180'],
    redirectUris: ['http://globex.localhost:4180/sso/callback'],
    backchannelLogoutUri: 'http://globex.localhost:4180/sso/backchannel-logout',
  });
  expect(isSecretOf(globex, secrets.globexClient.secret)).toBe(true);
  expect(isSecretOf(globex, secrets.globex)).toBe(false);
  expect(JSON.stringify(config.clients)).not.toContain(secrets.globexClient.secret);
});
