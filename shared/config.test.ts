import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, parseConfigPart } from './config.ts';

const secretKey = 'KEY-MATERIAL';
const password = 'db-PASSWORD';
const provider = { id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' };
const client = { id: 'notes', name: 'Notes', home: 'https://notes.acme.test/', origins: ['https://notes.acme.test'] };
const base = {
  publicUrl: 'https://auth.acme.test',
  keys: secretKey,
  providers: [provider],
  database: { url: `postgres://gateway:${password}@db/acme` },
};

function mistakesOf(input: unknown, parse: (input: unknown) => unknown = parseConfig): string[] {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(({ where, says }) => `${where}: ${says}`);
    throw error;
  }
  return [];
}

describe('the smallest configuration', () => {
  const config = parseConfig(base);
  it('gets every default', () => {
    expect(config).toMatchObject({
      environment: '',
      cookie: { domain: 'acme.test', algorithm: 'RS256', lifetime: 1800, renewWithin: 600 },
      session: {
        lifetime: 43_200,
        providerRefreshAfter: 3600,
        outageLifetime: 300,
        outageLimit: 3600,
        store: 'shared',
      },
      users: { idType: 'uuid', linkLegacyRows: false, columns: { id: 'id' }, states: { active: ['active'] } },
      clients: [],
      rules: [],
      check: { headers: 'remote', identityJwt: false, trustedProxies: [], renews: false },
      triggers: { onFailure: 'refuse' },
      listen: { host: '127.0.0.1', port: 4180 },
    });
  });

  it('leaves what it was given as it was', () => {
    const frozen = Object.freeze({ ...base, providers: Object.freeze([Object.freeze({ ...provider })]) });
    expect(parseConfig(frozen).providers[0]?.scopes).toEqual(['openid', 'email', 'profile']);
  });

  it.each([
    ['https://auth.acme.test/', 'https://auth.acme.test', 'acme.test'],
    ['https://AUTH.Acme.test', 'https://auth.acme.test', 'acme.test'],
    ['https://auth.acme.test:443', 'https://auth.acme.test', 'acme.test'],
    ['https://www.acme.test/_sso/', 'https://www.acme.test/_sso', 'acme.test'],
    ['http://auth.acme.localhost:4180', 'http://auth.acme.localhost:4180', 'acme.localhost'],
    ['http://localhost:4180', 'http://localhost:4180', 'localhost'],
    ['http://127.0.0.1:4180', 'http://127.0.0.1:4180', '127.0.0.1'],
    ['http://[::1]:4180', 'http://[::1]:4180', '[::1]'],
  ])('%s is written %s, and its cookies live on %s', (publicUrl, written, domain) => {
    expect(parseConfig({ ...base, publicUrl })).toMatchObject({ publicUrl: written, cookie: { domain } });
  });
});

describe('a mistake', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['plain http', { publicUrl: 'http://auth.acme.test' }, 'publicUrl: must be https (http only on localhost)'],
    ['another scheme', { publicUrl: 'javascript:alert(1)' }, 'publicUrl: must be a URL'],
    ['a query', { publicUrl: 'https://auth.acme.test/?x' }, 'publicUrl: must have no query, fragment or user'],
    ['a user', { publicUrl: 'https://u:p@auth.acme.test' }, 'publicUrl: must have no query, fragment or user'],
    [
      'a gateway right below .com',
      { publicUrl: 'https://acme.com' },
      'cookie.domain: browsers keep no cookies for a top-level domain',
    ],
    [
      'a gateway right below a registry',
      { publicUrl: 'https://acme.co.uk' },
      'cookie.domain: strangers can get a name below it',
    ],
    [
      "a gateway right below a host's domain",
      { publicUrl: 'https://acme.github.io' },
      'cookie.domain: strangers can get a name below it',
    ],
    [
      'a cookie domain elsewhere',
      { cookie: { domain: 'globex.test' } },
      'cookie.domain: must be auth.acme.test or a parent of it',
    ],
    [
      'a cookie domain that ends alike',
      { cookie: { domain: 'cme.test' } },
      'cookie.domain: must be auth.acme.test or a parent of it',
    ],
    ['a pattern as cookie domain', { cookie: { domain: '*.acme.test' } }, 'cookie.domain: is a domain, not a pattern'],
    [
      'a top-level domain',
      { cookie: { domain: 'test' } },
      'cookie.domain: browsers keep no cookies for a top-level domain',
    ],
    [
      'a cookie that is always renewed',
      { cookie: { lifetime: 600, renewWithin: 600 } },
      'cookie.renewWithin: must be less than cookie.lifetime',
    ],
    ['a lifetime as text', { cookie: { lifetime: '1800' } }, 'cookie.lifetime: must be a number'],
    ['a fraction', { cookie: { lifetime: 90.5 } }, 'cookie.lifetime: must be a whole number'],
    ['a lifetime too short', { cookie: { lifetime: 1 } }, 'cookie.lifetime: must be at least 60'],
    ['a lifetime too long', { cookie: { lifetime: 1e9 } }, 'cookie.lifetime: must be at most 86400'],
    [
      'an algorithm with a shared secret',
      { cookie: { algorithm: 'HS256' } },
      'cookie.algorithm: must be one of RS256, ES256, EdDSA',
    ],
    [
      'an environment with a separator',
      { environment: 'a;b' },
      'environment: must be at most 12 lower-case letters and digits',
    ],
    ['no provider', { providers: [] }, 'providers: must not be empty'],
    ['two providers of one id', { providers: [provider, provider] }, 'providers.1.id: pool is there twice'],
    [
      'an id for a path',
      { providers: [{ ...provider, id: '../x' }] },
      'providers.0.id: must be lower-case letters, digits and dashes, at most 32',
    ],
    [
      'an issuer over http',
      { providers: [{ ...provider, issuer: 'http://provider.test' }] },
      'providers.0.issuer: must be https (http only on localhost)',
    ],
    [
      'an issuer on this machine for a public gateway',
      { providers: [{ ...provider, issuer: 'http://localhost' }] },
      'providers.0.issuer: must be https (http only on localhost)',
    ],
    [
      'a logout address of another scheme',
      { providers: [{ ...provider, logoutUrl: 'javascript:alert(1)' }] },
      'providers.0.logoutUrl: must be https (http only on localhost)',
    ],
    ['no openid scope', { providers: [{ ...provider, scopes: ['email'] }] }, 'providers.0.scopes: must contain openid'],
    [
      'an app at a script',
      { clients: [{ ...client, home: 'javascript:alert(1)' }] },
      'clients.0.home: must be https (http only on localhost)',
    ],
    [
      'an origin with a path',
      { clients: [{ ...client, origins: ['https://notes.acme.test/'] }] },
      'clients.0.origins.0: must be an origin, such as https://notes.acme.test',
    ],
    [
      'an origin over http',
      { clients: [{ ...client, origins: ['http://notes.acme.test'] }] },
      'clients.0.origins.0: must be https (http only on localhost)',
    ],
    ['no origin', { clients: [{ ...client, origins: [] }] }, 'clients.0.origins: must not be empty'],
    [
      'one origin of two apps',
      { clients: [client, { ...client, id: 'two' }] },
      'clients.1.origins.0: is also an origin of notes',
    ],
    [
      'two apps of one id',
      { clients: [client, { ...client, origins: ['https://x.acme.test'] }] },
      'clients.1.id: notes is there twice',
    ],
    [
      'a rule for a foreign host',
      { rules: [{ host: 'globex.test', allow: 'public' }] },
      'rules.0.host: is not below acme.test, where no sign-in reaches it',
    ],
    [
      'a star inside a path',
      { rules: [{ host: 'a.acme.test', path: '/*/x', allow: 'public' }] },
      'rules.0.path: may have * only as its last character, after /',
    ],
    [
      'a star after a letter',
      { rules: [{ host: 'a.acme.test', path: '/x*', allow: 'public' }] },
      'rules.0.path: may have * only as its last character, after /',
    ],
    [
      'an unknown grant',
      { rules: [{ host: 'a.acme.test', allow: 'everybody' }] },
      'rules.0.allow: must be public, signed-in, role:<name> or permission:<resource>:<action>',
    ],
    ['no grant', { rules: [{ host: 'a.acme.test' }] }, 'rules.0.allow: is missing'],
    ['an empty list of grants', { rules: [{ host: 'a.acme.test', allow: [] }] }, 'rules.0.allow: must not be empty'],
    [
      'a method in lower case',
      { rules: [{ host: 'a.acme.test', allow: 'public', methods: ['get'] }] },
      'rules.0.methods.0: must be a method in upper case',
    ],
    [
      'triggers of no provider',
      { providers: [{ ...provider, triggers: true }], triggers: { provider: 'other' } },
      'triggers.provider: must be the id of the provider that has triggers',
    ],
    [
      'SQL in a column',
      { users: { table: 'people', columns: { id: 'id"; drop table people; --' } } },
      'users.columns.id: must be a column name',
    ],
    [
      'SQL in the table',
      { users: { table: 'people; drop table people' } },
      'users.table: must be table or schema.table',
    ],
    [
      'a provider column without subject',
      { users: { table: 'people', columns: { provider: 'p' } } },
      'users.columns.subject: is needed beside users.columns.provider',
    ],
    [
      'linking without emails',
      { users: { table: 'people', linkLegacyRows: true } },
      'users.columns.email: is needed by users.linkLegacyRows',
    ],
    [
      'several providers in one subject column',
      { providers: [provider, { ...provider, id: 'two' }], users: { table: 'people', columns: { subject: 's' } } },
      'users.columns.provider: is needed beside users.columns.subject with several providers',
    ],
    ['a database of another kind', { database: { url: 'mysql://db' } }, 'database.url: must be a postgres:// URL'],
    ['null for a section', { session: null }, 'session: must be an object'],
    ['a list for a section', { session: [] }, 'session: must be an object'],
    ['a setting that does not exist', { cookie: { lifetme: 60 } }, 'cookie.lifetme: is not a setting'],
    ['a section that does not exist', { cookies: {} }, 'cookies: is not a setting'],
    ['a name of Object.prototype', { constructor: {} }, 'constructor: is not a setting'],
  ])('is named: %s', (_, change, mistake) => expect(mistakesOf({ ...base, ...change })).toContain(mistake));

  it('is named where JSON hides it behind __proto__', () => {
    const hidden = JSON.parse(`{"__proto__": {"publicUrl": "https://evil.test"}}`);
    expect(mistakesOf(hidden)).toEqual(
      expect.arrayContaining(['__proto__: is not a setting', 'publicUrl: is missing']),
    );
  });

  it.each([undefined, null, 'text', 7, true, []])('is all of it: %j', (input) => {
    expect(mistakesOf(input)).toEqual(['(top level): must be an object']);
  });

  it('comes with every other at once, those between settings too', () => {
    const said = mistakesOf({
      publicUrl: 'http://auth.acme.test',
      environment: 'UPPER',
      cookie: { lifetime: 60 },
      providers: [{ ...provider, scopes: [] }],
      clients: [{ id: '' }],
      surprise: 1,
    });
    expect(said).toEqual(
      expect.arrayContaining([
        'publicUrl: must be https (http only on localhost)',
        'environment: must be at most 12 lower-case letters and digits',
        'cookie.renewWithin: must be less than cookie.lifetime',
        'providers.0.scopes: must contain openid',
        'keys: is missing',
        'database: is missing',
        'clients.0.name: is missing',
        'surprise: is not a setting',
      ]),
    );
  });

  it('never quotes a secret, wherever it is', () => {
    const secrets = ['S3CRET-A', 'S3CRET-B', 'S3CRET-C'];
    const broken = {
      ...base,
      keys: ['S3CRET-A'],
      providers: [{ ...provider, clientSecret: { value: 'S3CRET-B' } }],
      database: { url: 'mysql://u:S3CRET-C@db', poolSize: 'S3CRET-C' },
      log: { level: 'S3CRET-A' },
    };
    let error: unknown;
    try {
      parseConfig(broken);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const said = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`;
    for (const secret of secrets) expect(said).not.toContain(secret);
  });
});

describe('an app that takes the hand-off', () => {
  const hash = 'A'.repeat(43);
  const uri = 'https://notes.acme.test/callback';
  const key = { kty: 'EC', kid: 'one', crv: 'P-256', x: 'x', y: 'y' };
  const app = { ...client, redirectUris: [uri], secretHash: hash };
  const { secretHash: _, ...bare } = app;
  const mistakesIn = (one: object) => mistakesOf({ ...base, clients: [one] });

  it.each<[string, object]>([
    ['a secret', app],
    ['keys', { ...bare, jwks: { keys: [key] } }],
    ['keys that it publishes', { ...bare, jwksUri: 'https://notes.acme.test/jwks.json' }],
    ['PKCE alone', { ...bare, public: true }],
    [
      'everything',
      { ...app, postLogoutUris: [`${uri}?bye`], backchannelLogoutUri: 'https://10.0.0.7/out', tokenAlgorithm: 'ES256' },
    ],
  ])('may show who it is by %s', (_, one) => expect(mistakesIn(one)).toEqual([]));

  it('is told email and name alone unless more is allowed', () => {
    expect(parseConfig({ ...base, clients: [app] }).clients[0]).toMatchObject({
      claims: ['email', 'name'],
      tokenAlgorithm: 'RS256',
      public: false,
      postLogoutUris: [],
    });
  });

  it('does so with a store alone', () => {
    expect(() => parseConfig({ ...base, clients: [app], session: { store: 'none' } })).toThrow(
      'clients.0.redirectUris: is of no use while session.store is none',
    );
    expect(parseConfig({ ...base, clients: [client], session: { store: 'none' } }).session.store).toBe('none');
    expect(() => parseConfig({ ...base, check: { renews: true }, session: { store: 'none' } })).toThrow(
      'check.renews: needs the store',
    );
    expect(parseConfig({ ...base, check: { renews: true } }).check.renews).toBe(true);
  });

  it.each<[string, object, string]>([
    [
      'nothing to show who it is',
      bare,
      'clients.0: has redirectUris, so it needs secretHash, jwks, jwksUri, or public: true',
    ],
    [
      'two ways',
      { ...app, public: true },
      'clients.0: shows who it is in one way only: choose among public, secretHash',
    ],
    [
      'a secret in place of its hash',
      { ...app, secretHash: 'hunter2' },
      'clients.0.secretHash: must be what `crossgate clients secret` prints as secretHash',
    ],
    [
      'stray bits in the hash',
      { ...app, secretHash: `${'A'.repeat(42)}B` },
      'clients.0.secretHash: must be what `crossgate clients secret` prints as secretHash',
    ],
    [
      'a private key',
      { ...bare, jwks: { keys: [{ ...key, d: 'd' }] } },
      'clients.0.jwks.keys.0: holds a secret: only public keys belong',
    ],
    ['a key without kid', { ...bare, jwks: { keys: [{ kty: 'EC' }] } }, 'clients.0.jwks.keys.0: has no kid'],
    ['no key', { ...bare, jwks: { keys: [] } }, 'clients.0.jwks.keys: must not be empty'],
    ['another algorithm', { ...app, tokenAlgorithm: 'HS256' }, 'clients.0.tokenAlgorithm: must be one of RS256, ES256'],
    [
      'a claim that there is not',
      { ...app, claims: ['phone'] },
      'clients.0.claims.0: must be one of email, name, roles, permissions',
    ],
    [
      'a secret without an address',
      { ...client, secretHash: hash },
      'clients.0.secretHash: is of no use without redirectUris',
    ],
    [
      'a logout address alone',
      { ...client, backchannelLogoutUri: uri },
      'clients.0.backchannelLogoutUri: is of no use without redirectUris',
    ],
    [
      'logout tokens over http',
      { ...app, backchannelLogoutUri: 'http://notes.acme.test/out' },
      'clients.0.backchannelLogoutUri: must be https (http only on localhost)',
    ],
    [
      'logout tokens to this machine',
      { ...app, backchannelLogoutUri: 'http://127.0.0.1:5432/' },
      'clients.0.backchannelLogoutUri: must be https (http only on localhost)',
    ],
    [
      'logout tokens to a file',
      { ...app, backchannelLogoutUri: 'file:///etc/passwd' },
      'clients.0.backchannelLogoutUri: must be https (http only on localhost)',
    ],
    ['a misspelt setting', { ...app, redirectUri: uri }, 'clients.0.redirectUri: is not a setting'],
  ])('is refused with %s', (_, one, mistake) => expect(mistakesIn(one)).toContain(mistake));

  it.each<[string, string]>([
    ['https://notes.acme.test/callback#', 'must have no fragment'],
    ['https://notes.acme.test/callback#x', 'must have no fragment'],
    ['https://user@notes.acme.test/callback', 'must name no user'],
    ['https://evil.test/callback', 'must be on one of its origins'],
    ['https://notes.acme.test:8443/callback', 'must be on one of its origins'],
    ['https://notes.acme.test.evil.test/', 'must be on one of its origins'],
    ['http://notes.acme.test/callback', 'must be https (http only on localhost)'],
    ['javascript:alert(1)', 'must be https (http only on localhost)'],
    ['com.acme.notes:/callback', 'must be https (http only on localhost)'],
    ['https://NOTES.acme.test/callback', 'must be written https://notes.acme.test/callback'],
    ['https://notes.acme.test:443/callback', 'must be written https://notes.acme.test/callback'],
    ['https://notes.acme.test/a/../callback', 'must be written https://notes.acme.test/callback'],
    ['https://notes.acme.test?x=1', 'must be written https://notes.acme.test/?x=1'],
    ['https://notes.acme.test\\callback', 'must be written https://notes.acme.test/callback'],
    [`https://notes.acme.test/${'x'.repeat(1024)}`, 'must have at most 1024 characters'],
  ])('cannot have the address %s', (address, says) => {
    const said = mistakesIn({ ...app, redirectUris: [uri, address], postLogoutUris: [address] });
    expect(said).toEqual(
      expect.arrayContaining([`clients.0.redirectUris.1: ${says}`, `clients.0.postLogoutUris.0: ${says}`]),
    );
  });

  it.each(['https://notes.acme.test', 'https://notes.acme.test/'])('may have the address %s, as it is', (address) => {
    const [read] = parseConfig({
      ...base,
      clients: [{ ...app, redirectUris: [address], postLogoutUris: [address] }],
    }).clients;
    expect(read).toMatchObject({ redirectUris: [address], postLogoutUris: [address] });
  });
});

describe('the part that migrations need', () => {
  const parse = (input: unknown) => parseConfigPart(input, ['database', 'users']);

  it('is enough without providers, keys and addresses', () => {
    expect(parse({ database: base.database })).toMatchObject({
      database: { poolSize: 10 },
      users: { idType: 'uuid', columns: { id: 'id' } },
    });
  });

  it('does not mind mistakes elsewhere', () => {
    expect(mistakesOf({ ...base, cookie: 7, providers: [] }, parse)).toEqual([]);
  });

  it.each<[unknown, string[]]>([
    [
      { database: { url: 'x', size: 1 }, users: { idType: 'int' }, databse: {} },
      [
        'databse: is not a setting',
        'database.url: must be a postgres:// URL',
        'database.size: is not a setting',
        'users.idType: must be one of bigint, uuid, text',
      ],
    ],
    [undefined, ['database: is missing']],
    [{ database: 'x' }, ['database: must be an object']],
    [[], ['(top level): must be an object']],
    [null, ['(top level): must be an object']],
  ])('names its own mistakes, all at once: %j', (input, mistakes) =>
    expect(mistakesOf(input, parse)).toEqual(mistakes),
  );
});
