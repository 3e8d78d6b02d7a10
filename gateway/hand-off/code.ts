import { createHash, randomBytes } from 'node:crypto';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig } from '../../shared/config.ts';
import type { SessionId } from '../../shared/identity.ts';
import type { SharedParts } from '../session/parts.ts';

/** How long an app may take to redeem a code. */
const codeLifetime: Seconds = 30;

/** What a code will be good for, checked against the app's registration. */
export type CodeRequest = {
  readonly client: ClientConfig;
  /** One of the app's, letter by letter. */
  readonly redirectUri: string;
  /** PKCE `code_challenge`, S256. */
  readonly challenge: string;
  /** Granted scopes, separated by spaces. */
  readonly scope: string;
  /** `undefined`: the app sent none. */
  readonly nonce?: string | undefined;
};

/**
 * Makes a code for a session, whichever way it will reach the app.
 *
 * @returns The code: 256 random bits, base64url. Only its hash is kept.
 * @throws SsoError `store_unavailable`
 */
export async function createCode(
  { client, redirectUri, challenge, scope, nonce }: CodeRequest,
  sid: SessionId,
  now: Seconds,
  { store }: Pick<SharedParts, 'store'>,
): Promise<string> {
  const code = randomBytes(32).toString('base64url');
  await store.createCode({
    hash: createHash('sha256').update(code).digest('base64url'),
    clientId: client.id,
    redirectUri,
    origin: new URL(redirectUri).origin,
    sid,
    challenge,
    scope,
    expiresAt: now + codeLifetime,
    ...(nonce !== undefined && { nonce }),
  });
  return code;
}
