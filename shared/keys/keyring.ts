import { Buffer } from 'node:buffer';
import { generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { ConfigError, type ConfigMistake } from '../config.ts';
import {
  type Jwk,
  publicJwks,
  readPrivateJwk,
  type SigningAlgorithm,
  type SigningKey,
  type SigningKeys,
  type VerificationKey,
} from './signing.ts';

/** What is signed, each with keys, audience and JWKS of its own: some verifiers ignore `typ`. */
export const signingUses = ['domainCookie', 'openid', 'identity'] as const;
export type SigningUse = (typeof signingUses)[number];

/** What a sealed value is for. A key is derived for each, so that none opens as another. */
export type SealPurpose =
  | 'host-session'
  | 'login-attempt'
  | 'bounces'
  | 'provider-tokens'
  | 'after-logout'
  | 'authorization'
  | 'cross-site-session'
  | 'monitor-ticket'
  | 'monitor'
  | 'site-session';

/** Keys for sealed values, by `kid`; the first seals. */
export type SealingKeys = {
  readonly currentKid: string;
  /** The 256-bit key for a purpose; `undefined`: no master of that `kid`. */
  key(kid: string, purpose: SealPurpose): Uint8Array | undefined;
};

/** Every key that one gateway has. */
export type Keyring = Readonly<Record<SigningUse, SigningKeys>> & { readonly sealing: SealingKeys };

/** The key file: in every list the first key is current, the others are previous or next ones. All of it is secret. */
export type KeyFile = Record<SigningUse, Jwk[]> & { sealing: { kid: string; k: string }[] };

/**
 * Reads a key file.
 *
 * @throws ConfigError that lists every mistake and quotes no key.
 */
export function createKeyring(text: string): Keyring {
  const mistakes: ConfigMistake[] = [];
  const file = readFile(text, mistakes);
  const signing = signingUses.map((use) => [use, readUse(use, file?.[use], mistakes)] as const);
  const sealing = readSealing(file?.sealing, mistakes);
  findShared(signing, file, mistakes);
  if (mistakes.length > 0 || !sealing) throw new ConfigError(mistakes);
  return { ...(Object.fromEntries(signing) as Record<SigningUse, SigningKeys>), sealing };
}

/** Makes a key file with a fresh key of every kind, for OpenID tokens one of each algorithm. Environments never share one. */
export function generateKeyFile(algorithm: SigningAlgorithm = 'RS256'): KeyFile {
  return {
    domainCookie: [generateSigningKey(algorithm)],
    openid: [generateSigningKey('RS256'), generateSigningKey('ES256')],
    identity: [generateSigningKey('ES256')],
    sealing: [{ kid: newKid(), k: randomBytes(32).toString('base64url') }],
  };
}

/** Makes one private JWK with a random `kid`. */
export function generateSigningKey(alg: SigningAlgorithm): Jwk {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return { ...privateKey.export({ format: 'jwk' }), kid: newKid(), alg, use: 'sig' };
}

/** A random key id. */
export const newKid = (): string => randomBytes(9).toString('base64url');

function readFile(text: string, mistakes: ConfigMistake[]): Record<string, unknown> | undefined {
  try {
    const file: unknown = JSON.parse(text);
    if (file && typeof file === 'object' && !Array.isArray(file)) {
      if ('signing' in file) {
        mistakes.push({
          where: 'keys',
          says: 'is of a site at CloudFront: a gateway has keys of its own (`crossgate keys generate`)',
        });
        return undefined;
      }
      for (const key of Object.keys(file)) {
        if (key !== 'sealing' && !signingUses.includes(key as SigningUse))
          mistakes.push({ where: `keys.${key}`, says: 'is not a key list' });
      }
      return file as Record<string, unknown>;
    }
  } catch {
    // said below; the parser's message would quote the file
  }
  mistakes.push({ where: 'keys', says: 'is not the JSON that `crossgate keys generate` prints' });
  return undefined;
}

function readUse(use: SigningUse, list: unknown, mistakes: ConfigMistake[]): SigningKeys | undefined {
  const where = `keys.${use}`;
  if (!Array.isArray(list)) {
    mistakes.push({ where, says: 'is missing' });
    return undefined;
  }
  const read: SigningKey[] = [];
  list.forEach((jwk: unknown, i) => {
    try {
      read.push(readPrivateJwk((jwk ?? {}) as Jwk));
    } catch (error) {
      mistakes.push({ where: `${where}.${i}`, says: (error as Error).message });
    }
  });
  const [current] = read;
  if (!current) {
    mistakes.push({ where, says: 'has no usable key' });
    return undefined;
  }
  const all = new Map<string, VerificationKey>(read.map(({ kid, alg, key }) => [kid, { kid, alg, key }]));
  if (all.size < read.length) mistakes.push({ where, says: 'has one kid twice' });
  const byAlgorithm = new Map<SigningAlgorithm, SigningKey>(read.toReversed().map((key) => [key.alg, key]));
  return { current, byAlgorithm, all, jwks: publicJwks(read) };
}

/** A kid fixes one key, and a key one use; a sealing master that is also a signing key's secret would tie two uses. */
function findShared(
  signing: readonly (readonly [SigningUse, SigningKeys | undefined])[],
  file: Record<string, unknown> | undefined,
  mistakes: ConfigMistake[],
): void {
  const materials = new Set<string>();
  const kids = new Set<unknown>();
  const privateParts = new Set<unknown>();
  for (const [use, keys] of signing) {
    for (const jwk of keys?.jwks.keys ?? []) {
      const material = JSON.stringify([jwk.n, jwk.x, jwk.y]);
      if (materials.has(material))
        mistakes.push({ where: `keys.${use}`, says: 'holds a key that is also used elsewhere' });
      else if (kids.has(jwk.kid))
        mistakes.push({ where: `keys.${use}`, says: 'holds a kid that is also used elsewhere' });
      materials.add(material);
    }
    for (const kid of keys?.all.keys() ?? []) kids.add(kid);
    for (const jwk of asList(file?.[use])) privateParts.add((jwk as Jwk | null)?.d);
  }
  asList(file?.sealing).forEach((entry, i) => {
    const k = (entry as { k?: unknown } | null)?.k;
    if (typeof k === 'string' && privateParts.has(k))
      mistakes.push({ where: `keys.sealing.${i}`, says: 'is also a signing key' });
  });
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * Reads the masters of a key file; the first seals.
 *
 * @param mistakes Gets what is wrong with them, without key material.
 */
export function readSealing(list: unknown, mistakes: ConfigMistake[]): SealingKeys | undefined {
  const masters = new Map<string, Buffer>();
  for (const [i, entry] of asList(list).entries()) {
    const where = `keys.sealing.${i}`;
    const { kid, k } = (entry ?? {}) as { kid?: unknown; k?: unknown };
    const master = typeof k === 'string' ? Buffer.from(k, 'base64url') : Buffer.alloc(0);
    const fresh = ![...masters.values()].some((other) => other.equals(master));
    if (typeof kid !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(kid) || masters.has(kid))
      mistakes.push({ where, says: 'kid is missing, malformed or there twice' });
    // one repeated byte is what a placeholder looks like, not what randomness does
    else if (master.length !== 32 || master.toString('base64url') !== k || new Set(master).size < 8)
      mistakes.push({ where, says: 'k must be 32 random bytes in base64url' });
    else if (!fresh) mistakes.push({ where, says: 'is there twice' });
    else masters.set(kid, master);
  }
  const [currentKid] = masters.keys();
  if (currentKid === undefined) {
    mistakes.push({ where: 'keys.sealing', says: 'has no usable key' });
    return undefined;
  }
  const derived = new Map<string, Uint8Array>();
  return {
    currentKid,
    key(kid, purpose) {
      const master = masters.get(kid);
      if (!master) return undefined;
      const name = `${kid} ${purpose}`;
      const known =
        derived.get(name) ?? new Uint8Array(hkdfSync('sha256', master, '', `crossgate seal v1 ${purpose}`, 32));
      derived.set(name, known);
      return known;
    },
  };
}
