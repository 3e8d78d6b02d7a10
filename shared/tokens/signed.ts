import { Buffer } from 'node:buffer';
import { sign, verify } from 'node:crypto';
import type { Seconds } from '../clock.ts';
import type { SigningAlgorithm, SigningKeys, VerificationKeys } from '../keys/signing.ts';
import { canonicalBytes } from './base64url.ts';
import { derOfJws, jwsOfDer } from './ecdsa-signature.ts';

/**
 * Fixed `typ` of each kind of token that we sign (RFC 8725 §3.11). `JWT` is the ID token, for which no better one is
 * agreed on; it has keys of its own. `site+jwt` is the cookie of one site that signs people in without a gateway.
 */
export type TokenType = 'sso+jwt' | 'identity+jwt' | 'JWT' | 'logout+jwt' | 'site+jwt';

/** What every token that we sign carries. */
export type TokenClaims = {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly iat: Seconds;
  readonly exp: Seconds;
  readonly [claim: string]: unknown;
};

/** What a token must be to count. */
export type Expectation = {
  readonly keys: VerificationKeys;
  readonly typ: TokenType;
  readonly issuer: string;
  readonly audience: string;
};

/** Why a token does not count. For the log, not for the caller of an endpoint. */
export type Rejection =
  | 'malformed'
  | 'wrong_typ'
  | 'unknown_kid'
  | 'wrong_alg'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'bad_times'
  | 'not_yet_valid';

/** `expired` has a valid signature and everything else in order: it says who it was, and grants nothing. */
export type Verdict =
  | { readonly kind: 'valid'; readonly claims: TokenClaims }
  | { readonly kind: 'expired'; readonly claims: TokenClaims }
  | { readonly kind: 'invalid'; readonly why: Rejection };

/** How far clocks may disagree on `exp` and `iat`. */
export const leeway: Seconds = 30;

/**
 * Signs claims as a compact JWS with the current key. Synchronous: a signature is a fraction of a millisecond.
 *
 * @see RFC 7515 §3.1
 */
export function signToken(keys: Pick<SigningKeys, 'current'>, typ: TokenType, claims: TokenClaims): string {
  const { kid, alg, privateKey } = keys.current;
  const input = `${encode({ alg, typ, kid })}.${encode(claims)}`;
  const signature = sign(digestOf(alg), Buffer.from(input), privateKey);
  return `${input}.${(alg === 'ES256' ? jwsOfDer(signature) : signature).toString('base64url')}`;
}

/**
 * Verifies a compact JWS, synchronously and offline.
 *
 * The key's own algorithm decides; `alg` in the header has only to agree with it. `jwk`, `jku` and `x5*` headers are
 * ignored, `crit` is refused, base64url has to be canonical, `iat` and a finite `exp` have to be there.
 *
 * @see RFC 7515 §5.2, RFC 8725 §3
 */
export function verifyToken(token: string, expected: Expectation, now: Seconds): Verdict {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (first < 1 || second < 0 || token.indexOf('.', second + 1) >= 0) return invalid('malformed');
  const header = decode(token.slice(0, first));
  const signature = canonicalBytes(token.slice(second + 1));
  if (!header || !signature) return invalid('malformed');
  if (header.typ !== expected.typ) return invalid('wrong_typ');
  if ('crit' in header || 'b64' in header) return invalid('malformed');
  const found = typeof header.kid === 'string' ? expected.keys.get(header.kid) : undefined;
  if (!found) return invalid('unknown_kid');
  if (header.alg !== found.alg) return invalid('wrong_alg');
  const signed = found.alg === 'ES256' ? derOfJws(signature) : signature;
  if (!signed || !verify(digestOf(found.alg), Buffer.from(token.slice(0, second)), found.key, signed))
    return invalid('bad_signature');

  const claims = decode(token.slice(first + 1, second));
  if (!claims) return invalid('malformed');
  if (claims.iss !== expected.issuer) return invalid('wrong_issuer');
  if (claims.aud !== expected.audience) return invalid('wrong_audience');
  if (typeof claims.sub !== 'string' || claims.sub === '') return invalid('malformed');
  if (!isTime(claims.exp) || !isTime(claims.iat) || claims.iat > claims.exp) return invalid('bad_times');
  if (claims.iat > now + leeway) return invalid('not_yet_valid');
  return { kind: claims.exp + leeway > now ? 'valid' : 'expired', claims: claims as TokenClaims };
}

const invalid = (why: Rejection): Verdict => ({ kind: 'invalid', why });

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const digestOf = (alg: SigningAlgorithm): string | null => (alg === 'EdDSA' ? null : 'sha256');

const isTime = (value: unknown): value is Seconds => Number.isSafeInteger(value) && (value as number) > 0;

function decode(text: string): Record<string, unknown> | undefined {
  const bytes = canonicalBytes(text);
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
