import { LRUCache } from 'lru-cache';
import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import type { DomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { within } from '../../shared/deadline.ts';
import { SsoError } from '../../shared/errors.ts';
import { newsOutlivesSession } from '../../shared/store/store.ts';
import { type Confirmed, confirmSession } from './confirm.ts';
import type { SharedParts } from './parts.ts';
import { signRenewal } from './renew.ts';

/** What became of a renewal. */
export type PassingRenewal =
  /** `Set-Cookie` value of the new domain cookie. */
  | { readonly kind: 'renewed'; readonly cookie: string }
  /** The session is over, and nobody passes on the strength of this cookie. */
  | { readonly kind: 'ended' }
  /** The cookie stays as it is. Trying again is of no use before `again`. */
  | { readonly kind: 'unchanged'; readonly again: Seconds };

/** Renewals of domain cookies on the way to an app, without the host session. */
export type RenewalsInPassing = {
  /**
   * May one be tried now? Not for a moment after the last one: either the browser is about to have the new cookie, or what
   * was down still is.
   */
  isOpen(cookie: DomainCookie, now: Seconds): boolean;
  /**
   * Renews by what the store, the directory and the provider say of the cookie's session. Many at once for one cookie are
   * one, and nobody waits longer than a valid cookie is worth: what is down or slow leaves things as they are.
   *
   * @param cookie Valid, and the only one that was presented.
   */
  renew(cookie: DomainCookie): Promise<PassingRenewal>;
};

/** The proxy in front gives up after five seconds, and this request may pass anyway. */
const patience: Milliseconds = 2000;
/** The first answers take so long to reach the browser, at most times. */
const afterRenewal: Seconds = 10;
/** Each try with the store down would cost a request its patience. */
const afterFailure: Seconds = 30;
/** Cookies remembered at most; some hundred bytes each. */
const remembered = 10_000;

/**
 * Makes {@link RenewalsInPassing}.
 *
 * A new cookie goes to whoever shared its renewal and is then forgotten: handed out later, it could outlive a session that
 * another process ended in between.
 */
export function createRenewalsInPassing(parts: SharedParts): RenewalsInPassing {
  const { background, clock, log } = parts;
  // on Workers what began a flight may be killed, and the flight never ends
  const underWay = new LRUCache<string, Promise<PassingRenewal>>({ max: remembered, ttl: 10_000 });
  const quietUntil = new LRUCache<string, Seconds>({ max: remembered });

  const begin = async (key: string, cookie: DomainCookie): Promise<PassingRenewal> => {
    const work = renewByStore(cookie, parts);
    background?.(work);
    let renewal: PassingRenewal;
    try {
      renewal = await within(patience, work, () => new SsoError('store_unavailable', `not renewed in ${patience} ms`));
    } catch (error) {
      log.warn('not renewed in passing', { uid: cookie.uid, sid: cookie.sid }, error);
      renewal = { kind: 'unchanged', again: clock() + afterFailure };
    }
    if (renewal.kind === 'renewed') quietUntil.set(key, clock() + afterRenewal);
    if (renewal.kind === 'unchanged') quietUntil.set(key, renewal.again);
    return renewal;
  };

  return {
    isOpen: (cookie, now) => (quietUntil.get(keyOf(cookie)) ?? 0) <= now,
    async renew(cookie) {
      const key = keyOf(cookie);
      const flight =
        underWay.get(key) ??
        begin(key, cookie).finally(() => {
          underWay.delete(key);
        });
      underWay.set(key, flight);
      return await flight;
    },
  };
}

/** Whoever has the same key has shown a cookie of the same session and age. No token is remembered. */
const keyOf = ({ uid, sid, exp }: DomainCookie): string => `${sid} ${exp} ${uid}`;

async function renewByStore(cookie: DomainCookie, parts: SharedParts): Promise<PassingRenewal> {
  const { clock, config, feed, log, store, users } = parts;
  const { exp, sid, uid } = cookie;
  const now = clock();
  const session = await store.findSession(sid, now);
  if (!session) {
    feed.apply({ kind: 'session-ended', sid, until: exp + newsOutlivesSession });
    return { kind: 'ended' };
  }
  if (session.userId !== uid) {
    log.error('a domain cookie names another person than its session', { uid, sid });
    return { kind: 'ended' };
  }
  // towards the end of the session a new cookie would be no newer
  if (Math.min(now + config.cookie.lifetime, session.endsAt) <= exp)
    return { kind: 'unchanged', again: exp + newsOutlivesSession };
  const person = await users.findById(uid);
  let confirmed: Confirmed | undefined;
  try {
    confirmed = await confirmSession(session, person, parts);
  } catch (error) {
    // the directory has said so, whether or not the store could write it down
    if (person?.state !== 'active') return { kind: 'ended' };
    throw error;
  }
  if (!confirmed) return { kind: 'ended' };
  const { at, degradedSince } = confirmed;
  if (degradedSince !== undefined) return { kind: 'unchanged', again: at + afterFailure };
  const { cookie: renewed } = signRenewal(session, { ...confirmed.person, uid }, undefined, at, parts);
  return { kind: 'renewed', cookie: renewed };
}
