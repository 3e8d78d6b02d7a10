import type { Seconds } from '../../../shared/clock.ts';
import { cookieValues, longestCookie, setCookie } from '../../../shared/cookies/cookie.ts';
import {
  asSessionId,
  asSubject,
  asUserId,
  type SessionId,
  type Subject,
  type UserId,
} from '../../../shared/identity.ts';
import type { SealingKeys } from '../../../shared/keys/keyring.ts';
import { seal, unseal } from '../../../shared/tokens/sealed.ts';
import { siteCookies } from './site-cookie.ts';

/** A session at a site without a store: all of it lies in the browser, sealed. */
export type SiteSession = {
  readonly sid: SessionId;
  readonly uid: UserId;
  readonly subject: Subject;
  readonly authTime: Seconds;
  readonly endsAt: Seconds;
  /** Absent: the provider gave none, or one that no cookie holds. Such a session is not renewed. */
  readonly refreshToken?: string;
  /** Only as a hint for the provider's sign-out, and only where it fits. */
  readonly idToken?: string;
};

/** Opens the session of a request. Absent, not ours, over, or two different ones: `undefined`. */
export async function readSiteSession(
  header: string | undefined,
  keys: SealingKeys,
  now: Seconds,
): Promise<SiteSession | undefined> {
  const [sealed, another] = new Set(cookieValues(header, siteCookies.session));
  if (sealed === undefined || another !== undefined) return undefined;
  const found = await unseal<Partial<Record<keyof SiteSession, unknown>>>(keys, 'site-session', sealed, now);
  const { sid, uid, subject, authTime, endsAt, refreshToken, idToken } = found ?? {};
  // sealed by us, but perhaps in another version
  if (typeof sid !== 'string' || typeof uid !== 'string' || typeof subject !== 'string') return undefined;
  if (typeof authTime !== 'number' || typeof endsAt !== 'number') return undefined;
  return {
    sid: asSessionId(sid),
    uid: asUserId(uid),
    subject: asSubject(subject),
    authTime,
    endsAt,
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
    ...(typeof idToken === 'string' ? { idToken } : {}),
  };
}

/**
 * Seals a session and writes its `Set-Cookie`. What makes it too long for a cookie is left out: first the ID token, then
 * the refresh token.
 */
export async function writeSiteSession(session: SiteSession, keys: SealingKeys, now: Seconds): Promise<string> {
  const { idToken: _idToken, ...withoutHint } = session;
  const { refreshToken: _refreshToken, ...bare } = withoutHint;
  for (const value of [session, withoutHint, bare]) {
    const sealed = await seal(keys, 'site-session', value, now, session.endsAt);
    // the attributes take at most 80 bytes
    if (siteCookies.session.length + sealed.length + 80 <= longestCookie || value === bare)
      return setCookie(siteCookies.session, sealed, { maxAge: session.endsAt - now });
  }
  throw new Error('unreachable');
}
