import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { Seconds } from '../clock.ts';
import { SsoError } from '../errors.ts';
import type { SealingKeys, SealPurpose } from '../keys/keyring.ts';
import { canonicalBytes } from './base64url.ts';

/**
 * Encrypts a value so that only a gateway with the same keys reads it, for one purpose and until one moment.
 *
 * @param value JSON; a property named `exp` or `iat` would be lost.
 * @returns A compact JWE (`dir`, A256GCM), about 4/3 of the JSON and 150 bytes.
 * @see RFC 7516 §3.1
 */
export async function seal(
  keys: SealingKeys,
  purpose: SealPurpose,
  value: object,
  now: Seconds,
  until: Seconds,
): Promise<string> {
  const key = keys.key(keys.currentKid, purpose);
  if (!key) throw new SsoError('internal', 'the keyring has no current sealing key');
  return await new EncryptJWT({ ...value })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keys.currentKid, typ: purpose })
    .setIssuedAt(now)
    .setExpirationTime(until)
    .encrypt(key);
}

/**
 * Opens what {@link seal} made.
 *
 * @returns The value with its `iat` and `exp`; `undefined` where it was not sealed by us for this purpose, or its time
 *   has passed: to the caller all of that is the same as absent. The shape of the value is the sealer's promise.
 */
export async function unseal<T extends object>(
  keys: SealingKeys,
  purpose: SealPurpose,
  sealed: string,
  now: Seconds,
): Promise<(T & { readonly iat: Seconds; readonly exp: Seconds }) | undefined> {
  if (!isCanonical(sealed)) return undefined;
  try {
    const { payload } = await jwtDecrypt(
      sealed,
      ({ kid }) => {
        const key = typeof kid === 'string' ? keys.key(kid, purpose) : undefined;
        if (!key) throw new errors.JWEInvalid('unknown kid');
        return key;
      },
      {
        typ: purpose,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['iat', 'exp'],
        currentDate: new Date(now * 1000),
      },
    );
    return payload as T & { iat: Seconds; exp: Seconds };
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** The library would also read spaces, padding and stray bits; with `dir` the second of the five segments is empty. */
function isCanonical(sealed: string): boolean {
  const [header = '', key, iv = '', text = '', tag = '', more] = sealed.split('.', 6);
  return key === '' && more === undefined && [header, iv, text, tag].every((part) => canonicalBytes(part));
}
