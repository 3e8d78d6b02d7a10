import { Buffer } from 'node:buffer';
import { createHash, createHmac } from 'node:crypto';
import type { ClientRegistry } from '../../shared/clients.ts';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig, Config } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import type { SessionId } from '../../shared/identity.ts';
import type { Keyring } from '../../shared/keys/keyring.ts';
import type { SigningKey } from '../../shared/keys/signing.ts';
import type { Session } from '../../shared/store/store.ts';
import { canonicalBytes } from '../../shared/tokens/base64url.ts';
import { signToken, verifyToken } from '../../shared/tokens/signed.ts';

/** What ID tokens are made of and read by. */
type Maker = { readonly config: Pick<Config, 'publicUrl'>; readonly keyring: Pick<Keyring, 'openid'> };

/** Life of an ID token and of the access token beside it. */
export const tokenLifetime: Seconds = 300;

/**
 * What a client calls a session: every client something else, so that two of them can't tell that they mean the same one,
 * and none can name it to an app below the parent domain.
 */
export const clientSid = (sid: SessionId, clientId: string): string =>
  createHmac('sha256', sid).update(`client ${clientId}`).digest('base64url');

/** The key that a client wants its tokens signed with. */
export function signerFor(client: ClientConfig, keyring: Pick<Keyring, 'openid'>): { readonly current: SigningKey } {
  const current = keyring.openid.byAlgorithm.get(client.tokenAlgorithm);
  if (!current) throw new SsoError('internal', `no OpenID key for ${client.tokenAlgorithm}`);
  return { current };
}

/**
 * Signs an ID token.
 *
 * @param about.claims What the client is told beside the ids; can't overwrite those.
 * @see OpenID Connect Core §2, §3.1.3.6
 */
export function signIdToken(
  client: ClientConfig,
  about: {
    readonly session: Pick<Session, 'sid' | 'userId' | 'authTime' | 'endsAt'>;
    readonly nonce: string | undefined;
    readonly accessToken: string;
    /** What the app's frame gets its monitor cookie for. */
    readonly monitorTicket: string;
    readonly claims: Readonly<Record<string, unknown>>;
  },
  now: Seconds,
  { config, keyring }: Maker,
): string {
  const { session, nonce, accessToken, monitorTicket, claims } = about;
  return signToken(signerFor(client, keyring), 'JWT', {
    ...claims,
    iss: config.publicUrl,
    sub: session.userId,
    aud: client.id,
    iat: now,
    exp: now + tokenLifetime,
    ...(session.authTime === 0 ? {} : { auth_time: session.authTime }),
    sid: clientSid(session.sid, client.id),
    session_expiry: session.endsAt,
    sso_monitor: monitorTicket,
    // both algorithms sign a SHA-256
    at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

/** What an ID token that comes back says. */
export type IdTokenHint = { readonly client: ClientConfig; readonly sub: string; readonly sid: string };

/**
 * Reads an ID token that we gave and that comes back as a hint, however long ago it expired.
 *
 * @returns `undefined` for whatever is not an ID token of ours for a client that there is.
 */
export function readIdTokenHint(
  hint: string,
  now: Seconds,
  { config, keyring, clients }: Maker & { readonly clients: ClientRegistry },
): IdTokenHint | undefined {
  if (hint.length > 8192) return undefined;
  const client = clients.byId(unverifiedAudience(hint) ?? '');
  if (!client) return undefined;
  const expected = { keys: keyring.openid.all, typ: 'JWT', issuer: config.publicUrl, audience: client.id } as const;
  const verdict = verifyToken(hint, expected, now);
  if (verdict.kind === 'invalid' || typeof verdict.claims.sid !== 'string') return undefined;
  return { client, sub: verdict.claims.sub, sid: verdict.claims.sid };
}

/** Only says which audience the token has to be checked for. */
function unverifiedAudience(token: string): string | undefined {
  const bytes = canonicalBytes(token.split('.', 3)[1] ?? '');
  try {
    const claims = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as { aud?: unknown } | null;
    return typeof claims?.aud === 'string' ? claims.aud : undefined;
  } catch {
    // no JSON: not ours
    return undefined;
  }
}
