import { createHash, randomBytes } from 'node:crypto';
import type { ClientConfig } from '../../shared/config.ts';
import type { SessionId } from '../../shared/identity.ts';
import { clientSid } from './id-token.ts';

/** Of which session, at which app's page, a `session_state` speaks. */
export type SessionAt = {
  readonly client: Pick<ClientConfig, 'id'>;
  /** Of the page that got it. */
  readonly origin: string;
  readonly sid: SessionId;
};

/** A `session_state`: a SHA-256 and a salt of 128 bits. */
export const sessionStatePattern = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}$/;

/**
 * What an app's page later asks the check-session frame about: a different one for every answer, of which nobody can tell
 * whose session it means.
 *
 * @see OpenID Connect Session Management, "Creating and Updating Sessions" and "OP Iframe"
 */
export function newSessionState(of: SessionAt): string {
  return salted(of, randomBytes(16).toString('base64url'));
}

/** Does a `session_state` speak of this session, to this page? */
export function isSessionState(state: string, of: SessionAt): boolean {
  const [, salt = ''] = state.split('.');
  return sessionStatePattern.test(state) && state === salted(of, salt);
}

function salted({ client, origin, sid }: SessionAt, salt: string): string {
  const hash = createHash('sha256').update(`${client.id} ${origin} ${clientSid(sid, client.id)} ${salt}`);
  return `${hash.digest('base64url')}.${salt}`;
}
