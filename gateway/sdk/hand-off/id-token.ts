import { createHash } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { SsoError } from '../../../shared/errors.ts';
import type { GatewayTokens } from './gateway-tokens.ts';
import type { HandOffSettings } from './options.ts';

/** What an app is told of a sign-in, checked. */
export type IdClaims = {
  readonly sub: string;
  /** What this client calls the gateway's session. */
  readonly sid: string;
  readonly auth_time: Seconds;
  /** End of the gateway's session. */
  readonly session_expiry: Seconds;
  /** End of the ID token, and of the monitor ticket. */
  readonly exp: Seconds;
  /** Ticket by which the app's frame may watch the session. */
  readonly sso_monitor?: string;
  readonly email?: string;
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly permissions?: readonly string[];
};

/**
 * Verifies the ID token that came with an access token.
 *
 * @throws SsoError `login_attempt_invalid` for whatever does not fit; `provider_unavailable` where there are no keys.
 * @see OpenID Connect Core §3.1.3.7, §3.1.3.6
 */
export async function readIdToken(
  token: string,
  sent: { readonly nonce: string; readonly accessToken: string },
  tokens: GatewayTokens,
  { clientId, clock }: Pick<HandOffSettings, 'clientId' | 'clock'>,
): Promise<IdClaims> {
  const verdict = await tokens.verify(token, 'JWT');
  if (verdict.kind !== 'valid') refuse(verdict.kind === 'invalid' ? verdict.why : verdict.kind);
  const { nonce, azp, at_hash } = verdict.claims;
  if (nonce !== sent.nonce) refuse('nonce');
  if (azp !== undefined && azp !== clientId) refuse('azp');
  // both algorithms sign a SHA-256
  const half = createHash('sha256').update(sent.accessToken).digest().subarray(0, 16).toString('base64url');
  if (at_hash !== half) refuse('at_hash');
  const claims = claimsOf(verdict.claims);
  if (!claims) refuse('claims');
  if (claims.session_expiry <= clock()) refuse('session_expiry');
  return claims;
}

/** What an app makes use of among the claims of an ID token; `undefined`: something is missing. */
export function claimsOf(payload: Readonly<Record<string, unknown>>): IdClaims | undefined {
  const { sub, sid, auth_time = 0, session_expiry, exp, sso_monitor, email, name, roles, permissions } = payload;
  if (!isText(sub) || !isId(sid) || !isWhole(auth_time) || !isWhole(session_expiry) || !isWhole(exp)) return undefined;
  return {
    sub,
    sid,
    auth_time,
    session_expiry,
    exp,
    ...(isText(sso_monitor) && { sso_monitor }),
    ...(isText(email) && { email }),
    ...(isText(name) && { name }),
    ...(isTexts(roles) && { roles }),
    ...(isTexts(permissions) && { permissions }),
  };
}

/** A name that a logout store may be asked by. */
export const isId = (value: unknown): value is string => isText(value) && /^[\x21-\x7e]{1,128}$/.test(value);

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

function refuse(what: string): never {
  throw new SsoError('login_attempt_invalid', `ID token: ${what}`);
}
