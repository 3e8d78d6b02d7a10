import type { Seconds } from '../../../shared/clock.ts';
import type { DomainCookie } from '../../../shared/cookies/domain-cookie.ts';
import { SsoError } from '../../../shared/errors.ts';
import { asUserId, type Subject } from '../../../shared/identity.ts';
import type { SigningKey } from '../../../shared/keys/signing.ts';
import { readPersonClaims, rolePattern } from '../../../shared/permissions/claims.ts';
import type { CookiePerson } from '../../session/start.ts';
import type { SiteSettings } from './settings.ts';
import { writeSiteCookie } from './site-cookie.ts';
import type { SiteSession } from './site-session.ts';

/**
 * Who a provider's checked claims speak of. Where our trigger runs it is the row in the users table, with its roles and
 * permissions, or nobody; elsewhere the provider's own subject, and roles only by the claim that the settings name. An
 * email that the provider calls unverified is left out.
 *
 * @throws SsoError `account_unknown`
 */
export function personOf(
  claims: Readonly<Record<string, unknown>>,
  subject: Subject,
  { triggers, rolesClaim, id }: SiteSettings['provider'],
): CookiePerson {
  // at some providers people write any address there, and apps may go by it; one that says nothing of it vouches for all
  const unverified = claims.email_verified === false || claims.email_verified === 'false';
  const known = {
    ...(typeof claims.email === 'string' && !unverified ? { email: claims.email } : {}),
    ...(typeof claims.name === 'string' ? { name: claims.name } : {}),
  };
  if (triggers) {
    const person = readPersonClaims(claims);
    if (!person) throw new SsoError('account_unknown', `the token of ${id} carries no uid`);
    const { uid, roles, permissions, perm_v } = person;
    return {
      uid,
      permissionVersion: perm_v,
      ...known,
      ...(roles ? { roles } : {}),
      ...(permissions ? { permissions } : {}),
    };
  }
  const named: unknown = rolesClaim === undefined ? [] : claims[rolesClaim];
  const roles = (Array.isArray(named) ? (named as unknown[]) : []).filter(
    (role): role is string => typeof role === 'string' && rolePattern.test(role),
  );
  return { uid: asUserId(subject), permissionVersion: 1, ...known, roles, permissions: [] };
}

/** Signs a person's statement for a session, for as long as the settings say. */
export function stateWho(
  person: CookiePerson,
  session: Pick<SiteSession, 'sid' | 'authTime' | 'endsAt'>,
  settings: SiteSettings,
  key: SigningKey,
  now: Seconds,
  degradedSince?: Seconds,
): string {
  const { cookieLifetime, outageLifetime } = settings.session;
  const lifetime = degradedSince === undefined ? cookieLifetime : Math.min(outageLifetime, cookieLifetime);
  const { sid, authTime, endsAt } = session;
  const statement: DomainCookie = {
    ...person,
    sid,
    authTime,
    iat: now,
    exp: Math.min(now + lifetime, endsAt),
    ...(degradedSince === undefined ? {} : { degradedSince }),
  };
  return writeSiteCookie(settings, key, statement, endsAt);
}
