import { createHash } from 'node:crypto';
import type { Seconds } from '../clock.ts';
import type { SealingKeys } from '../keys/keyring.ts';
import { seal, unseal } from '../tokens/sealed.ts';
import { clearCookie, cookieNamesWith, cookieValues, setCookie } from './cookie.ts';

/** One sign-in under way in one browser tab. */
export type LoginAttempt = {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  /** PKCE `code_verifier` (RFC 7636 §4.1). */
  readonly verifier: string;
  /** Judged when the attempt began. Judged again before it is used. */
  readonly returnTo: string;
};

/** How long a person may take to sign in. */
export const attemptLifetime: Seconds = 15 * 60;

const mostAttempts = 5;
const mostBytes = 3072;
const mostLookedAt = 64;

/** The name of an attempt's cookie: the prefix and 96 bits of the hash of its state. */
export function attemptCookieName(prefix: string, state: string): string {
  return prefix + createHash('sha256').update(state).digest('base64url').slice(0, 16);
}

/**
 * Writes the cookie of a new attempt, and removes the oldest ones where the browser would carry more than five, or more
 * than 3 KB of them.
 *
 * @param header `Cookie` header of the request that starts the attempt.
 * @returns `Set-Cookie` values.
 */
export async function startAttempt(
  attempt: LoginAttempt,
  header: string | undefined,
  prefix: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<string[]> {
  const name = attemptCookieName(prefix, attempt.state);
  const sealed = await seal(keys, 'login-attempt', attempt, now, now + attemptLifetime);
  const cookies = [setCookie(name, sealed, { maxAge: attemptLifetime })];

  let count = 1;
  let bytes = name.length + sealed.length;
  const known = await knownAttempts(header, prefix, keys, now);
  for (const other of known.sort((a, b) => b.startedAt - a.startedAt || b.place - a.place)) {
    count += 1;
    bytes += other.bytes;
    if (other.name !== name && (other.startedAt === 0 || count > mostAttempts || bytes > mostBytes))
      cookies.push(clearCookie(other.name));
  }
  return cookies;
}

/**
 * The attempt that a callback's `state` belongs to, if it was started in this browser and not too long ago.
 *
 * @returns The attempt and when it began (`iat`); `undefined` otherwise: another browser's state, an old one, a made-up one.
 */
export async function findAttempt(
  state: string,
  header: string | undefined,
  prefix: string,
  keys: SealingKeys,
  now: Seconds,
): Promise<(LoginAttempt & { readonly iat: Seconds }) | undefined> {
  const [sealed, another] = new Set(cookieValues(header, attemptCookieName(prefix, state)));
  if (sealed === undefined || another !== undefined) return undefined;
  const attempt = await unseal<LoginAttempt>(keys, 'login-attempt', sealed, now);
  if (!attempt || attempt.state !== state) return undefined;
  // sealed by us, but perhaps in another version
  const { provider, nonce, verifier, returnTo } = attempt;
  return [provider, nonce, verifier, returnTo].every((one) => typeof one === 'string' && one) ? attempt : undefined;
}

/** Removes an attempt's cookie. */
export const endAttempt = (state: string, prefix: string): string => clearCookie(attemptCookieName(prefix, state));

async function knownAttempts(header: string | undefined, prefix: string, keys: SealingKeys, now: Seconds) {
  // Browsers send the oldest first (RFC 6265 §5.4). Only the last few are opened, and the rest are cleared unread; more
  // than `mostLookedAt` never come from us, and clearing those too would only make the answer's header as long.
  const names = cookieNamesWith(header, prefix)
    .filter((name) => /^[A-Za-z0-9_-]{16}$/.test(name.slice(prefix.length)))
    .slice(-mostLookedAt);
  return await Promise.all(
    names.map(async (name, place) => {
      const [sealed = ''] = cookieValues(header, name);
      const read = place >= names.length - 4 * mostAttempts;
      const attempt = read ? await unseal<LoginAttempt>(keys, 'login-attempt', sealed, now) : undefined;
      return { name, place, bytes: name.length + sealed.length, startedAt: attempt?.iat ?? 0 };
    }),
  );
}
