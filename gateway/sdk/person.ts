import type { Seconds } from '../../shared/clock.ts';
import type { DomainCookie } from '../../shared/cookies/domain-cookie.ts';

/** Who is signed in, as the gateway's signed cookie says. Nothing here is asked of the gateway per request. */
export type Person = {
  /** Primary key of the person's row in the company's users table. The one thing to store beside your own data. */
  readonly id: string;
  readonly email?: string;
  readonly name?: string;
  /** Absent: the cookie does not carry roles (by configuration, or because they would not fit). Not the same as none. */
  readonly roles?: readonly string[];
  /** `resource:action`. Absent: the cookie does not carry permissions. Not the same as none. */
  readonly permissions?: readonly string[];
  /** When the person last proved who they are, in seconds since 1970. 0: the provider doesn't say. */
  readonly authTime: Seconds;
  /** When this statement has to be renewed, in seconds since 1970; not the end of the sign-in. */
  readonly expiresAt: Seconds;
};

/** What an app may know of a domain cookie. Lists are copies: whatever a handler does to them is gone with its request. */
export function personOf(cookie: DomainCookie): Person {
  const { uid, authTime, exp, email, name, roles, permissions } = cookie;
  return {
    id: uid,
    authTime,
    expiresAt: exp,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(permissions === undefined ? {} : { permissions: [...permissions] }),
  };
}

/** Has the person this role? `false` also for nobody, and where the cookie does not carry roles. */
export const hasRole = (person: Person | undefined, role: string): boolean => person?.roles?.includes(role) ?? false;

/**
 * Has the person this permission (`resource:action`, compared whole)? `false` also for nobody, and where the cookie does
 * not carry permissions.
 */
export const hasPermission = (person: Person | undefined, permission: string): boolean =>
  person?.permissions?.includes(permission) ?? false;
