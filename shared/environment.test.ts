import { describe, expect, it } from 'vitest';
import { ConfigError, configSchema, parseConfig } from './config.ts';
import { configJsonSchema, layEnvironment, overlayEnvironment, settings, settingsTable } from './environment.ts';

const file = {
  publicUrl: 'https://auth.acme.test',
  keys: 'KEYS',
  providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
  database: { url: 'postgres://db/acme', poolSize: 5 },
};
const files: Record<string, string> = {
  '/run/secrets/db': 'postgres://db/from-file\n',
  '/run/secrets/windows': 'postgres://db/from-file\r\n',
  '/run/secrets/lines': 'one\n\n',
};
const readFile = (path: string): string => {
  const text = files[path];
  if (text === undefined) throw new Error('ENOENT');
  return text;
};
const overlay = (env: Record<string, string | undefined>, base: unknown = file) =>
  overlayEnvironment(base, env, readFile);
const mistakesOf = (env: Record<string, string | undefined>, base: unknown = file) =>
  layEnvironment(base, env, readFile).mistakes.map(({ where, says }) => `${where}: ${says}`);

describe('the environment', () => {
  it.each<[string, Record<string, string>, object]>([
    ['nothing of ours', { PATH: '/bin', CROSSGATE: 'x', XCROSSGATE_KEYS: 'x' }, {}],
    ['text', { CROSSGATE_PUBLIC_URL: 'https://sso.acme.test' }, { publicUrl: 'https://sso.acme.test' }],
    ['text that looks like a number', { CROSSGATE_ENVIRONMENT: '2' }, { environment: '2' }],
    ['a number', { CROSSGATE_COOKIE_RENEW_WITHIN: '300' }, { cookie: { renewWithin: 300 } }],
    [
      'a number beside what the file says',
      { CROSSGATE_DATABASE_CONNECT_TIMEOUT: '9' },
      { database: { ...file.database, connectTimeout: 9 } },
    ],
    [
      'a number instead of what the file says',
      { CROSSGATE_DATABASE_POOL_SIZE: '9' },
      { database: { ...file.database, poolSize: 9 } },
    ],
    ['true', { CROSSGATE_CHECK_IDENTITY_JWT: 'true' }, { check: { identityJwt: true } }],
    ['false', { CROSSGATE_CHECK_IDENTITY_JWT: 'false' }, { check: { identityJwt: false } }],
    [
      'a member of a list',
      { CROSSGATE_PROVIDERS_0_CLIENT_SECRET: 's' },
      { providers: [{ ...file.providers[0], clientSecret: 's' }] },
    ],
    ['a new member of a list', { CROSSGATE_PROVIDERS_1_ID: 'two' }, { providers: [file.providers[0], { id: 'two' }] }],
    [
      'a list of texts by index',
      { CROSSGATE_COOKIE_CLAIMS_1: 'name', CROSSGATE_COOKIE_CLAIMS_0: 'email' },
      { cookie: { claims: ['email', 'name'] } },
    ],
    ['a whole list', { CROSSGATE_COOKIE_CLAIMS: '["email"]' }, { cookie: { claims: ['email'] } }],
    ['an empty list', { CROSSGATE_COOKIE_CLAIMS: '[]' }, { cookie: { claims: [] } }],
    ['a whole section', { CROSSGATE_COOKIE: '{"lifetime":900}' }, { cookie: { lifetime: 900 } }],
    [
      'a section and what lies in it',
      { CROSSGATE_COOKIE_LIFETIME: '60', CROSSGATE_COOKIE: '{"lifetime":900,"renewWithin":30}' },
      { cookie: { lifetime: 60, renewWithin: 30 } },
    ],
    [
      'a list and a member',
      { CROSSGATE_CLIENTS_0_NAME: 'B', CROSSGATE_CLIENTS: '[{"id":"a","name":"A"}]' },
      { clients: [{ id: 'a', name: 'B' }] },
    ],
    ['a rule that takes text', { CROSSGATE_RULES_0_ALLOW: 'public' }, { rules: [{ allow: 'public' }] }],
    [
      'a rule that takes a list',
      { CROSSGATE_RULES_0_ALLOW: '["role:a","role:b"]' },
      { rules: [{ allow: ['role:a', 'role:b'] }] },
    ],
    ['an empty variable is none', { CROSSGATE_DATABASE_POOL_SIZE: '', CROSSGATE_KEYS_FILE: '' }, {}],
    ['the name of the file', { CROSSGATE_CONFIG: '/etc/crossgate.json' }, {}],
    [
      'a secret from a file',
      { CROSSGATE_DATABASE_URL_FILE: '/run/secrets/db' },
      { database: { ...file.database, url: 'postgres://db/from-file' } },
    ],
    [
      'a secret from a file of another system',
      { CROSSGATE_DATABASE_URL_FILE: '/run/secrets/windows' },
      { database: { ...file.database, url: 'postgres://db/from-file' } },
    ],
    ['one line break is trimmed, no more', { CROSSGATE_KEYS_FILE: '/run/secrets/lines' }, { keys: 'one\n' }],
    [
      'a secret of a member from a file',
      { CROSSGATE_PROVIDERS_0_CLIENT_SECRET_FILE: '/run/secrets/lines' },
      { providers: [{ ...file.providers[0], clientSecret: 'one\n' }] },
    ],
    [
      'an empty variable beside a file',
      { CROSSGATE_KEYS: '', CROSSGATE_KEYS_FILE: '/run/secrets/lines' },
      { keys: 'one\n' },
    ],
  ])('lays %s over the file', (_, env, change) => {
    expect(overlay(env)).toEqual({ ...file, ...change });
  });

  it('is enough without a file', () => {
    const config = parseConfig(
      overlay(
        {
          CROSSGATE_PUBLIC_URL: 'https://auth.acme.test',
          CROSSGATE_KEYS: '{}',
          CROSSGATE_PROVIDERS_0_ID: 'pool',
          CROSSGATE_PROVIDERS_0_ISSUER: 'https://provider.test',
          CROSSGATE_PROVIDERS_0_CLIENT_ID: 'crossgate',
          CROSSGATE_DATABASE_URL_FILE: '/run/secrets/db',
        },
        undefined,
      ),
    );
    expect(config.database.url).toBe('postgres://db/from-file');
  });

  it('leaves the file as it was', () => {
    const before = structuredClone(file);
    overlay({ CROSSGATE_PROVIDERS_0_ID: 'x', CROSSGATE_DATABASE_POOL_SIZE: '1' });
    expect(file).toEqual(before);
  });

  it("ignores the name of the file's schema, which editors want", () => {
    expect(overlay({}, { ...file, $schema: './crossgate.schema.json' })).toEqual(file);
  });

  it.each([null, 'text', 7, []])('leaves it to the parser that a file says %j', (odd) => {
    expect(() => parseConfig(overlay({ CROSSGATE_KEYS: 'x' }, odd))).toThrow(ConfigError);
  });

  it('says what came from where', () => {
    const env = { CROSSGATE_DATABASE_URL_FILE: '/run/secrets/db', CROSSGATE_LOG_LEVEL: 'warn' };
    expect(layEnvironment(file, env, readFile).sources).toEqual([
      { setting: 'database.url', variable: 'CROSSGATE_DATABASE_URL_FILE', file: '/run/secrets/db' },
      { setting: 'log.level', variable: 'CROSSGATE_LOG_LEVEL' },
    ]);
  });
});

describe('a mistake in the environment', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'a slip of the finger',
      { CROSSGATE_COKIE_LIFETIME: '1' },
      'CROSSGATE_COKIE_LIFETIME: is not a setting. Did you mean CROSSGATE_COOKIE_LIFETIME?',
    ],
    [
      'words run together',
      { CROSSGATE_PUBLICURL: 'x' },
      'CROSSGATE_PUBLICURL: is not a setting. Did you mean CROSSGATE_PUBLIC_URL?',
    ],
    [
      'a slip beside an index',
      { CROSSGATE_PROVIDERS_3_CLIENTID: 'x' },
      'CROSSGATE_PROVIDERS_3_CLIENTID: is not a setting. Did you mean CROSSGATE_PROVIDERS_3_CLIENT_ID?',
    ],
    [
      'a slip before _FILE',
      { CROSSGATE_KEY_FILE: 'x' },
      'CROSSGATE_KEY_FILE: is not a setting. Did you mean CROSSGATE_KEYS_FILE?',
    ],
    [
      'nothing near',
      { CROSSGATE_SOMETHING_ALTOGETHER_DIFFERENT: 'x' },
      'CROSSGATE_SOMETHING_ALTOGETHER_DIFFERENT: is not a setting',
    ],
    [
      'an empty unknown one',
      { CROSSGATE_COKIE_LIFETIME: '' },
      'CROSSGATE_COKIE_LIFETIME: is not a setting. Did you mean CROSSGATE_COOKIE_LIFETIME?',
    ],
    ['lower case', { CROSSGATE_public_url: 'x' }, 'CROSSGATE_public_url: is not a setting'],
    ['a name of Object.prototype', { CROSSGATE___PROTO__: 'x' }, 'CROSSGATE___PROTO__: is not a setting'],
    [
      'an index with zeroes',
      { CROSSGATE_PROVIDERS_00_ID: 'x' },
      'CROSSGATE_PROVIDERS_00_ID: is not a setting. Did you mean CROSSGATE_PROVIDERS_00_ID?',
    ],
    ['text for a number', { CROSSGATE_LISTEN_PORT: 'http' }, 'CROSSGATE_LISTEN_PORT: must be a whole number'],
    ['a fraction', { CROSSGATE_LISTEN_PORT: '1.5' }, 'CROSSGATE_LISTEN_PORT: must be a whole number'],
    ['a number in hexadecimal', { CROSSGATE_LISTEN_PORT: '0x10' }, 'CROSSGATE_LISTEN_PORT: must be a whole number'],
    ['a number with a space', { CROSSGATE_LISTEN_PORT: ' 80' }, 'CROSSGATE_LISTEN_PORT: must be a whole number'],
    ['1 for true', { CROSSGATE_CHECK_IDENTITY_JWT: '1' }, 'CROSSGATE_CHECK_IDENTITY_JWT: must be true or false'],
    [
      'a list with commas',
      { CROSSGATE_COOKIE_CLAIMS: 'email,name' },
      'CROSSGATE_COOKIE_CLAIMS: must be a list in JSON, such as ["a","b"]',
    ],
    [
      'an object for a list',
      { CROSSGATE_COOKIE_CLAIMS: '{}' },
      'CROSSGATE_COOKIE_CLAIMS: must be a list in JSON, such as ["a","b"]',
    ],
    ['a list for a section', { CROSSGATE_COOKIE: '[]' }, 'CROSSGATE_COOKIE: must be an object in JSON'],
    [
      'a gap in a list',
      { CROSSGATE_PROVIDERS_2_ID: 'x' },
      'CROSSGATE_PROVIDERS_2_ID: leaves a gap: providers has 1 so far',
    ],
    [
      'a file for what is no secret',
      { CROSSGATE_PUBLIC_URL_FILE: '/run/secrets/db' },
      'CROSSGATE_PUBLIC_URL_FILE: is no secret, so it has no _FILE form',
    ],
    [
      'a file that is not there',
      { CROSSGATE_KEYS_FILE: '/nowhere' },
      'CROSSGATE_KEYS_FILE: names a file that cannot be read: /nowhere',
    ],
    [
      'a secret given twice',
      { CROSSGATE_KEYS: 'x', CROSSGATE_KEYS_FILE: '/run/secrets/db' },
      'CROSSGATE_KEYS_FILE: is set together with the same name without _FILE: use one',
    ],
  ])('is named: %s', (_, env, mistake) =>
    expect(mistakesOf(env)).toEqual([expect.stringContaining(mistake.split('. Did')[0] ?? '')]),
  );

  it.each([
    ['CROSSGATE_COKIE_LIFETIME', 'CROSSGATE_COOKIE_LIFETIME'],
    ['CROSSGATE_PUBLICURL', 'CROSSGATE_PUBLIC_URL'],
    ['CROSSGATE_PROVIDERS_3_CLIENTID', 'CROSSGATE_PROVIDERS_3_CLIENT_ID'],
    ['CROSSGATE_KEY_FILE', 'CROSSGATE_KEYS_FILE'],
    ['CROSSGATE_CONFIG_FILE', 'CROSSGATE_CONFIG'],
    ['CROSSGATE_DATABASE_URI', 'CROSSGATE_DATABASE_URL'],
  ])('%s: did you mean %s?', (name, meant) => {
    expect(mistakesOf({ [name]: 'x' })).toEqual([`${name}: is not a setting. Did you mean ${meant}?`]);
  });

  it.each([
    [
      'a section that the file made text',
      { CROSSGATE_COOKIE_LIFETIME: '60' },
      { ...file, cookie: 'x' },
      /cookie has a value/,
    ],
    [
      'a list that the file made an object',
      { CROSSGATE_PROVIDERS_0_ID: 'x' },
      { ...file, providers: {} },
      /providers is no list/,
    ],
    [
      'an object that the file made a list',
      { CROSSGATE_COOKIE_LIFETIME: '60' },
      { ...file, cookie: [] },
      /cookie is no object/,
    ],
  ])('is named: %s', (_, env, base, says) => expect(mistakesOf(env, base)).toEqual([expect.stringMatching(says)]));

  it('comes with every other at once, and no value is quoted', () => {
    const env = {
      CROSSGATE_LISTEN_PORT: 'S3CRET',
      CROSSGATE_COOKIE_CLAIMS: 'S3CRET',
      CROSSGATE_CHECK_IDENTITY_JWT: 'S3CRET',
      CROSSGATE_SURPRISE_SURPRISE: 'S3CRET',
    };
    expect(mistakesOf(env)).toHaveLength(4);
    expect(() => overlay(env)).toThrow(ConfigError);
    expect(mistakesOf(env).join()).not.toContain('S3CRET');
  });
});

describe('the list of settings', () => {
  it('has every key of the schema, and a variable of its own for each', () => {
    const tops = new Set(settings().map((one) => one.path[0]));
    expect([...tops]).toEqual(Object.keys(configSchema.shape));
    const variables = settings().map((one) => one.variable);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('says one sentence about each', () => {
    for (const one of settings()) {
      if (one.path.at(-1) === '*') continue;
      expect(one.description, one.variable).toMatch(/[.?]$/);
    }
  });

  it('marks as secret what must not be shown', () => {
    const secrets = settings().filter((one) => one.secret);
    expect(secrets.map((one) => one.variable)).toEqual([
      'CROSSGATE_KEYS',
      'CROSSGATE_PROVIDERS_<n>_CLIENT_SECRET',
      'CROSSGATE_DATABASE_URL',
    ]);
  });

  it('is the table of the README', () => {
    const table = settingsTable();
    expect(table).toContain('| `cookie.renewWithin` | whole number | `600` | Seconds before expiry');
    for (const line of table.split('\n')) expect(line.match(/(?<!\\)\|/g)).toHaveLength(5);
  });

  it('is the JSON Schema', () => {
    expect(configJsonSchema()).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['publicUrl', 'keys', 'providers', 'database'],
      properties: { $schema: { type: 'string' }, keys: { writeOnly: true } },
    });
    expect(JSON.stringify(configJsonSchema())).not.toContain('"secret"');
  });
});
