import type { Seconds } from '../../shared/clock.ts';
import {
  type DomainCookie,
  domainCookieExpectation,
  readDomainCookie,
  writeDomainCookie,
} from '../../shared/cookies/domain-cookie.ts';
import { type HostSession, readHostSession, writeHostSession } from '../../shared/cookies/host-session.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Session } from '../../shared/store/store.ts';
import type { Person } from '../../shared/users/directory.ts';
import { confirmSession } from './confirm.ts';
import type { Parts } from './parts.ts';
import { type HostSessionReading, readSession } from './read.ts';
import type { CookiePerson } from './start.ts';

/** A renewed domain cookie, ready to be sent, and whom it speaks of. */
export type Renewal = {
  /** `Set-Cookie` value of the domain cookie. */
  readonly cookie: string;
  /** `Set-Cookie` value of a host session that carries something else from now on: never with a store. */
  readonly hostCookie?: string;
  /** When the cookie's token ends. */
  readonly expiresAt: Seconds;
  readonly session: Session | HostSession;
  readonly person: CookiePerson;
};

/** By what each gateway has of its own. */
const underWay = new WeakMap<Parts['providers'], Map<string, Promise<Renewal | undefined>>>();

/**
 * Renews the domain cookie of a browser on the strength of its host session, never of the domain cookie itself. Many at
 * once for one session are one.
 *
 * State and claims are read afresh from the directory, and the provider is asked again when it was last asked too long
 * ago. While any of them is down the answer is a short-lived cookie with what the last one said, for an hour at most and
 * never past the session's end.
 *
 * @param header `Cookie` header as received.
 * @returns `undefined`: no live session; sign in again.
 * @throws SsoError `account_disabled`, `account_unknown` (the session is over then), `store_unavailable`,
 *   `directory_unavailable`, `provider_unavailable` (nothing has ended)
 */
export async function renewSession(header: string | undefined, parts: Parts): Promise<Renewal | undefined> {
  const host = await readHostSession(header, parts.names.host, parts.keyring.sealing, parts.clock());
  if (!host) return undefined;
  const flights = underWay.get(parts.providers) ?? new Map<string, Promise<Renewal | undefined>>();
  underWay.set(parts.providers, flights);
  // by handle, not by sid: whoever shares a flight has shown the same credential
  const flight =
    flights.get(host.handle) ??
    renew(host, header, parts).finally(() => {
      flights.delete(host.handle);
    });
  flights.set(host.handle, flight);
  return await flight;
}

/** All `Set-Cookie` values of a renewal. */
export const cookiesOf = ({ cookie, hostCookie }: Renewal): string[] =>
  hostCookie === undefined ? [cookie] : [cookie, hostCookie];

async function renew(host: HostSession, header: string | undefined, parts: Parts): Promise<Renewal | undefined> {
  let reading: HostSessionReading | undefined;
  try {
    reading = await readSession(header, parts);
  } catch (error) {
    return renewInOutage(host, header, parts, error);
  }
  if (!reading || parts.feed.isEnded(reading.session.sid)) return undefined;
  const { session } = reading;

  let person: Person | undefined;
  try {
    person = await parts.users.findById(session.userId);
  } catch (error) {
    return renewInOutage(host, header, parts, error);
  }
  const confirmed = await confirmSession(session, person, parts);
  if (!confirmed) return undefined;
  const { at, carries, degradedSince } = confirmed;
  const renewal = signRenewal(session, { ...confirmed.person, uid: confirmed.person.id }, degradedSince, at, parts);
  if (!carries) return renewal;
  const { names, keyring } = parts;
  return {
    ...renewal,
    hostCookie: await writeHostSession({ ...reading.host, carried: carries }, names.host, keyring.sealing, at),
  };
}

/**
 * Renews while the store or the directory is down, by what this browser can show: a host session that we sealed, and a
 * domain cookie of that session that we signed, perhaps expired.
 */
function renewInOutage(host: HostSession, header: string | undefined, parts: Parts, cause: unknown): Renewal {
  const { config, keyring, names, feed } = parts;
  const now = parts.clock();
  const expected = domainCookieExpectation(
    { publicUrl: config.publicUrl, cookieDomain: config.cookie.domain },
    keyring.domainCookie.all,
  );
  const reading = readDomainCookie(header, names.domain, expected, now);
  const cookie = reading.kind === 'valid' || reading.kind === 'expired' ? reading.cookie : undefined;
  // whoever comes back late has used up a part of the hour: else keeping an old cookie would stretch it
  const since = cookie?.degradedSince ?? Math.min(now, cookie?.exp ?? now);
  const fits = cookie && cookie.sid === host.sid && cookie.uid === host.uid && !feed.isEnded(host.sid);
  // a cookie that expired long ago may have been left behind by a session that has ended since
  if (!fits || now - since > config.session.outageLimit || now - cookie.exp > config.session.outageLimit) {
    if (cause instanceof SsoError) throw cause;
    throw new SsoError('store_unavailable', 'nothing to renew from', { cause });
  }
  parts.log.warn('renewing without the database', { sid: host.sid }, cause);
  return signRenewal(host, cookie, since, now, parts);
}

/**
 * Signs the domain cookie of a session that may go on.
 *
 * @param degradedSince See `Confirmed`: such a cookie is a short one.
 */
export function signRenewal(
  session: Session | HostSession,
  person: CookiePerson | DomainCookie,
  degradedSince: Seconds | undefined,
  now: Seconds,
  { config, keyring }: Parts,
): Renewal {
  const lifetime =
    degradedSince === undefined
      ? config.cookie.lifetime
      : Math.min(config.session.outageLifetime, config.cookie.lifetime);
  const { uid, email, name, roles, permissions, permissionVersion } = person;
  const subject: CookiePerson = {
    uid,
    permissionVersion,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(roles === undefined ? {} : { roles }),
    ...(permissions === undefined ? {} : { permissions }),
  };
  const { sid, authTime, endsAt } = session;
  const expiresAt = Math.min(now + lifetime, endsAt);
  const cookie = writeDomainCookie(
    config,
    keyring.domainCookie,
    {
      ...subject,
      sid,
      authTime,
      iat: now,
      exp: expiresAt,
      ...(degradedSince === undefined ? {} : { degradedSince }),
    },
    endsAt,
  );
  return { cookie, expiresAt, session, person: subject };
}
