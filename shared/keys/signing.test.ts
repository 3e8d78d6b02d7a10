import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateSigningKey } from './keyring.ts';
import { publicJwks, readJwks, readPrivateJwk } from './signing.ts';

const all = ['RS256', 'ES256', 'EdDSA'] as const;
const published = Object.fromEntries(
  all.map((alg) => [alg, publicJwks([readPrivateJwk(generateSigningKey(alg))]).keys[0] ?? {}]),
) as Record<(typeof all)[number], Record<string, unknown>>;
const { RS256, ES256, EdDSA } = published;

const kidsOf = (keys: unknown, algorithms: readonly (typeof all)[number][] = all) => [
  ...readJwks({ keys }, algorithms).keys(),
];

function rsa(modulusLength: number, publicExponent = 65_537) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return { ...publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256' };
}

describe('a published key set', () => {
  it('gives every key that fits', () => {
    const keys = readJwks({ keys: [RS256, ES256, EdDSA] }, all);
    expect([...keys.values()].map((key) => key.alg)).toEqual(['RS256', 'ES256', 'EdDSA']);
    expect([...keys.values()].every((key) => key.key.type === 'public')).toBe(true);
  });

  it.each(all)('without alg gives the one algorithm that a %s key fits', (alg) => {
    const { alg: _, ...bare } = published[alg];
    expect(readJwks({ keys: [bare] }, all).get(String(bare.kid))?.alg).toBe(alg);
  });

  it.each<[string, unknown]>([
    ['no kid', { ...RS256, kid: undefined }],
    ['a kid that is a number', { ...RS256, kid: 7 }],
    ['another use', { ...RS256, use: 'enc' }],
    ['another algorithm', { ...RS256, alg: 'RS512' }],
    ['alg none', { ...RS256, alg: 'none' }],
    ['alg HS256 on an RSA key', { ...RS256, alg: 'HS256' }],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'HS256' }],
    ['a shared secret that claims RS256', { kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'RS256' }],
    ['an algorithm of another key type', { ...ES256, alg: 'RS256' }],
    ['a curve of another algorithm', { ...ES256, crv: 'P-384' }],
    ['a point that is not on the curve', { ...ES256, x: ES256.y }],
    ['a short RSA key', rsa(1024)],
    ['an RSA key with the exponent 3', rsa(2048, 3)],
    ['an RSA key whose signatures are the message', { ...RS256, e: 'AQ' }],
    ['null', null],
    ['a string', 'key'],
    ['an empty object', {}],
  ])('leaves out %s and keeps the rest', (_, odd) => {
    expect(kidsOf([odd, ES256])).toEqual([ES256.kid]);
  });

  it('leaves out algorithms that this verifier does not accept', () => {
    expect(kidsOf([RS256, ES256], ['ES256'])).toEqual([ES256.kid]);
  });

  it('keeps the first of two keys under one kid', () => {
    const second = { ...EdDSA, kid: ES256.kid };
    expect(readJwks({ keys: [ES256, second] }, all).get(String(ES256.kid))?.alg).toBe('ES256');
  });

  it('never keeps the private part of a key that should not have been published', () => {
    const leaked = generateSigningKey('ES256');
    expect(readJwks({ keys: [leaked] }, all).get(String(leaked.kid))?.key.type).toBe('public');
  });

  it.each([undefined, null, 'text', 7, [], {}, { keys: null }, { keys: {} }, { keys: 'x' }])('%j has none', (jwks) => {
    expect(readJwks(jwks, all).size).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('knows nobody named %s', (kid) => {
    expect(readJwks({ keys: [RS256] }, all).get(kid)).toBeUndefined();
  });
});
