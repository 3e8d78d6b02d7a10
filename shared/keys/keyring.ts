import { Buffer } from 'node:buffer';
import { generateKeyPairSync, hkdfSync, type JsonWebKey, randomBytes } from 'node:crypto';
import { ConfigError, type ConfigMistake } from '../config.ts';
import {
  publicJwks,
  readPrivateJwk,
  type SigningAlgorithm,
  type SigningKeys,
  type VerificationKey,
} from './signing.ts';

/** What is signed, each with keys, audience and JWKS of its own: some verifiers ignore `typ`. */
export const signingUses = ['domainCookie', 'openid', 'identity'] as const;
export type SigningUse = (typeof signingUses)[number];

/** What a sealed value is for. A key is derived for each, so that none opens as another. */
export type SealPurpose = 'host-session' | 'login-attempt' | 'bounces' | 'provider-tokens' | 'form';

/** Keys for sealed values, by `kid`; the first seals. */
export type SealingKeys = {
  readonly currentKid: string;
  /** The 256-bit key for a purpose; `undefined`: no master of that `kid`. */
  key(kid: string, purpose: SealPurpose): Uint8Array | undefined;
};

/** Every key that one gateway has. */
export type Keyring = Readonly<Record<SigningUse, SigningKeys>> & { readonly sealing: SealingKeys };

/** The key file: in every list the first key is current, the others are previous or next ones. All of it is secret. */
export type KeyFile = Record<SigningUse, JsonWebKey[]> & { sealing: { kid: string; k: string }[] };

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
  const reused = new Set<string>();
  for (const [use, keys] of signing) {
    for (const jwk of keys?.jwks.keys ?? []) {
      const material = JSON.stringify([jwk.n, jwk.x, jwk.y]);
      if (reused.has(material))
        mistakes.push({ where: `keys.${use}`, says: 'holds a key that is also used elsewhere' });
      reused.add(material);
    }
  }
  if (mistakes.length > 0 || !sealing) throw new ConfigError(mistakes);
  return { ...(Object.fromEntries(signing) as Record<SigningUse, SigningKeys>), sealing };
}

/** Makes a key file with one fresh key of every kind. Environments never share one. */
export function generateKeyFile(algorithm: SigningAlgorithm = 'RS256'): KeyFile {
  return {
    domainCookie: [generateSigningKey(algorithm)],
    openid: [generateSigningKey('RS256')],
    identity: [generateSigningKey('ES256')],
    sealing: [{ kid: newKid(), k: randomBytes(32).toString('base64url') }],
  };
}

/** Makes one private JWK with a random `kid`. */
export function generateSigningKey(alg: SigningAlgorithm): JsonWebKey {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
  return { ...privateKey.export({ format: 'jwk' }), kid: newKid(), alg, use: 'sig' };
}

const newKid = () => randomBytes(9).toString('base64url');

function readFile(text: string, mistakes: ConfigMistake[]): Record<string, unknown> | undefined {
  try {
    const file: unknown = JSON.parse(text);
    if (file && typeof file === 'object' && !Array.isArray(file)) {
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
  const read: SigningKeys['current'][] = [];
  list.forEach((jwk: unknown, i) => {
    try {
      read.push(readPrivateJwk((jwk ?? {}) as JsonWebKey));
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
  return { current, all, jwks: publicJwks(read) };
}

function readSealing(list: unknown, mistakes: ConfigMistake[]): SealingKeys | undefined {
  const masters = new Map<string, Buffer>();
  for (const [i, entry] of (Array.isArray(list) ? list : []).entries()) {
    const { kid, k } = (entry ?? {}) as { kid?: unknown; k?: unknown };
    const master = typeof k === 'string' ? Buffer.from(k, 'base64url') : Buffer.alloc(0);
    if (typeof kid !== 'string' || !kid || masters.has(kid))
      mistakes.push({ where: `keys.sealing.${i}`, says: 'kid is missing or there twice' });
    else if (master.length !== 32)
      mistakes.push({ where: `keys.sealing.${i}`, says: 'k must be 32 bytes in base64url' });
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
