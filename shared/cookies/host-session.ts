import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import type { Seconds } from '../clock.ts';
import type { SessionId, UserId } from '../identity.ts';
import type { SealingKeys } from '../keys/keyring.ts';
import { seal, unseal } from '../tokens/sealed.ts';
import { clearCookie, cookieValues, setCookie } from './cookie.ts';

/** What `__Host-sso` seals: the authority that everything else is derived from. */
export type HostSession = {
  /** 256 random bits, base64url: the credential. The store knows only its hash. */
  readonly handle: string;
  readonly sid: SessionId;
  readonly uid: UserId;
  /** 0: the provider doesn't say. */
  readonly authTime: Seconds;
  readonly endsAt: Seconds;
};

/** A fresh handle. */
export const newHandle = (): string => randomBytes(32).toString('base64url');

/** A fresh session id: 128 random bits, base64url. Public. */
export const newSessionId = (): SessionId => randomBytes(16).toString('base64url') as SessionId;

/** What the store knows a handle by: SHA-256, base64url. */
export const hashHandle = (handle: string): string =>
  createHash('sha256').update(Buffer.from(handle)).digest('base64url');

/**
 * Opens the host session of a request.
 *
 * No cookie, one that is not ours, and one whose session has ended are all a visitor: the answer is `undefined`. So are
 * two different ones, which no browser of ours would send.
 *
 * @param header `Cookie` header as received.
 */
export async function readHostSession(
  header: string | undefined,
  name: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<HostSession | undefined> {
  const values = [...new Set(cookieValues(header, name))];
  if (values.length !== 1 || values[0] === undefined) return undefined;
  const session = await unseal<HostSession>(keys, 'host-session', values[0], now);
  return session && isHostSession(session) ? session : undefined;
}

/** We sealed it, but perhaps in another version: whoever holds an older shape signs in again. */
function isHostSession({ handle, sid, uid, authTime, endsAt }: Partial<Record<keyof HostSession, unknown>>): boolean {
  const texts = [handle, sid, uid].every((one) => typeof one === 'string' && one !== '');
  return texts && Number.isSafeInteger(authTime) && Number.isSafeInteger(endsAt);
}

/** Writes the host session's `Set-Cookie`; it goes when the session ends. */
export async function writeHostSession(
  session: HostSession,
  name: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<string> {
  const sealed = await seal(keys, 'host-session', session, now, session.endsAt);
  return setCookie(name, sealed, { maxAge: session.endsAt - now });
}

/** Removes the host session from the browser. */
export const clearHostSession = (name: string): string => clearCookie(name);
