import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';

/** The signature algorithms that Crossgate makes and accepts. A key has exactly one. */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA';

/** A public key that may verify tokens of one use. */
export type VerificationKey = { readonly kid: string; readonly alg: SigningAlgorithm; readonly key: KeyObject };

/** Public keys by `kid`: a Map, so that no `kid` reaches a prototype. */
export type VerificationKeys = ReadonlyMap<string, VerificationKey>;

/** The members of a JWK that are text (RFC 7517 §4, RFC 7518 §6). */
type JwkMember =
  | 'kty'
  | 'kid'
  | 'alg'
  | 'use'
  | 'crv'
  | 'd'
  | 'dp'
  | 'dq'
  | 'e'
  | 'k'
  | 'n'
  | 'p'
  | 'q'
  | 'qi'
  | 'x'
  | 'y';

/** A JSON Web Key. Node's own type has another name with each version of its types, so whoever uses ours would lack it. */
export type Jwk = { readonly [Member in JwkMember]?: string };

/** A public JWK Set (RFC 7517 §5). */
export type Jwks = { readonly keys: readonly Jwk[] };

/** A key that signs, with its public half. */
export type SigningKey = VerificationKey & { readonly privateKey: KeyObject };

/** The keys of one use: the first signs, all of them verify and are published. */
export type SigningKeys = {
  readonly current: SigningKey;
  /** The first key of each algorithm, for those who ask for one. */
  readonly byAlgorithm: ReadonlyMap<SigningAlgorithm, SigningKey>;
  readonly all: VerificationKeys;
  readonly jwks: Jwks;
};

/**
 * Reads one private JWK.
 *
 * @throws Error in words for an operator, without key material, where the JWK is no usable private key of `alg`.
 */
export function readPrivateJwk(jwk: Jwk): SigningKey {
  const { kid, alg, use } = jwk;
  if (typeof kid !== 'string' || !/^[A-Za-z0-9._-]{1,64}$/.test(kid)) throw new Error('kid is missing or malformed');
  if (!isSigningAlgorithm(alg)) throw new Error('alg must be RS256, ES256 or EdDSA');
  if (use !== undefined && use !== 'sig') throw new Error('use must be sig');
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    // the cause may quote the key
    throw new Error('is not a private key in JWK form');
  }
  const key = createPublicKey(privateKey);
  const unfit = whyUnfit(key, alg);
  if (unfit) throw new Error(unfit);
  return { kid, alg, key, privateKey };
}

/**
 * Reads a JWK Set that somebody published. Keys that can't be ours to use (no `kid`, another `alg` or `use`, too short,
 * unreadable) are left out, as RFC 7517 §5 asks. A key without `alg` (some providers publish such) gets the one
 * algorithm that its type fits.
 *
 * @param algorithms What this verifier accepts at all.
 */
export function readJwks(jwks: unknown, algorithms: readonly SigningAlgorithm[]): VerificationKeys {
  const found = new Map<string, VerificationKey>();
  const list = (jwks as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list)) return found;
  for (const jwk of list as (Jwk | null)[]) {
    const { kid, use, alg = algorithmOf(jwk) } = jwk ?? {};
    if (!jwk || typeof kid !== 'string' || !isSigningAlgorithm(alg) || !algorithms.includes(alg)) continue;
    if (use !== undefined && use !== 'sig') continue;
    try {
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      if (!whyUnfit(key, alg) && !found.has(kid)) found.set(kid, { kid, alg, key });
    } catch {
      // not a key that this runtime can use: as if it were not there
    }
  }
  return found;
}

/** The public half of private keys, as it is published. */
export function publicJwks(keys: readonly VerificationKey[]): Jwks {
  return { keys: keys.map(({ kid, alg, key }) => ({ ...key.export({ format: 'jwk' }), kid, alg, use: 'sig' })) };
}

/** A key as jose takes it on every runtime: it knows Node's `KeyObject`, and not the one of workerd. */
export const joseKey = ({ key }: VerificationKey): JWK => key.export({ format: 'jwk' }) as JWK;

function algorithmOf(jwk: Jwk | null): SigningAlgorithm | undefined {
  if (jwk?.kty === 'RSA') return 'RS256';
  if (jwk?.kty === 'EC' && jwk.crv === 'P-256') return 'ES256';
  return jwk?.kty === 'OKP' && jwk.crv === 'Ed25519' ? 'EdDSA' : undefined;
}

function isSigningAlgorithm(alg: unknown): alg is SigningAlgorithm {
  return alg === 'RS256' || alg === 'ES256' || alg === 'EdDSA';
}

function whyUnfit(key: KeyObject, alg: SigningAlgorithm): string | undefined {
  const details = key.asymmetricKeyDetails;
  if (alg === 'RS256') {
    if (key.asymmetricKeyType !== 'rsa') return 'RS256 needs an RSA key';
    if ((details?.modulusLength ?? 0) < 2048) return 'an RSA key needs at least 2048 bits';
    // with e = 1 the message is its own signature
    return (details?.publicExponent ?? 0n) < 65_537n ? 'an RSA key needs the exponent 65537 or more' : undefined;
  }
  if (alg === 'ES256') {
    const fits = key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1';
    return fits ? undefined : 'ES256 needs a P-256 key';
  }
  return key.asymmetricKeyType === 'ed25519' ? undefined : 'EdDSA needs an Ed25519 key';
}
