import { SsoError } from '../../../shared/errors.ts';
import { isNavigation, isPrefetch, isPreflight } from '../../../shared/navigation.ts';
import { createAddresses } from '../addresses.ts';
import { type Answer, problem, refusal, withCookies } from '../answer.ts';
import { type Decision, handleBy, headersBeside, type SsoFilter } from '../decision.ts';
import type { Incoming } from '../incoming.ts';
import { isPublicPath } from '../public-paths.ts';
import { refuseSocket } from '../web-socket.ts';
import { createAppSessions, personOf } from './app-session.ts';
import { createEndings } from './endings.ts';
import { findEndpoint, runEndpoint } from './endpoints.ts';
import { createGatewayTokens } from './gateway-tokens.ts';
import { checkHandOffOptions, type HandOffOptions } from './options.ts';
import type { Parts } from './parts.ts';
import { createReturnPaths } from './return-path.ts';
import { createSealing } from './sealing.ts';
import { createSignIn } from './sign-in.ts';

/** The filter of one app on a domain of its own. */
export type HandOff = SsoFilter & {
  /** As for every filter. Where a sign-out that began here ends is fixed by `postLogoutPath`. */
  signOutUrl(): string;
};

/**
 * Makes the filter that an app on a domain of its own installs: whoever is signed in at the gateway is signed in here, and
 * whoever signs out anywhere is signed out here.
 *
 * | local session | a person's navigation | anything else |
 * |---|---|---|
 * | live | carries on | the same |
 * | none, over, or ended anywhere | 302 to the gateway, which sends back to the same page | 401 with `login` |
 * | the logout store can't be asked | 503 | 503 |
 *
 * Nothing is asked of the gateway per request, and the app's own logout store is asked about every session. The local
 * session ends with the gateway's, at the latest; what it says of roles and permissions is as old as the session. A
 * prefetch is never bounced (503). The gateway counts bounces, the app does not.
 *
 * Below `base` it answers itself: what a sign-in, a sign-out and the browser script need.
 *
 * @throws SsoError `config_invalid` that lists every mistake in the options.
 * @example
 * const sso = createHandOff({ gateway: 'https://auth.acme.com', url: 'https://www.globex.com', clientId: 'globex', clientSecret, secret, logoutStore })
 * const outcome = await sso.handle(request)
 * if (outcome.kind === 'respond') return outcome.response
 */
export function createHandOff(options: HandOffOptions): HandOff {
  const settings = checkHandOffOptions(options);
  const { base, clock, gateway, url } = settings;
  const { origin } = new URL(url);
  const addresses = createAddresses(gateway, url);
  const paths = createReturnPaths(url, base);
  const bound = [url, gateway, settings.clientId, settings.cookieName];
  const sealingFor = (purpose: string) => createSealing(settings.secret, purpose, bound);
  const sessions = createAppSessions(sealingFor('session'), settings.cookieName);
  const endings = createEndings(settings);
  const tokens = createGatewayTokens(settings);
  const signIn = createSignIn(settings, sealingFor, tokens, endings);

  const parts: Parts = {
    settings,
    origin,
    sessions,
    endings,
    tokens,
    signIn,
    paths,
    async readSession(header) {
      const session = sessions.read(header, clock());
      if (!session) return { kind: 'none', drop: sessions.sent(header) };
      try {
        return (await endings.isEnded(session)) ? { kind: 'none', drop: true } : { kind: 'live', session };
      } catch (error) {
        if (error instanceof SsoError && error.code === 'store_unavailable') return { kind: 'unavailable' };
        throw error;
      }
    },
  };

  const login = (returnTo: string) =>
    `${url}${base}/login?${new URLSearchParams({ return_to: paths.pathOf(returnTo) })}`;

  function challenge(incoming: Incoming): Answer {
    if (isPrefetch(incoming.header)) return problem('prefetch_refused');
    const returnTo = addresses.returnFrom(incoming);
    if (!isNavigation(incoming.method, incoming.header)) return problem('not_signed_in', { login: login(returnTo) });
    return signIn.begin(returnTo, false, incoming.header('cookie'), clock());
  }

  async function decide(incoming: Incoming): Promise<Decision> {
    const endpoint = findEndpoint(incoming, parts);
    if (endpoint) return { kind: 'respond', answer: await runEndpoint(endpoint, incoming, parts) };
    if (isPreflight(incoming.method, incoming.header))
      return { kind: 'signed-out', cookies: [], headers: [], challenge: () => challenge(incoming) };
    const isOptional = () => settings.optional || isPublicPath(incoming.target, settings.publicPaths);
    const refused = refuseSocket(incoming, origin, isOptional);
    if (refused) return refused;

    const reading = await parts.readSession(incoming.header('cookie'));
    if (reading.kind === 'live') {
      const headers = headersBeside([], 'private, no-cache');
      const { session } = reading;
      return { kind: 'signed-in', person: personOf(session), sid: session.claims.sid, cookies: [], headers };
    }
    const refuse = () =>
      reading.kind === 'unavailable' ? refusal('store_unavailable', incoming) : challenge(incoming);
    const cookies = reading.kind === 'none' && reading.drop ? [sessions.clear()] : [];
    if (isOptional()) return { kind: 'signed-out', cookies, headers: headersBeside(cookies), challenge: refuse };
    return { kind: 'respond', answer: isPrefetch(incoming.header) ? refuse() : withCookies(refuse(), cookies) };
  }

  return {
    decide,
    handle: handleBy(decide),
    signInUrl: (returnTo) => login(addresses.returnTo(returnTo)),
    signOutUrl: () => `${url}${base}/logout`,
  };
}
