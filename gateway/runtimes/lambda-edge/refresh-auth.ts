import type { DomainCookie } from '../../../shared/cookies/domain-cookie.ts';
import { startAttempt } from '../../../shared/cookies/login-attempt.ts';
import { SsoError } from '../../../shared/errors.ts';
import { readJwks, readPrivateJwk, type SigningKey, type VerificationKeys } from '../../../shared/keys/signing.ts';
import { isNavigation } from '../../../shared/navigation.ts';
import type { JudgedUrl } from '../../../shared/return-url.ts';
import type { CookiePerson } from '../../session/start.ts';
import { redirect } from './answer.ts';
import type { EdgeDeps } from './deps.ts';
import type { CloudFrontResponse, RequestHandler } from './event.ts';
import type { SigningSettings } from './settings.ts';
import { clearSession, createSiteHandler, returnAutomatically, type Site, type SiteRequest } from './site.ts';
import { readSiteCookie, siteCookies } from './site-cookie.ts';
import { personOf, stateWho } from './site-person.ts';
import { readSiteSession, type SiteSession, writeSiteSession } from './site-session.ts';

type Keys = { readonly sign: SigningKey; readonly verify: VerificationKeys };

/**
 * refresh_auth: `?return_to=URL[&prompt=login]`. Renews a session at the provider and goes back to the page; without a
 * session that can be renewed it begins a sign-in there. Of the five it is the one that begins sign-ins, for that takes a
 * secret, and check_auth has none.
 *
 * Only the sealed session renews; a signed statement alone, perhaps a stolen one, renews nothing.
 */
export function createRefreshAuth(settings: SigningSettings, deps: EdgeDeps): RequestHandler {
  const keys = { sign: readPrivateJwk(settings.signing), verify: readJwks(settings.jwks, ['ES256']) };
  return createSiteHandler(settings, deps, async (asked, site) => {
    const { request, header, parameters, retryAt } = asked;
    const returnTo = site.judge(parameters.get('return_to') ?? site.url('/'));
    const prompt = parameters.get('prompt') ?? undefined;
    if (prompt !== undefined && prompt !== 'login') throw new SsoError('bad_request', 'unknown prompt');
    if (!isNavigation(request.method, header)) throw new SsoError('not_a_navigation', 'not a top-level navigation');
    retryAt(site.url(settings.paths.refresh, { return_to: returnTo, prompt }));
    // with `prompt=login` the session stays until another one takes its place
    const renewal = prompt === undefined ? await renew(asked, site, keys) : 'stays';
    return typeof renewal === 'string'
      ? await begin(returnTo, prompt, renewal, asked, site)
      : await returnAutomatically(returnTo, renewal, asked, site);
  });
}

/** Sends the browser to the provider. What it still has of a session that is over goes. */
async function begin(
  returnTo: JudgedUrl,
  prompt: string | undefined,
  session: 'stays' | 'over',
  { header, now }: SiteRequest,
  { provider, sealing }: Site,
): Promise<CloudFrontResponse> {
  const cookies = header('cookie');
  const request = provider.newRequest();
  const location = await provider.authorizationUrl(request, prompt === undefined ? {} : { prompt });
  const attempt = { provider: provider.config.id, returnTo, ...request };
  const started = await startAttempt(attempt, cookies, siteCookies.loginPrefix, sealing, now);
  return redirect(location, { cookies: [...started, ...(session === 'over' ? clearSession(cookies) : [])] });
}

/**
 * `Set-Cookie` values of a renewed session. `over`: there is none, or the provider's answer was final. `stays`: the
 * provider gave nothing to renew it with; a link from elsewhere must not end what it has left.
 *
 * @throws SsoError `provider_unavailable`, or `account_unknown` where the provider now says that it is nobody
 */
async function renew(asked: SiteRequest, site: Site, keys: Keys): Promise<readonly string[] | 'over' | 'stays'> {
  const { settings, provider, sealing, log } = site;
  const session = await readSiteSession(asked.header('cookie'), sealing, asked.now);
  if (session === undefined) return 'over';
  if (session.refreshToken === undefined) return 'stays';
  const statement = statementOf(session, asked, site, keys);
  let answer: Awaited<ReturnType<typeof provider.refresh>>;
  try {
    answer = await provider.refresh(session.refreshToken, { provider: provider.config.id, subject: session.subject });
  } catch (error) {
    return [renewWithoutProvider(session, statement, error, asked, site, keys)];
  }
  if (answer === 'ended') {
    log.info('session ended by the provider', { sid: session.sid });
    return 'over';
  }
  const person = answer.claims
    ? personOf({ ...knownOf(statement), ...answer.claims }, session.subject, settings.provider)
    : statement && personIn(statement);
  // another row than before: whoever that is signs in
  if (person?.uid !== session.uid) return 'over';
  const renewed = {
    ...session,
    ...(answer.refreshToken === undefined ? {} : { refreshToken: answer.refreshToken }),
    ...(answer.idToken === undefined || session.idToken === undefined ? {} : { idToken: answer.idToken }),
  };
  return [
    await writeSiteSession(renewed, sealing, asked.now),
    stateWho(person, session, settings, keys.sign, asked.now),
  ];
}

/** A short statement while the provider is down, for whoever shows an earlier one of the same session. */
function renewWithoutProvider(
  session: SiteSession,
  statement: DomainCookie | undefined,
  cause: unknown,
  { now }: SiteRequest,
  { settings, log }: Site,
  keys: Keys,
): string {
  const { outageLimit } = settings.session;
  // whoever comes back late has used up a part of the hour: else keeping an old cookie would stretch it
  const since = statement?.degradedSince ?? Math.min(now, statement?.exp ?? now);
  if (!statement || now - since > outageLimit || now - statement.exp > outageLimit)
    throw cause instanceof SsoError ? cause : new SsoError('provider_unavailable', 'nothing to renew from', { cause });
  log.warn('renewing without the provider', { sid: session.sid }, cause);
  return stateWho(personIn(statement), session, settings, keys.sign, now, since);
}

/** The statement of the same session, perhaps expired. */
function statementOf(
  session: SiteSession,
  { header, now }: SiteRequest,
  { settings }: Site,
  keys: Keys,
): DomainCookie | undefined {
  const reading = readSiteCookie(header('cookie'), settings.site, keys.verify, now);
  if (reading.kind !== 'valid' && reading.kind !== 'expired') return undefined;
  const { cookie } = reading;
  return cookie.sid === session.sid && cookie.uid === session.uid ? cookie : undefined;
}

/** Email and name that a provider may put into the first ID token alone. */
const knownOf = (statement: DomainCookie | undefined): Readonly<Record<string, unknown>> => ({
  ...(statement?.email === undefined ? {} : { email: statement.email }),
  ...(statement?.name === undefined ? {} : { name: statement.name }),
});

function personIn({ uid, email, name, roles, permissions, permissionVersion }: DomainCookie): CookiePerson {
  return {
    uid,
    permissionVersion,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
    ...(roles === undefined ? {} : { roles }),
    ...(permissions === undefined ? {} : { permissions }),
  };
}
