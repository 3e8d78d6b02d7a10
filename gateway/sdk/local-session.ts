import { Buffer } from 'node:buffer';
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Seconds } from '../../shared/clock.ts';
import { clearCookie, cookieValues, longestCookie, setCookie } from '../../shared/cookies/cookie.ts';
import { leeway } from '../../shared/tokens/signed.ts';

/**
 * An app's own memory of a sign-in. It grants nothing: it counts only beside a valid domain cookie of the same `sid` and
 * `sub`, so that whoever signs out anywhere is signed out here.
 */
export type LocalSession = {
  readonly sid: string;
  readonly sub: string;
  /**
   * The `exp` of the domain cookie that it stands beside. The session's true end is the gateway's to know; this is the one
   * moment of which an app can be sure that it is not later. It moves on as the domain cookie is renewed.
   */
  readonly exp: Seconds;
};

/** Reads and writes one app's local sessions. */
export type LocalSessions = {
  /** `undefined`: none, one that this app did not write, one whose time has passed, or two different ones. */
  read(header: string | undefined, now: Seconds): LocalSession | undefined;
  /** Does the request carry the cookie at all, good or bad? */
  sent(header: string | undefined): boolean;
  /** `Set-Cookie` that starts or renews a session. The browser drops it when it ends. */
  write(session: LocalSession, now: Seconds): string;
  /** `Set-Cookie` that removes it. */
  clear(): string;
};

/**
 * Local sessions are `payload.mac`, both base64url: the session as JSON, and an HMAC-SHA-256 over app, cookie name and
 * payload, by a key that HKDF derives from the app's secret. Another app's session is worth nothing here, even where two
 * apps share a secret by mistake.
 *
 * @param app Public base URL of the app.
 * @see RFC 5869, RFC 2104
 */
export function createLocalSessions(secret: Uint8Array, app: string, cookieName: string): LocalSessions {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'crossgate local session v1', 32));
  const mac = (payload: string) =>
    createHmac('sha256', key).update(`${app}\n${cookieName}\n${payload}`).digest('base64url');

  return {
    read(header, now) {
      const [value, another] = new Set(cookieValues(header, cookieName));
      if (value === undefined || another !== undefined || value.length > longestCookie) return undefined;
      const dot = value.indexOf('.');
      const payload = value.slice(0, Math.max(dot, 0));
      // the text is compared, not the bytes that it decodes to: only the very text that was written passes
      if (!sameText(value.slice(dot + 1), mac(payload))) return undefined;
      const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as LocalSession;
      return session.exp + leeway > now ? session : undefined;
    },
    sent: (header) => cookieValues(header, cookieName).length > 0,
    write({ sid, sub, exp }, now) {
      const payload = Buffer.from(JSON.stringify({ sid, sub, exp })).toString('base64url');
      return setCookie(cookieName, `${payload}.${mac(payload)}`, { maxAge: exp + leeway - now });
    },
    clear: () => clearCookie(cookieName),
  };
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
