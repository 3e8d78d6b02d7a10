import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../shared/config.ts';
import { createKeyring, generateKeyFile, generateSigningKey } from '../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk } from '../../shared/keys/signing.ts';
import { assertClientKeys, createClientKeys } from './client-keys.ts';

const file = generateKeyFile('ES256');
const keyring = createKeyring(JSON.stringify(file));
const published = (alg: 'ES256' | 'EdDSA') => publicJwks([readPrivateJwk(generateSigningKey(alg))]).keys[0] ?? {};
const [one, two] = [published('ES256'), published('EdDSA')];

const clientsWith = (change: object) =>
  parseConfig({
    publicUrl: 'https://auth.acme.test',
    keys: '{}',
    providers: [{ id: 'pool', issuer: 'https://provider.test', clientId: 'crossgate' }],
    database: { url: 'postgres://localhost/acme' },
    clients: [
      {
        id: 'globex',
        name: 'Globex',
        home: 'https://globex.test/',
        origins: ['https://globex.test'],
        redirectUris: ['https://globex.test/callback'],
        ...change,
      },
    ],
  }).clients;

function mistakesOf(change: object, ring = keyring): string[] {
  try {
    assertClientKeys(clientsWith(change), ring);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(({ where, says }) => `${where}: ${says}`);
    throw error;
  }
  return [];
}

describe('keys of an app', () => {
  it.each<[string, object, string[]]>([
    ['fit', { jwks: { keys: [one, two] } }, []],
    [
      'that are none',
      { jwks: { keys: [{ kty: 'EC', kid: 'x' }] } },
      ['clients.0.jwks.keys.0: is no public key for one of RS256, ES256, EdDSA'],
    ],
    [
      'for another algorithm',
      { jwks: { keys: [{ ...one, alg: 'ES384' }] } },
      ['clients.0.jwks.keys.0: is no public key for one of RS256, ES256, EdDSA'],
    ],
    [
      'that share a kid',
      { jwks: { keys: [one, { ...two, kid: one.kid }] } },
      ['clients.0.jwks.keys.1: has a kid twice'],
    ],
    ['with a token algorithm that there is a key for', { public: true, tokenAlgorithm: 'ES256' }, []],
  ])('%s', (_, change, mistakes) => expect(mistakesOf(change)).toEqual(mistakes));

  it('and a token algorithm that the key file does not have', () => {
    const poor = createKeyring(JSON.stringify({ ...file, openid: file.openid.slice(0, 1) }));
    expect(mistakesOf({ public: true, tokenAlgorithm: 'ES256' }, poor)).toEqual([
      'clients.0.tokenAlgorithm: keys.openid holds no key for ES256',
    ]);
  });

  it('are found by kid, in the configuration', async () => {
    const [client] = clientsWith({ jwks: { keys: [one] } });
    if (!client) throw new Error('no client');
    const keys = createClientKeys([client], { clock: () => 0, fetch });
    expect((await keys.find(client, String(one.kid)))?.alg).toBe('ES256');
    for (const kid of ['', '__proto__', 'constructor', String(two.kid)])
      expect(await keys.find(client, kid)).toBeUndefined();
  });

  it.each<[string, readonly object[], string | undefined]>([
    ['the one that there is', [one], 'ES256'],
    ['none of two', [one, two], undefined],
    ['none of none', [], undefined],
  ])('are found without a kid only if there is no choice: %s', async (_, jwks, alg) => {
    const published = { jwksUri: 'https://globex.test/jwks.json' };
    for (const where of [...(jwks.length > 0 ? [{ jwks: { keys: jwks } }] : []), published]) {
      const [client] = clientsWith(where);
      if (!client) throw new Error('no client');
      const answer = async () => Response.json({ keys: jwks });
      const keys = createClientKeys([client], { clock: () => 0, fetch: answer });
      expect((await keys.find(client, undefined).catch(() => undefined))?.alg).toBe(alg);
    }
  });

  it('are found by kid where the app publishes them, also after they changed', async () => {
    const [client] = clientsWith({ jwksUri: 'https://globex.test/jwks.json' });
    if (!client) throw new Error('no client');
    let now = 1000;
    let served: object[] = [one];
    const asked: string[] = [];
    const keys = createClientKeys([client], {
      clock: () => now,
      fetch: async (url) => {
        asked.push(String(url));
        return Response.json({ keys: served });
      },
    });
    expect((await keys.find(client, String(one.kid)))?.alg).toBe('ES256');
    served = [two];
    now += 60;
    expect((await keys.find(client, String(two.kid)))?.alg).toBe('EdDSA');
    for (let i = 0; i < 20; i += 1) expect(await keys.find(client, `made-up-${i}`)).toBeUndefined();
    expect(asked).toEqual(['https://globex.test/jwks.json', 'https://globex.test/jwks.json']);
  });
});
