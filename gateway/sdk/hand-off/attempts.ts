import { createHash } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { clearCookie, cookieNamesWith, cookieValues, setCookie } from '../../../shared/cookies/cookie.ts';
import type { Sealing } from './sealing.ts';

/** One try to sign in, under way in one tab. The page never sees what is in it. */
export type Attempt = {
  /** What comes back with the code: `state` of a redirect, `nonce` of a page's own challenge. */
  readonly key: string;
  readonly nonce: string;
  /** PKCE `code_verifier` (RFC 7636 §4.1). */
  readonly verifier: string;
  /** Absolute address of this app. */
  readonly returnTo: string;
  /** Nobody was to be asked anything. */
  readonly silent: boolean;
};

/** The attempts of one kind, each in a cookie of its own, so that tabs don't tread on each other. */
export type Attempts = {
  /**
   * `Set-Cookie` values that begin one more, and remove the oldest ones where there would be too many.
   *
   * @param header `Cookie` header of the request that begins it.
   */
  start(attempt: Attempt, header: string | undefined, now: Seconds): string[];
  /** `undefined`: not begun in this browser, too long ago, or over. */
  find(key: string, header: string | undefined, now: Seconds): Attempt | undefined;
  /** The one that was begun last. */
  newest(header: string | undefined, now: Seconds): Attempt | undefined;
  /** `Set-Cookie` value that ends one. */
  end(attempt: Attempt): string;
};

const mostBytes = 3072;
/** More than we ever set, so that a heap of junk costs little. */
const mostLookedAt = 20;

/**
 * @param kind.prefix Of the cookies' names; 96 bits of the hash of the key follow.
 * @param kind.lifetime How long one may take.
 */
export function createAttempts(
  sealing: Sealing,
  kind: { readonly prefix: string; readonly lifetime: Seconds; readonly most: number },
): Attempts {
  const { prefix, lifetime, most } = kind;
  const nameOf = (key: string) => prefix + createHash('sha256').update(key).digest('base64url').slice(0, 16);

  const open = (name: string, header: string | undefined, now: Seconds) => {
    const [sealed, another] = new Set(cookieValues(header, name));
    if (sealed === undefined || another !== undefined) return undefined;
    const attempt = sealing.open<Attempt>(sealed, now);
    return attempt && nameOf(attempt.key) === name ? attempt : undefined;
  };

  /** Newest first. Browsers send the oldest first (RFC 6265 §5.4), which counts among those of one second. */
  const known = (header: string | undefined, now: Seconds) =>
    cookieNamesWith(header, prefix)
      .filter((name) => /^[A-Za-z0-9_-]{16}$/.test(name.slice(prefix.length)))
      .slice(-mostLookedAt)
      .map((name) => ({
        name,
        bytes: name.length + (cookieValues(header, name)[0] ?? '').length,
        attempt: open(name, header, now),
      }))
      .toReversed()
      .sort((one, other) => (other.attempt?.until ?? 0) - (one.attempt?.until ?? 0));

  return {
    start(attempt, header, now) {
      const name = nameOf(attempt.key);
      const sealed = sealing.seal(attempt, now + lifetime);
      const cookies = [setCookie(name, sealed, { maxAge: lifetime })];
      let count = 1;
      let bytes = name.length + sealed.length;
      for (const other of known(header, now)) {
        count += 1;
        bytes += other.bytes;
        if (!other.attempt || count > most || bytes > mostBytes) cookies.push(clearCookie(other.name));
      }
      return cookies;
    },
    find: (key, header, now) => open(nameOf(key), header, now),
    newest: (header, now) => known(header, now)[0]?.attempt,
    end: (attempt) => clearCookie(nameOf(attempt.key)),
  };
}
