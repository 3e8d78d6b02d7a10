import type { DomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { isNavigation, isPrefetch, isPreflight } from '../../shared/navigation.ts';
import { createAddresses } from './addresses.ts';
import { type Answer, problem, redirect, refusal, withCookies } from './answer.ts';
import { createCookieReader } from './cookie-reader.ts';
import { type Decision, handleBy, headersBeside, type SignedIn, type SsoFilter } from './decision.ts';
import type { Incoming } from './incoming.ts';
import { createLocalSessions } from './local-session.ts';
import { type AutoLoginOptions, checkOptions } from './options.ts';
import { personOf } from './person.ts';
import { isPublicPath } from './public-paths.ts';
import { refuseSocket } from './web-socket.ts';

export type { Answer } from './answer.ts';
export type { Decision, Outcome, SignedIn, SignedOut, SsoFilter } from './decision.ts';
export { createHandOff, type HandOff } from './hand-off/hand-off.ts';
export { createMemoryLogoutStore, type LogoutStore } from './hand-off/logout-store.ts';
export type { HandOffOptions } from './hand-off/options.ts';
export type { Body, Incoming } from './incoming.ts';
export type { AutoLoginOptions } from './options.ts';
export { hasPermission, hasRole, type Person } from './person.ts';

/** The filter of one app. */
export type AutoLogin = SsoFilter & {
  /** Link that signs in and returns to a path of this app, or to an absolute URL. Default: the app's root. */
  signInUrl(returnTo?: string): string;
  /**
   * Address that signs out of everything, then returns as {@link signInUrl} does. As the `action` of a form with
   * `method="post"` it does so at once; followed as a link it asks first.
   */
  signOutUrl(returnTo?: string): string;
};

/**
 * Makes the filter that an app on a subdomain installs: whoever is signed in at the gateway is signed in here.
 *
 * | domain cookie | a person's navigation | anything else |
 * |---|---|---|
 * | valid | carries on; the local session is started or kept | the same |
 * | expired | 302 to the gateway's `/refresh` | 401 with `login` and `refresh` |
 * | two different valid ones | local session dropped, 302 to `/refresh` | local session dropped, 401 likewise |
 * | none | local session dropped, 302 to `/login` | local session dropped, 401 with `login` |
 *
 * The app's local session never counts alone, nor beside a domain cookie of another sign-in: a sign-out at one app is at
 * once a sign-out at all. A prefetch is never bounced (503). The gateway counts bounces, the app does not.
 *
 * Nothing is asked of the gateway per request. Its keys are fetched with the first cookie and again every ten minutes;
 * while it is down the last ones serve for a day.
 *
 * @throws SsoError `config_invalid` that lists every mistake in the options.
 * @example
 * const sso = createAutoLogin({ gateway: 'https://auth.acme.com', url: 'https://notes.acme.com', secret })
 * const outcome = await sso.handle(request)
 * if (outcome.kind === 'respond') return outcome.response
 */
export function createAutoLogin(options: AutoLoginOptions): AutoLogin {
  const settings = checkOptions(options);
  const { clock, onSignIn } = settings;
  const addresses = createAddresses(settings.gateway, settings.url);
  const { origin } = new URL(settings.url);
  const sessions = createLocalSessions(settings.secret, settings.url, settings.cookieName);
  const readCookie = createCookieReader(settings, addresses.jwks);

  async function decide(incoming: Incoming): Promise<Decision> {
    const challengeFor = (kind: 'none' | 'expired' | 'conflict') => challenge(incoming, kind);
    if (isPreflight(incoming.method, incoming.header)) {
      return { kind: 'signed-out', cookies: [], headers: [], challenge: () => challengeFor('none') };
    }
    const isOptional = () => settings.optional || isPublicPath(incoming.target, settings.publicPaths);
    const refused = refuseSocket(incoming, origin, isOptional);
    if (refused) return refused;
    const header = incoming.header('cookie');
    const now = clock();
    const reading = await readCookie(header, now);
    if (reading.kind === 'valid') return await signedIn(reading.cookie, header, now);

    const refuse = () =>
      reading.kind === 'unavailable' ? refusal('provider_unavailable', incoming) : challengeFor(reading.kind);
    const drops = (reading.kind === 'none' || reading.kind === 'conflict') && sessions.sent(header);
    const cookies = drops ? [sessions.clear()] : [];
    if (isOptional()) return { kind: 'signed-out', cookies, headers: headersBeside(cookies), challenge: refuse };
    return { kind: 'respond', answer: isPrefetch(incoming.header) ? refuse() : withCookies(refuse(), cookies) };
  }

  async function signedIn(cookie: DomainCookie, header: string | undefined, now: number): Promise<SignedIn> {
    const { uid: sub, sid, exp } = cookie;
    const person = personOf(cookie);
    const session = sessions.read(header, now);
    const known = session?.sid === sid && session.sub === sub;
    if (!known) await onSignIn?.(person);
    // a renewed domain cookie takes the session along
    const cookies = known && session.exp === exp ? [] : [sessions.write({ sid, sub, exp }, now)];
    return { kind: 'signed-in', person, sid, cookies, headers: headersBeside(cookies, 'private, no-cache') };
  }

  function challenge(incoming: Incoming, kind: 'none' | 'expired' | 'conflict'): Answer {
    if (isPrefetch(incoming.header)) return problem('prefetch_refused');
    const returnTo = addresses.returnFrom(incoming);
    const login = addresses.signIn(returnTo);
    const refresh = addresses.refresh(returnTo);
    if (isNavigation(incoming.method, incoming.header)) return redirect(kind === 'none' ? login : refresh);
    return kind === 'none' ? problem('not_signed_in', { login }) : problem('session_expired', { login, refresh });
  }

  return {
    decide,
    handle: handleBy(decide),
    signInUrl: (returnTo) => addresses.signIn(addresses.returnTo(returnTo)),
    signOutUrl: (returnTo) => addresses.signOut(addresses.returnTo(returnTo)),
  };
}
