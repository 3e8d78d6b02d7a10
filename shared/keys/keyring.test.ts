import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config.ts';
import { createKeyring, generateKeyFile, generateSigningKey, type KeyFile } from './keyring.ts';

const rs256 = generateSigningKey('RS256');
const es256 = generateSigningKey('ES256');
const file: KeyFile = {
  domainCookie: [rs256],
  openid: [generateSigningKey('ES256')],
  identity: [es256],
  sealing: generateKeyFile('EdDSA').sealing,
};
const master = file.sealing[0]?.k ?? '';

const read = (change: Record<string, unknown> = {}) => createKeyring(JSON.stringify({ ...file, ...change }));

function mistakesOf(act: () => unknown): readonly { where: string; says: string }[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('a key file', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)('made for %s reads back', (alg) => {
    const keyring = createKeyring(JSON.stringify(generateKeyFile(alg)));
    expect(keyring.domainCookie.current.alg).toBe(alg);
    expect(keyring.openid.current.alg).toBe('RS256');
    expect(keyring.identity.current.alg).toBe('ES256');
    expect(keyring.sealing.key(keyring.sealing.currentKid, 'host-session')).toHaveLength(32);
  });

  it('signs with its first key and verifies with all', () => {
    const next = generateSigningKey('ES256');
    const { domainCookie } = read({ domainCookie: [rs256, next] });
    expect(domainCookie.current.kid).toBe(rs256.kid);
    expect([...domainCookie.all.keys()]).toEqual([rs256.kid, next.kid]);
    expect(domainCookie.jwks.keys.map((key) => key.kid)).toEqual([rs256.kid, next.kid]);
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('publishes nothing private of %s', (alg) => {
    const { jwks } = createKeyring(JSON.stringify(generateKeyFile(alg))).domainCookie;
    for (const key of jwks.keys) {
      expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']));
      for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part);
      expect(key).toMatchObject({ alg, use: 'sig', kid: expect.any(String) });
    }
  });

  it('never repeats itself', () => {
    const [one, two] = [generateKeyFile('ES256'), generateKeyFile('ES256')];
    expect(one.sealing[0]?.k).not.toBe(two.sealing[0]?.k);
    expect(one.domainCookie[0]?.x).not.toBe(two.domainCookie[0]?.x);
  });
});

describe('a mistake in a key file', () => {
  const sealing = (entry: unknown) => ({ sealing: [entry] });
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['a use that is missing', { identity: undefined }, 'keys.identity', /missing/],
    ['an empty list', { identity: [] }, 'keys.identity', /no usable key/],
    ['a list that is an object', { identity: { 0: es256 } }, 'keys.identity', /missing/],
    ['a list name that nobody reads', { cookies: [] }, 'keys.cookies', /not a key list/],
    ['a key file of a site at CloudFront', { signing: [es256] }, 'keys', /site at CloudFront.*keys generate/],
    ['null for a key', { identity: [null] }, 'keys.identity.0', /kid/],
    ['a number for a key', { identity: [7] }, 'keys.identity.0', /kid/],
    ['no kid', { identity: [{ ...es256, kid: undefined }] }, 'keys.identity.0', /kid/],
    ['a kid with spaces', { identity: [{ ...es256, kid: 'a b' }] }, 'keys.identity.0', /kid/],
    ['an unknown algorithm', { identity: [{ ...es256, alg: 'HS256' }] }, 'keys.identity.0', /alg/],
    ['alg none', { identity: [{ ...es256, alg: 'none' }] }, 'keys.identity.0', /alg/],
    ['an algorithm that is not the key type', { identity: [{ ...es256, alg: 'RS256' }] }, 'keys.identity.0', /RSA/],
    ['a key for encryption', { identity: [{ ...es256, use: 'enc' }] }, 'keys.identity.0', /use must be sig/],
    ['a public key', { identity: [{ ...es256, d: undefined }] }, 'keys.identity.0', /private/],
    ['the same kid twice', { identity: [es256, { ...file.openid[0], kid: es256.kid }] }, 'keys.identity', /kid twice/],
    ['one key for two uses', { identity: [file.openid[0]] }, 'keys.identity', /key that is also used elsewhere/],
    [
      'one key for two uses under two kids',
      { identity: [{ ...file.openid[0], kid: 'other' }] },
      'keys.identity',
      /key that is also used elsewhere/,
    ],
    [
      'one kid for two uses',
      { identity: [{ ...es256, kid: rs256.kid }] },
      'keys.identity',
      /kid that is also used elsewhere/,
    ],
    ['no sealing key', { sealing: [] }, 'keys.sealing', /no usable key/],
    ['a short sealing key', sealing({ kid: 'a', k: 'c2hvcnQ' }), 'keys.sealing.0', /32 random bytes/],
    ['a sealing key in base64 of another kind', sealing({ kid: 'a', k: `${master}=` }), 'keys.sealing.0', /32 random/],
    ['a placeholder as sealing key', sealing({ kid: 'a', k: 'A'.repeat(43) }), 'keys.sealing.0', /32 random/],
    ['a sealing key without kid', sealing({ k: master }), 'keys.sealing.0', /kid/],
    ['null for a sealing key', sealing(null), 'keys.sealing.0', /kid/],
    [
      'the same sealing kid twice',
      { sealing: [...file.sealing, { kid: file.sealing[0]?.kid, k: generateKeyFile('EdDSA').sealing[0]?.k }] },
      'keys.sealing.1',
      /kid/,
    ],
    [
      'the same sealing master twice',
      { sealing: [...file.sealing, { kid: 'other', k: master }] },
      'keys.sealing.1',
      /there twice/,
    ],
    ['a signing secret as sealing key', sealing({ kid: 'a', k: es256.d }), 'keys.sealing.0', /also a signing key/],
  ])('%s is named', (_, change, where, says) => {
    expect(mistakesOf(() => read(change))).toContainEqual({ where, says: expect.stringMatching(says) });
  });

  it.each(['', 'not JSON {"d":"secret"', '[]', 'null', '"text"', '17'])('%j is no key file', (text) => {
    expect(mistakesOf(() => createKeyring(text))).toContainEqual({
      where: 'keys',
      says: expect.stringMatching(/crossgate keys generate/),
    });
  });

  it('is told with every other mistake at once, and no key is quoted', () => {
    const broken = { ...file, openid: [{ ...rs256, alg: 'ES256' }], identity: [{ ...es256, kid: '' }], sealing: 'x' };
    const text = JSON.stringify(broken);
    const mistakes = mistakesOf(() => createKeyring(text));
    expect(mistakes.map((one) => one.where)).toEqual(
      expect.arrayContaining(['keys.openid.0', 'keys.identity.0', 'keys.sealing']),
    );
    const said = JSON.stringify(mistakes);
    for (const part of [rs256.d, rs256.n, es256.d, es256.x]) expect(said).not.toContain(part);
  });

  it('in a short RSA key is named', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const weak = { ...privateKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' };
    expect(mistakesOf(() => read({ openid: [weak] }))).toContainEqual({
      where: 'keys.openid.0',
      says: 'an RSA key needs at least 2048 bits',
    });
  });
});

describe('sealing keys', () => {
  const { sealing } = read();
  const purposes = ['host-session', 'login-attempt', 'bounces', 'provider-tokens', 'after-logout'] as const;

  it('are different for every purpose', () => {
    const keys = purposes.map((purpose) => Buffer.from(sealing.key(sealing.currentKid, purpose) ?? []).toString('hex'));
    expect(new Set(keys).size).toBe(purposes.length);
    expect(keys).not.toContain(Buffer.from(master, 'base64url').toString('hex'));
  });

  it('are the same after a restart', () => {
    expect(read().sealing.key(sealing.currentKid, 'after-logout')).toEqual(
      sealing.key(sealing.currentKid, 'after-logout'),
    );
  });

  it.each(['', 'nobody', '__proto__', 'constructor', 'toString'])('do not exist for kid %j', (kid) => {
    expect(sealing.key(kid, 'after-logout')).toBeUndefined();
  });
});
