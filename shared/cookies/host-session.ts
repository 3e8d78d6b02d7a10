import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import type { Seconds } from '../clock.ts';
import type { Identity, SessionId, UserId } from '../identity.ts';
import type { SealingKeys } from '../keys/keyring.ts';
import { seal, unseal } from '../tokens/sealed.ts';
import { clearCookie, cookieValues, longestCookie, setCookie } from './cookie.ts';

/** What `__Host-sso` seals: the authority that everything else is derived from. */
export type HostSession = {
  /** 256 random bits, base64url: the credential. The store knows only its hash. */
  readonly handle: string;
  readonly sid: SessionId;
  readonly uid: UserId;
  /** 0: the provider doesn't say. */
  readonly authTime: Seconds;
  readonly endsAt: Seconds;
  /** Absent where the store knows. */
  readonly carried?: CarriedSession;
};

/** What `__Host-sso` seals beside, where there is no store that would know. */
export type CarriedSession = {
  readonly identity: Identity;
  readonly createdAt: Seconds;
  /** When the provider last confirmed this person, by code or by refresh. */
  readonly providerConfirmedAt: Seconds;
  readonly refreshToken?: string;
  /** Only for RP-Initiated Logout, which wants it as a hint. */
  readonly idToken?: string;
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
function isHostSession(session: Partial<Record<keyof HostSession, unknown>>): boolean {
  const { handle, sid, uid, authTime, endsAt, carried } = session;
  return [handle, sid, uid].every(isText) && [authTime, endsAt].every(Number.isSafeInteger) && isCarried(carried);
}

function isCarried(carried: unknown): boolean {
  if (carried === undefined) return true;
  if (typeof carried !== 'object' || carried === null) return false;
  const { identity, createdAt, providerConfirmedAt, refreshToken, idToken }: Partial<Record<string, unknown>> = {
    ...carried,
  };
  if (typeof identity !== 'object' || identity === null) return false;
  const { provider, subject }: Partial<Record<string, unknown>> = { ...identity };
  return (
    [provider, subject].every(isText) &&
    [createdAt, providerConfirmedAt].every(Number.isSafeInteger) &&
    [refreshToken, idToken].every((one) => one === undefined || isText(one))
  );
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/**
 * Writes the host session's `Set-Cookie`; it goes when the session ends.
 *
 * What would make it longer than a cookie may be is left out of what it carries: the provider's ID token first, then its
 * refresh token.
 */
export async function writeHostSession(
  session: HostSession,
  name: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<string> {
  const write = async (one: HostSession) => await seal(keys, 'host-session', one, now, one.endsAt);
  let sealed = await write(session);
  if (session.carried) {
    const { idToken, ...withoutHint } = session.carried;
    const { refreshToken, ...bare } = withoutHint;
    for (const carried of [withoutHint, bare]) {
      if (name.length + sealed.length + attributesAtMost <= longestCookie) break;
      sealed = await write({ ...session, carried });
    }
  }
  return setCookie(name, sealed, { maxAge: session.endsAt - now });
}

/** Bytes of a host cookie beside its name and value. */
const attributesAtMost = 80;

/** Removes the host session from the browser. */
export const clearHostSession = (name: string): string => clearCookie(name);
