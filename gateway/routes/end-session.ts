import { failures, SsoError } from '../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../shared/navigation.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import { clientSid, type IdTokenHint, readIdTokenHint } from '../hand-off/id-token.ts';
import { type GatewayContext, headerReader } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import { type Parameters, readForm, singleParameters } from '../http/form.ts';
import type { SharedParts } from '../session/parts.ts';
import { readSession } from '../session/read.ts';
import { leave } from './leave.ts';

const longestForm = 16_384;

/**
 * `GET /end-session`: an app asks to sign the person out everywhere (OpenID Connect RP-Initiated Logout).
 *
 * An ID token that names the live session of this very browser is proof enough that the person is there and was asked, also
 * once it has expired. Whatever else comes leads to the question.
 *
 * @throws SsoError `unknown_client`, `redirect_uri_refused`: nobody is sent to an address that is not registered.
 */
export async function endSessionEndpoint(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { at, clock } = parts;
  const header = headerReader(c);
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of /end-session');
  const parameters = singleParameters(new URL(c.req.url).searchParams);
  const token = parameters.get('id_token_hint');
  const hint = token === undefined ? undefined : readIdTokenHint(token, clock(), parts);
  const returnTo = readReturn(parameters, hint, parts);
  if (!isNavigation(c.req.method, header)) return problem(c, 'not_a_navigation', failures.not_a_navigation);

  const otherwise = returnTo ?? at.url('/signed-out');
  const reading = await readSession(c.req.header('cookie'), parts);
  if (!reading) return c.redirect(otherwise, 303);
  const isThisOne =
    hint && hint.sid === clientSid(reading.session.sid, hint.client.id) && hint.sub === reading.session.userId;
  if (!isThisOne) return c.redirect(at.url('/logout', { return_to: returnTo }), 303);
  return await leave(c, returnTo, otherwise, parts);
}

/** `POST /end-session`: the same by GET (303), so that our cookies come along. */
export async function postEndSession(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const form = await readForm(c, longestForm);
  if (!form) throw new SsoError('bad_request', 'POST /end-session without a form');
  return c.redirect(`${parts.at.url('/end-session')}?${form}`, 303);
}

/** Where the app wants the person back, with its `state`; `undefined`: it doesn't say. */
function readReturn(parameters: Parameters, hint: IdTokenHint | undefined, parts: SharedParts): JudgedUrl | undefined {
  const id = parameters.get('client_id');
  if (id !== undefined && hint && hint.client.id !== id)
    throw new SsoError('unknown_client', 'client_id is not that of id_token_hint');
  const uri = parameters.get('post_logout_redirect_uri');
  if (uri === undefined) return undefined;
  const client = hint?.client ?? parts.clients.byId(id ?? '');
  if (!client) throw new SsoError('unknown_client', 'post_logout_redirect_uri of no known client');
  if (!client.postLogoutUris.includes(uri))
    throw new SsoError('redirect_uri_refused', `post_logout_redirect_uri is not one of ${client.id}`);
  const state = parameters.get('state');
  const query = state === undefined ? '' : `${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
  return parts.at.judge(uri + query);
}
