import { SsoError } from '../../shared/errors.ts';
import { isPrefetch } from '../../shared/navigation.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import { readForm, singleParameters } from '../http/form.ts';
import { requestOrigin } from '../http/same-origin.ts';
import { sessionsPage } from '../pages/sessions.ts';
import { endOtherSessions, endSession } from '../session/end.ts';
import type { SharedParts } from '../session/parts.ts';
import { readSession } from '../session/read.ts';
import { renewSession } from '../session/renew.ts';

const longestForm = 1024;

/** `GET /sessions`: where somebody is signed in. */
export async function sessions(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { at, clock, config, providers, store } = parts;
  if (isPrefetch(headerReader(c))) throw new SsoError('prefetch_refused', 'prefetch of the list of sessions');
  c.set('retry', at.url('/sessions'));
  const renewal = await renewSession(c.req.header('cookie'), parts);
  if (!renewal) return c.redirect(at.url('/login', { return_to: at.url('/sessions') }), 302);
  addCookies(c, [renewal.cookie]);
  const now = clock();
  const all = await store.sessionsOf(renewal.person.uid, now);
  // so that the page's policy names where the sign-out leads
  await Promise.all([...providers.values()].map((provider) => provider.reachable()));
  return c.html(await sessionsPage({ base: config.publicUrl, sessions: all, current: renewal.session.sid, now }));
}

/**
 * `POST /sessions/end`: ends one session of the person (`sid`), or all but this browser's (`others`). Takes posts of our own
 * page alone. This browser's own session goes the way of signing out, which clears its cookies too.
 *
 * @throws SsoError `session_unknown`: not a live session of this person; whose else it may be, nobody is told.
 */
export async function endSessions(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { at, clock, store } = parts;
  if (requestOrigin(headerReader(c), at.origin, () => false) !== 'own')
    throw new SsoError('cross_site_refused', 'the end of sessions posted by another site');
  const back = at.url('/sessions');
  c.set('retry', back);
  const posted = await readForm(c, longestForm);
  if (!posted) throw new SsoError('bad_request', 'no form');
  const form = singleParameters(posted);
  const sid = form.get('sid');
  const others = form.get('others');
  if ((sid === undefined) === (others === undefined)) throw new SsoError('bad_request', 'neither, or both');
  const reading = await readSession(c.req.header('cookie'), parts);
  if (!reading) return c.redirect(at.url('/login', { return_to: back }), 303);
  const { session } = reading;

  if (sid === undefined) {
    await endOtherSessions(session, parts);
    return c.redirect(back, 303);
  }
  if (sid === session.sid) return c.redirect(at.url('/logout'), 303);
  const named = (await store.sessionsOf(session.userId, clock())).find((one) => one.sid === sid);
  if (!named) throw new SsoError('session_unknown', 'not a live session of this person');
  await endSession(named, 'logout', parts);
  return c.redirect(back, 303);
}
