import { createHash } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { newSessionId } from '../../../shared/cookies/host-session.ts';
import { attemptLifetime, endAttempt, findAttempt } from '../../../shared/cookies/login-attempt.ts';
import { SsoError } from '../../../shared/errors.ts';
import { readPrivateJwk } from '../../../shared/keys/signing.ts';
import { redirect } from './answer.ts';
import type { EdgeDeps } from './deps.ts';
import type { RequestHandler } from './event.ts';
import type { SigningSettings } from './settings.ts';
import { createSiteHandler, returnAutomatically } from './site.ts';
import { siteCookies } from './site-cookie.ts';
import { personOf, stateWho } from './site-person.ts';
import { readSiteSession, writeSiteSession } from './site-session.ts';

/** Longest callback query that is read, in characters. */
const longestQuery = 8192;

/**
 * parse_auth: finishes a sign-in that this browser began: state, code, ID token; then two cookies, and back to the page.
 *
 * An attempt counts once: its cookie is gone with the first answer, this sandbox remembers its state, and of two answers
 * at different places the provider takes the code of one.
 */
export function createParseAuth(settings: SigningSettings, deps: EdgeDeps): RequestHandler {
  const key = readPrivateJwk(settings.signing);
  const claimOnce = createMemory();
  return createSiteHandler(settings, deps, async (asked, site) => {
    const { request, header, parameters, now, keep, retryAt } = asked;
    const { provider, sealing } = site;
    // HEAD is safe (RFC 9110 §9.2.1), and the answer is good for once
    if (request.method !== 'GET') throw new SsoError('method_not_allowed', `${request.method} of the callback`);
    const [state, another] = parameters.getAll('state');
    if (request.querystring.length > longestQuery || state === undefined || another !== undefined)
      throw new SsoError('login_attempt_invalid', 'state is missing or there twice');
    const cookies = header('cookie');
    const attempt = await findAttempt(state, cookies, siteCookies.loginPrefix, sealing, now);
    if (!attempt || attempt.provider !== provider.config.id)
      throw new SsoError('login_attempt_missing', 'no attempt of this browser has that state');
    const returnTo = site.judge(attempt.returnTo);
    retryAt(returnTo);
    if (!claimOnce(state, now)) throw new SsoError('login_attempt_used', 'this state was answered before');
    const ended = endAttempt(state, siteCookies.loginPrefix);
    keep([ended]);
    retryAt(site.url(settings.paths.refresh, { return_to: returnTo, prompt: 'login' }));

    const answer = await provider.exchange(parameters, attempt);
    const person = personOf(answer.claims ?? {}, answer.identity.subject, settings.provider);
    const before = await readSiteSession(cookies, sealing, now);
    if (before?.refreshToken !== undefined) await provider.revoke(before.refreshToken);

    const session = {
      sid: newSessionId(),
      uid: person.uid,
      subject: answer.identity.subject,
      authTime: Math.min(answer.authTime ?? now, now),
      endsAt: now + settings.session.lifetime,
      ...(answer.refreshToken === undefined ? {} : { refreshToken: answer.refreshToken }),
      ...(answer.idToken === undefined || provider.config.kind === 'cognito' ? {} : { idToken: answer.idToken }),
    };
    const started = [
      ended,
      await writeSiteSession(session, sealing, now),
      stateWho(person, session, settings, key, now),
    ];
    site.log.info('signed in', { uid: person.uid, sid: session.sid });
    // who has just typed a password did something; a provider that only remembered them makes for a loop
    const interactive = answer.authTime !== undefined && answer.authTime >= attempt.iat;
    return interactive ? redirect(returnTo, { cookies: started }) : returnAutomatically(returnTo, started, asked, site);
  });
}

/** Remembers by hash which states were answered here; the oldest are forgotten first. */
function createMemory(): (state: string, now: Seconds) => boolean {
  const used = new Map<string, Seconds>();
  return (state, now) => {
    for (const [old, until] of used) if (until <= now || used.size > 1000) used.delete(old);
    const hash = createHash('sha256').update(state).digest('base64url');
    if (used.has(hash)) return false;
    used.set(hash, now + attemptLifetime);
    return true;
  };
}
