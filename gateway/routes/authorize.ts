import type { Seconds } from '../../shared/clock.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../shared/navigation.ts';
import {
  type AuthorizationRequest,
  answerUrl,
  type ReturnAddress,
  readAuthorizationRequest,
  readReturnAddress,
} from '../hand-off/authorization-request.ts';
import { createCode } from '../hand-off/code.ts';
import { readIdTokenHint } from '../hand-off/id-token.ts';
import { assertResumable, type Resumed, readResumed, readResumeUrl, resumeUrl } from '../hand-off/resume.ts';
import { newSessionState } from '../hand-off/session-state.ts';
import { addCookies, type GatewayContext, headerReader, requestId } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import { readForm } from '../http/form.ts';
import { asSsoError, oauthError } from '../http/oauth-error.ts';
import type { Parts, SharedParts } from '../session/parts.ts';
import { type Renewal, renewSession } from '../session/renew.ts';
import { returnAutomatically } from './return.ts';

const longestForm = 8192;

/**
 * `GET /authorize`: hands the person over to an app by a code, through `/login` and back where nobody is signed in.
 *
 * An error is for the app to hear only where app and redirect URI are known good; before that a person sees a page. Each
 * answer for which nobody did anything counts as an automatic return.
 *
 * @see OpenID Connect Core §3.1.2, RFC 9207
 */
export async function authorize(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const header = headerReader(c);
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of /authorize');
  const all = new URL(c.req.url).searchParams;
  const to = readReturnAddress(all, parts.clients);
  if (!isNavigation(c.req.method, header)) return problem(c, 'not_a_navigation', failures.not_a_navigation);
  let request: AuthorizationRequest;
  try {
    request = readAuthorizationRequest(all, to);
    assertResumable(request, parts);
  } catch (error) {
    return await refuse(c, to, error, parts);
  }
  try {
    return await answer(c, request, all.get('resume'), parts);
  } catch (error) {
    // a page would help nobody where none may be shown, or where only the app can go on
    const isForApp = request.prompt === 'none' || (error instanceof SsoError && error.code === 'login_required');
    if (isForApp) return await refuse(c, to, error, parts);
    throw error;
  }
}

/**
 * `POST /authorize`: the same by GET (303). Only so do our cookies come along, if another site's form was sent.
 */
export async function postAuthorize(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const form = await readForm(c, longestForm);
  if (!form) throw new SsoError('bad_request', 'POST /authorize without a form');
  return c.redirect(`${parts.at.url('/authorize')}?${form}`, 303);
}

/**
 * Tells the app that a sign-in which it asked for came to nothing (OpenID Connect Core §3.1.2.6).
 *
 * @param returnTo Where that sign-in would have led.
 * @returns `undefined`: no app asked for it, and the person has to be told.
 */
export async function refuseResumed(
  c: GatewayContext,
  returnTo: string,
  error: SsoError,
  parts: Parts,
): Promise<Response | undefined> {
  const request = await readResumeUrl(returnTo, parts);
  return request && (await refuse(c, request, error, parts));
}

async function answer(
  c: GatewayContext,
  request: AuthorizationRequest,
  resume: string | null,
  parts: SharedParts,
): Promise<Response> {
  const now = parts.clock();
  const resumed = await readResumed(resume, request, parts);
  const sub = resumed ? resumed.sub : hintedSub(request, now, parts);
  c.set('retry', await resumeUrl(request, sub, parts));
  const renewal = await renewSession(c.req.header('cookie'), parts);
  const missing = whatIsMissing(request, renewal, resumed, sub, now);
  if (missing !== undefined) {
    if (request.prompt === 'none' || resumed) throw new SsoError('login_required', missing);
    const login = parts.at.url('/login', {
      return_to: c.get('retry'),
      // the provider may know who isn't signed in here, and need not ask; unless it matters when it did
      prompt: renewal || request.prompt === 'login' || request.maxAge !== undefined ? 'login' : undefined,
      login_hint: request.loginHint,
    });
    return c.redirect(login, 302);
  }
  if (!renewal) throw new SsoError('internal', 'nobody is signed in, and nothing was missing');
  addCookies(c, [renewal.cookie]);
  const code = await createCode(request, renewal.session.sid, now, parts);
  const { client, redirectUri } = request;
  const at = { client, origin: new URL(redirectUri).origin, sid: renewal.session.sid };
  const url = answerUrl(request, parts.config.publicUrl, { code, session_state: newSessionState(at) });
  parts.log.info('code given', { client: request.client.id, uid: renewal.person.uid });
  // somebody who has just signed in did something
  if (resumed && renewal.session.authTime >= resumed.startedAt) return c.redirect(url, 302);
  return await returnAutomatically(c, url, [], parts, wayOn(request));
}

/** Whom it has to be. A hint that isn't one of our tokens says nothing. */
function hintedSub({ idTokenHint, client }: AuthorizationRequest, now: Seconds, parts: Parts): string | undefined {
  const hint = idTokenHint === undefined ? undefined : readIdTokenHint(idTokenHint, now, parts);
  return hint?.client === client ? hint.sub : undefined;
}

/** Why somebody has to sign in before this request can be granted; `undefined`: it can be. */
function whatIsMissing(
  { prompt, maxAge }: AuthorizationRequest,
  renewal: Renewal | undefined,
  resumed: Resumed | undefined,
  sub: string | undefined,
  now: Seconds,
): string | undefined {
  if (!renewal) return 'nobody is signed in';
  if (sub !== undefined && renewal.person.uid !== sub) return 'somebody else is signed in';
  const { authTime } = renewal.session;
  // the provider's word on when it asked, not that we sent somebody there: it may have asked nobody
  if (resumed && authTime >= resumed.startedAt) return undefined;
  if (prompt === 'login') return 'not signed in afresh';
  if (maxAge !== undefined && now - authTime > maxAge) return 'signed in too long ago';
  return undefined;
}

/** Tells the app what is wrong. */
async function refuse(c: GatewayContext, to: ReturnAddress, thrown: unknown, parts: Parts): Promise<Response> {
  const error = asSsoError(thrown);
  const fields = { requestId: requestId(c), client: to.client.id, code: error.code, reason: error.reason };
  if (error.failure.status >= 500) parts.log.error('hand-off failed', fields, error.cause ?? error);
  else parts.log.info('hand-off refused', fields);
  return await returnAutomatically(c, answerUrl(to, parts.config.publicUrl, oauthError(error)), [], parts, wayOn(to));
}

const wayOn = ({ client }: ReturnAddress) => ({ href: client.home, label: `Go to ${client.name}` });
