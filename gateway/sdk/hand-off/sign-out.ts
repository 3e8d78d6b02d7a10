import { SsoError } from '../../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../../shared/navigation.ts';
import { type Answer, done, json, redirect, withCookies } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import type { AppSession } from './app-session.ts';
import { readLogoutToken } from './logout-token.ts';
import type { Parts } from './parts.ts';
import { readPosted } from './posted.ts';

const longestForm = 16_384;
const longestToken = 8192;

/** `POST …/end`: ends the session here alone. */
export async function end(incoming: Incoming, { endings, sessions, settings }: Parts): Promise<Answer> {
  const session = sessions.read(incoming.header('cookie'), settings.clock());
  if (session) await endings.endHere(session);
  return withCookies(done(204), [sessions.clear()]);
}

/** `POST …/logout` of the app's own page: ends the session here, and sends the person to end it everywhere. */
export async function logout(incoming: Incoming, { endings, sessions, settings }: Parts): Promise<Answer> {
  const session = sessions.read(incoming.header('cookie'), settings.clock());
  if (session) {
    try {
      await endings.endHere(session);
    } catch (error) {
      // who wants to leave is not held up: the gateway will tell the store as soon as it is back
      if (!(error instanceof SsoError && error.code === 'store_unavailable')) throw error;
    }
  }
  return withCookies(redirect(endSession(session, settings), 303), [sessions.clear()]);
}

/** `GET …/logout`, or a post of nobody knows which page: nothing ends before the gateway has asked. */
export function askToLogOut(incoming: Incoming, { settings }: Parts): Answer {
  if (isPrefetch(incoming.header)) throw new SsoError('prefetch_refused', 'prefetch of logout');
  if (incoming.method === 'GET' && !isNavigation(incoming.method, incoming.header))
    throw new SsoError('not_a_navigation', 'logout');
  return redirect(endSession(undefined, settings), 303);
}

/**
 * `POST …/backchannel-logout`: the gateway says that a session has ended. It needs no cookie and no page: the token shows who
 * sent it.
 *
 * A session that nobody here knows is remembered as well, for it may be on its way.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export async function backchannelLogout(incoming: Incoming, { endings, settings, tokens }: Parts): Promise<Answer> {
  const posted = await readPosted(incoming, 'application/x-www-form-urlencoded', longestForm);
  const token = posted?.('logout_token');
  if (token === undefined || token.length > longestToken) return refused('logout_token is missing');
  const now = settings.clock();
  const read = await readLogoutToken(token, now, tokens);
  if ('wrong' in read) return refused(`logout_token: ${read.wrong}`);
  return (await endings.endAll(read.sid, read.jti, now)) ? done(200) : refused('logout_token: jti came before');
}

const refused = (description: string): Answer =>
  json({ error: 'invalid_request', error_description: description }, 400);

/** OpenID Connect RP-Initiated Logout 1.0 §2. */
function endSession(session: AppSession | undefined, { clientId, gateway, postLogoutUri }: Parts['settings']): string {
  const query = new URLSearchParams({
    client_id: clientId,
    ...(session?.idToken !== undefined && { id_token_hint: session.idToken }),
    ...(postLogoutUri !== undefined && { post_logout_redirect_uri: postLogoutUri }),
  });
  return `${gateway}/end-session?${query}`;
}
