import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../shared/config.ts';
import { loadConfig } from './load-config.ts';

const file = {
  publicUrl: 'https://auth.acme.test',
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
  database: { url: 'postgres://db/acme' },
};
let cwd: string;
let empty: string;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'crossgate-config-'));
  empty = mkdtempSync(join(tmpdir(), 'crossgate-config-'));
  writeFileSync(join(cwd, 'crossgate.json'), JSON.stringify(file));
  writeFileSync(join(cwd, 'other.json'), JSON.stringify({ ...file, environment: 'other' }));
  writeFileSync(join(cwd, 'broken.json'), '{\n  "database": "S3CRET",\n  oops\n}');
  writeFileSync(join(cwd, 'keys.json'), '{"from":"file"}\n');
});
afterAll(() => {
  rmSync(cwd, { recursive: true });
  rmSync(empty, { recursive: true });
});

const keys = { CROSSGATE_KEYS_FILE: 'keys.json' };
function mistakesOf(name: string | undefined, env: Record<string, string>, at = cwd): string[] {
  try {
    loadConfig(name, { env, cwd: at });
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(({ where, says }) => `${where}: ${says}`);
    throw error;
  }
  return [];
}

describe('the configuration of a process', () => {
  it.each<[string, string | undefined, Record<string, string>, string]>([
    ['crossgate.json, if nothing else is named', undefined, {}, ''],
    ['the file that CROSSGATE_CONFIG names', undefined, { CROSSGATE_CONFIG: 'other.json' }, 'other'],
    ['the file that is named outright', 'other.json', { CROSSGATE_CONFIG: 'crossgate.json' }, 'other'],
    ['crossgate.json, if CROSSGATE_CONFIG is empty', undefined, { CROSSGATE_CONFIG: '' }, ''],
    ['the environment before any file', 'other.json', { CROSSGATE_ENVIRONMENT: 'env' }, 'env'],
  ])('is %s', (_, name, env, environment) => {
    expect(loadConfig(name, { env: { ...keys, ...env }, cwd }).config).toMatchObject({ environment });
  });

  it('takes secrets from files, and says what it read', () => {
    expect(loadConfig(undefined, { env: keys, cwd })).toMatchObject({
      config: { keys: '{"from":"file"}' },
      file: join(cwd, 'crossgate.json'),
      sources: [{ setting: 'keys', variable: 'CROSSGATE_KEYS_FILE' }],
    });
  });

  it('may come from the environment alone', () => {
    const env = {
      CROSSGATE_PUBLIC_URL: file.publicUrl,
      CROSSGATE_KEYS: 'k',
      CROSSGATE_PROVIDERS: JSON.stringify(file.providers),
      CROSSGATE_DATABASE_URL: file.database.url,
    };
    expect(loadConfig(undefined, { env, cwd: empty })).toMatchObject({ file: undefined, config: { keys: 'k' } });
  });
});

describe('a mistake', () => {
  it('says where a file was looked for that nobody named, once something is missing', () => {
    const said = () => loadConfig(undefined, { env: keys, cwd: empty });
    expect(said).toThrow(`${join(empty, 'crossgate.json')}: is not there`);
  });

  it('is a file that was named and is not there', () => {
    expect(mistakesOf('nowhere.json', keys)).toContain(`${join(cwd, 'nowhere.json')}: cannot be read (ENOENT)`);
    expect(mistakesOf(undefined, { CROSSGATE_CONFIG: 'nowhere.json' })[0]).toMatch(/nowhere.json: cannot be read/);
  });

  it('is a file that is no JSON, and nothing of it is quoted', () => {
    const said = mistakesOf('broken.json', keys);
    expect(said[0]).toBe(`${join(cwd, 'broken.json')}: is not JSON (line 3 column 3)`);
    expect(said.join()).not.toContain('S3CRET');
  });

  it('comes with every other: of the environment and of the settings', () => {
    const said = mistakesOf('other.json', { CROSSGATE_LISTEN_PORT: 'x', CROSSGATE_KEYZ: 'y' });
    expect(said).toHaveLength(3);
    expect(said).toEqual(
      expect.arrayContaining([
        'CROSSGATE_LISTEN_PORT: must be a whole number',
        'CROSSGATE_KEYZ: is not a setting. Did you mean CROSSGATE_KEYS?',
        'keys: is missing',
      ]),
    );
  });
});
