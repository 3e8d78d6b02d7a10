import type { Seconds } from '../../shared/clock.ts';
import {
  type DomainCookie,
  domainCookieExpectation,
  readDomainCookie,
  writeDomainCookie,
} from '../../shared/cookies/domain-cookie.ts';
import { type HostSession, readHostSession } from '../../shared/cookies/host-session.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Session } from '../../shared/store/store.ts';
import type { Person } from '../../shared/users/directory.ts';
import { endSession, endSessionsOf } from './end.ts';
import type { Parts } from './parts.ts';
import { openProviderTokens, sealProviderTokens } from './provider-tokens.ts';
import { type HostSessionReading, readSession } from './read.ts';
import type { CookiePerson } from './start.ts';

/** A renewed domain cookie, ready to be sent, and whom it speaks of. */
export type Renewal = {
  /** `Set-Cookie` value. */
  readonly cookie: string;
  readonly session: Session | HostSession;
  readonly person: CookiePerson;
};

const underWay = new WeakMap<Parts['store'], Map<string, Promise<Renewal | undefined>>>();

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
  const flights = underWay.get(parts.store) ?? new Map<string, Promise<Renewal | undefined>>();
  underWay.set(parts.store, flights);
  // by handle, not by sid: whoever shares a flight has shown the same credential
  const flight =
    flights.get(host.handle) ??
    renew(host, header, parts).finally(() => {
      flights.delete(host.handle);
    });
  flights.set(host.handle, flight);
  return await flight;
}

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
  if (person?.state !== 'active') {
    await endSessionsOf(session, 'disabled', parts);
    throw new SsoError(person ? 'account_disabled' : 'account_unknown', `the person is ${person?.state ?? 'gone'}`);
  }

  const provider = await confirmWithProvider(session, parts);
  if (provider === 'ended') return undefined;
  const now = parts.clock();
  const degradedSince =
    provider === 'down' ? session.providerConfirmedAt + parts.config.session.providerRefreshAfter : undefined;
  if (degradedSince !== undefined && now - degradedSince > parts.config.session.outageLimit) {
    throw new SsoError('provider_unavailable', `unconfirmed by the provider since ${session.providerConfirmedAt}`);
  }
  // the last look: what was ended while we worked stays ended
  if (!(await parts.store.touchSession(session.sid, now)) || parts.feed.isEnded(session.sid)) return undefined;
  return sign(session, { ...person, uid: person.id }, degradedSince, now, parts);
}

/** The provider's word on a session, where it is time to ask for it. */
async function confirmWithProvider(session: Session, parts: Parts): Promise<'confirmed' | 'ended' | 'down'> {
  const now = parts.clock();
  if (now - session.providerConfirmedAt < parts.config.session.providerRefreshAfter) return 'confirmed';
  const provider = parts.providers.get(session.identity.provider);
  const { refreshToken, idToken } = await openProviderTokens(session.sealedProviderTokens, parts.keyring.sealing, now);
  if (!provider || refreshToken === undefined) return 'confirmed';
  // one process asks; with rotation a second one would burn the token that the first is using
  const turn = `refresh ${session.sid} ${session.providerGeneration}`;
  if (!(await parts.store.claimOnce(turn, now, now + 15))) return await othersOutcome(session, parts);

  let answer: Awaited<ReturnType<typeof provider.refresh>>;
  try {
    answer = await provider.refresh(refreshToken, session.identity);
  } catch (error) {
    parts.log.warn('renewing without the provider', { sid: session.sid, provider: session.identity.provider }, error);
    return 'down';
  }
  if (answer === 'ended') {
    const latest = await parts.store.findSession(session.sid, now);
    // final only if the token that was refused is still the session's own
    if (latest && latest.providerGeneration !== session.providerGeneration) return 'confirmed';
    await endSession(session, 'provider', parts);
    return 'ended';
  }
  const tokens = {
    refreshToken: answer.refreshToken,
    idToken: idToken === undefined ? undefined : (answer.idToken ?? idToken),
  };
  const sealed = await sealProviderTokens(tokens, parts.keyring.sealing, now, session.endsAt);
  await parts.store.swapProviderTokens(session.sid, session.providerGeneration, {
    ...(sealed === undefined ? {} : { sealedProviderTokens: sealed }),
    confirmedAt: now,
  });
  return 'confirmed';
}

/** Waits a moment for what another process, which asks the provider right now, hears. */
async function othersOutcome(session: Session, parts: Parts): Promise<'confirmed' | 'ended' | 'down'> {
  for (let look = 0; look < 5; look++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const latest = await parts.store.findSession(session.sid, parts.clock());
    if (!latest) return 'ended';
    if (latest.providerGeneration !== session.providerGeneration) return 'confirmed';
  }
  return 'down';
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
  return sign(host, cookie, since, now, parts);
}

function sign(
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
  const cookie = writeDomainCookie(
    config,
    keyring.domainCookie,
    {
      ...subject,
      sid,
      authTime,
      iat: now,
      exp: Math.min(now + lifetime, endsAt),
      ...(degradedSince === undefined ? {} : { degradedSince }),
    },
    endsAt,
  );
  return { cookie, session, person: subject };
}
