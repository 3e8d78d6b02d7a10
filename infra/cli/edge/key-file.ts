import { type JsonWebKey, randomBytes } from 'node:crypto';
import { ConfigError, type ConfigMistake } from '../../../shared/config.ts';
import { generateSigningKey, readSealing } from '../../../shared/keys/keyring.ts';
import { type Jwks, publicJwks, readJwks, readPrivateJwk, type SigningKey } from '../../../shared/keys/signing.ts';

/** Keys of a site that signs people in by itself. In both lists the first is current. All of it is secret. */
export type EdgeKeyFile = {
  /** Private ES256 keys: a cookie goes with every request, and this signature is a quarter of an RS256 one. */
  readonly signing: readonly JsonWebKey[];
  readonly sealing: readonly { readonly kid: string; readonly k: string }[];
};

/** Makes a key file with a fresh key of each kind. */
export function generateEdgeKeyFile(): EdgeKeyFile {
  const kid = randomBytes(9).toString('base64url');
  return {
    signing: [generateSigningKey('ES256')],
    sealing: [{ kid, k: randomBytes(32).toString('base64url') }],
  };
}

/**
 * Reads a key file. A gateway's is refused: what runs at every edge location must not be able to sign for the company.
 *
 * @returns The keys, and the public halves of those that sign.
 * @throws ConfigError that lists every mistake and quotes no key.
 */
export function readEdgeKeyFile(text: string): EdgeKeyFile & { readonly jwks: Jwks } {
  const mistakes: ConfigMistake[] = [];
  const file = parse(text);
  if (!file)
    throw new ConfigError([{ where: 'keysFile', says: 'is not the JSON that `keys generate --for edge` prints' }]);
  if ('domainCookie' in file)
    throw new ConfigError([
      { where: 'keysFile', says: 'is a gateway’s: a site has keys of its own (`crossgate keys generate --for edge`)' },
    ]);
  for (const key of Object.keys(file))
    if (key !== 'signing' && key !== 'sealing') mistakes.push({ where: `keysFile.${key}`, says: 'is not a key list' });
  const signing: SigningKey[] = [];
  const listed: unknown[] = Array.isArray(file.signing) ? file.signing : [];
  listed.forEach((jwk, i) => {
    const where = `keysFile.signing.${i}`;
    try {
      const key = readPrivateJwk((jwk ?? {}) as JsonWebKey);
      if (key.alg !== 'ES256') mistakes.push({ where, says: 'must be for ES256' });
      if (signing.some(({ kid }) => kid === key.kid)) mistakes.push({ where, says: 'has a kid that is there twice' });
      signing.push(key);
    } catch (error) {
      mistakes.push({ where, says: (error as Error).message });
    }
  });
  if (listed.length === 0) mistakes.push({ where: 'keysFile.signing', says: 'has no usable key' });
  const found: ConfigMistake[] = [];
  readSealing(file.sealing, found);
  mistakes.push(...found.map(({ where, says }) => ({ where: where.replace(/^keys\b/, 'keysFile'), says })));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { ...(file as EdgeKeyFile), jwks: publicJwks(signing) };
}

/**
 * Reads a gateway's public keys.
 *
 * @throws ConfigError where there is none, or a private one among them: nothing of that belongs into a function.
 */
export function readPublicJwks(text: string, where: string): Jwks {
  const file = parse(text);
  const keys: unknown[] = Array.isArray(file?.keys) ? file.keys : [];
  const isPrivate = keys.some((key) => typeof key === 'object' && key !== null && ('d' in key || 'k' in key));
  if (isPrivate) throw new ConfigError([{ where, says: 'holds private keys: only public ones belong' }]);
  const usable = [...readJwks(file, ['RS256', 'ES256', 'EdDSA']).values()];
  if (usable.length === 0) throw new ConfigError([{ where, says: 'holds no usable public key' }]);
  return publicJwks(usable);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // said by the caller; the parser's message would quote the file
    return undefined;
  }
}
