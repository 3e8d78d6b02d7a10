import { type SessionStateAnswer, sendToFrame } from '../frame/answer.ts';
import { readQuestion, sessionStateQuestion } from '../frame/question.ts';
import { lookForSession, type Sighting } from '../frame/sighting.ts';
import { isSessionState } from '../hand-off/session-state.ts';
import type { GatewayContext } from '../http/context.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * `POST /frame/session-state`: our frame asks whether the session goes on that an app got a `session_state` for.
 *
 * What can't be seen is an error, not a change: an app would ask for a new sign-in, and get the same again.
 *
 * @see OpenID Connect Session Management, "OP Iframe"
 */
export async function frameSessionState(c: GatewayContext, parts: SharedParts): Promise<Response> {
  return await sendToFrame(c, async () => await answer(c, parts), parts.log);
}

async function answer(c: GatewayContext, parts: SharedParts): Promise<SessionStateAnswer> {
  const { question, client } = await readQuestion(c, sessionStateQuestion, parts);
  const seen = await lookForSession(c.req.header('cookie'), client, question.has_access, parts);
  const sid = sidOf(seen);
  const origin = question.parent_origin;
  const isThisOne = sid !== undefined && isSessionState(question.session_state, { client, origin, sid });
  switch (seen.kind) {
    case 'session':
      return { state: isThisOne ? 'unchanged' : 'changed' };
    case 'monitored':
      // it knows of one session alone, which need not be the browser's present one
      return isThisOne ? { state: 'unchanged' } : { state: 'error', reason: 'storage-blocked' };
    case 'signed-out':
      return isThisOne || !seen.by ? { state: 'changed' } : { state: 'error', reason: 'storage-blocked' };
    case 'unknown':
      return { state: 'error', reason: 'storage-blocked' };
  }
}

function sidOf(seen: Sighting) {
  if (seen.kind === 'signed-out') return seen.by?.sid;
  return seen.kind === 'unknown' ? undefined : seen.session.sid;
}
