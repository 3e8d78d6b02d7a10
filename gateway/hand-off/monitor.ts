import type { Seconds } from '../../shared/clock.ts';
import { cookieValues, setCookie } from '../../shared/cookies/cookie.ts';
import type { SessionId } from '../../shared/identity.ts';
import type { SealingKeys } from '../../shared/keys/keyring.ts';
import { seal, unseal } from '../../shared/tokens/sealed.ts';

/** Which session one app may watch. It tells whether that session is alive, and gives nothing else. */
export type Monitor = {
  readonly sid: SessionId;
  readonly clientId: string;
  /** The app was told that the session has ended. */
  readonly told?: true;
};

/**
 * The ticket in an ID token (`sso_monitor`) that the app's page hands to its frame, which gets the monitor cookie for it.
 *
 * @param until End of the ID token.
 */
export const sealMonitorTicket = (monitor: Monitor, keys: SealingKeys, now: Seconds, until: Seconds): Promise<string> =>
  seal(keys, 'monitor-ticket', monitor, now, until);

/** `undefined`: not ours, expired, or another app's. */
export async function openMonitorTicket(
  ticket: string,
  clientId: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<Monitor | undefined> {
  const monitor = await unseal<Monitor>(keys, 'monitor-ticket', ticket, now);
  return monitor?.clientId === clientId ? monitor : undefined;
}

/**
 * Writes the monitor cookie's `Set-Cookie`; only ever to a frame, so that it stays with the site around it.
 *
 * @param until The session's end; or, of one that has ended, until when to say so.
 */
export async function writeMonitor(
  { sid, clientId, told }: Monitor,
  name: string,
  keys: SealingKeys,
  now: Seconds,
  until: Seconds,
): Promise<string> {
  const sealed = await seal(keys, 'monitor', { sid, clientId, ...(told && { told }) }, now, until);
  return setCookie(name, sealed, { maxAge: until - now, sameSite: 'None', partitioned: true });
}

/**
 * Opens the monitor cookie of a frame's request; of several only one that is this app's counts.
 *
 * @returns `undefined`: none, not ours, past the session's end, or another app's.
 */
export async function readMonitor(
  header: string | undefined,
  name: string,
  clientId: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<Monitor | undefined> {
  for (const value of new Set(cookieValues(header, name).slice(0, 2))) {
    const monitor = await unseal<Monitor>(keys, 'monitor', value, now);
    if (monitor?.clientId === clientId) return monitor;
  }
  return undefined;
}
