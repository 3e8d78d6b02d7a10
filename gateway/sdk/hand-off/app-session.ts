import { Buffer } from 'node:buffer';
import type { Seconds } from '../../../shared/clock.ts';
import { clearCookie, cookieValues, longestCookie, setCookie } from '../../../shared/cookies/cookie.ts';
import { SsoError } from '../../../shared/errors.ts';
import type { Person } from '../person.ts';
import { claimsOf, type IdClaims } from './id-token.ts';
import type { Sealing } from './sealing.ts';

/** An app's own session: what the gateway said once, kept until it is over. */
export type AppSession = {
  /** Names this one alone; another sign-in of the same person at the same gateway session has another. */
  readonly id: string;
  readonly claims: IdClaims;
  /** Tells the gateway whom to sign out. Absent: it didn't fit into the cookie, and the gateway will ask. */
  readonly idToken: string | undefined;
  readonly endsAt: Seconds;
};

/** Reads and writes the cookie of one app's sessions. */
export type AppSessions = {
  /** `undefined`: none, one that this app did not write, one that is over, or two different ones. */
  read(header: string | undefined, now: Seconds): AppSession | undefined;
  /** Does the request carry the cookie at all, good or bad? */
  sent(header: string | undefined): boolean;
  /**
   * `Set-Cookie` that starts a session. What makes it longer than browsers take is left out: the ID token, then the
   * monitor ticket.
   *
   * @throws SsoError `internal` where the claims alone are too long.
   */
  write(session: AppSession, now: Seconds): string;
  /** `Set-Cookie` that removes it. */
  clear(): string;
};

/** The claims stand in the ID token already, so only one of the two is kept. */
type Kept = { readonly id: string } & ({ readonly token: string } | { readonly claims: IdClaims });

/** Room for the cookie's attributes. */
const room = 100;

export function createAppSessions(sealing: Sealing, cookieName: string): AppSessions {
  return {
    read(header, now) {
      const [value, another] = new Set(cookieValues(header, cookieName));
      if (value === undefined || another !== undefined || value.length > longestCookie) return undefined;
      const kept = sealing.open<Kept>(value, now);
      if (!kept) return undefined;
      const idToken = 'token' in kept ? kept.token : undefined;
      const claims = 'token' in kept ? claimsOf(payloadOf(kept.token)) : kept.claims;
      return claims && { id: kept.id, claims, idToken, endsAt: kept.until };
    },
    sent: (header) => cookieValues(header, cookieName).length > 0,
    write({ id, claims, idToken, endsAt }, now) {
      const { sso_monitor: _, ...bare } = claims;
      const ways: Kept[] = [...(idToken === undefined ? [] : [{ id, token: idToken }]), { id, claims }];
      for (const way of [...ways, { id, claims: bare }]) {
        const sealed = sealing.seal(way, endsAt);
        if (cookieName.length + sealed.length + room <= longestCookie)
          return setCookie(cookieName, sealed, { maxAge: endsAt - now });
      }
      throw new SsoError('internal', 'the claims of this person do not fit into a cookie: ask for a smaller scope');
    },
    clear: () => clearCookie(cookieName),
  };
}

/** Who somebody is, as the gateway said when they came. Lists are copies: what a handler does to them is gone with its request. */
export function personOf({ claims, endsAt }: AppSession): Person {
  const { sub, auth_time, email, name, roles, permissions } = claims;
  return {
    id: sub,
    authTime: auth_time,
    expiresAt: endsAt,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(permissions === undefined ? {} : { permissions: [...permissions] }),
  };
}

/** The token was verified before it was sealed. */
const payloadOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString('utf8'));
