import type { Seconds } from '../clock.ts';
import type { SessionId } from '../identity.ts';
import type { SealingKeys } from '../keys/keyring.ts';
import { seal, unseal } from '../tokens/sealed.ts';
import { clearCookie, cookieValues, setCookie } from './cookie.ts';

/**
 * What `__Host-sso_xs` seals: which session this browser has, and no more. Sites that frame the gateway make the browser
 * send it, so it proves nothing but that; the gateway's own pages never look at it.
 */
export type CrossSiteSession = { readonly sid: SessionId };

/**
 * Opens the cross-site cookie of a request. Absent, not ours, ended, or two different ones: `undefined`. Whether the session
 * is alive is for the store to say.
 *
 * @param header `Cookie` header as received.
 */
export async function readCrossSiteSession(
  header: string | undefined,
  name: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<CrossSiteSession | undefined> {
  const [value, another] = new Set(cookieValues(header, name));
  if (value === undefined || another !== undefined) return undefined;
  return await unseal<CrossSiteSession>(keys, 'cross-site-session', value, now);
}

/** Writes the cross-site cookie's `Set-Cookie`; it goes when the session ends. */
export async function writeCrossSiteSession(
  { sid }: CrossSiteSession,
  name: string,
  keys: SealingKeys,
  now: Seconds,
  endsAt: Seconds,
): Promise<string> {
  const sealed = await seal(keys, 'cross-site-session', { sid }, now, endsAt);
  return setCookie(name, sealed, { maxAge: endsAt - now, sameSite: 'None' });
}

/** Removes it from the browser. */
export const clearCrossSiteSession = (name: string): string => clearCookie(name, undefined, { sameSite: 'None' });
