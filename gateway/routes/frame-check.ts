import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Session } from '../../shared/store/store.ts';
import { type FrameAnswer, sendToFrame } from '../frame/answer.ts';
import { type CodeQuestion, checkQuestion, readQuestion } from '../frame/question.ts';
import { isWelcome, lookForSession, mayBeHandedOff } from '../frame/sighting.ts';
import { grantedScope } from '../hand-off/claims.ts';
import { type CodeRequest, createCode } from '../hand-off/code.ts';
import { writeMonitor } from '../hand-off/monitor.ts';
import { addCookies, type GatewayContext } from '../http/context.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * How long a monitor goes on to say that its session has ended: enough for every tab of the app to hear it. After that it
 * would only hide that somebody has signed in again since.
 */
const endIsToldFor: Seconds = 60;

/**
 * `POST /frame/check`: our frame asks whether anybody is signed in, perhaps for a code. A code is given for the cross-site
 * cookie alone; a monitor cookie says that somebody is signed in, and no more.
 */
export async function frameCheck(c: GatewayContext, parts: SharedParts): Promise<Response> {
  return await sendToFrame(c, async () => await answer(c, parts), parts.log);
}

async function answer(c: GatewayContext, parts: SharedParts): Promise<FrameAnswer> {
  const { clock, keyring, names } = parts;
  const { question, client } = await readQuestion(c, checkQuestion, parts);
  const wanted = question.want === 'code' ? readCodeRequest(question, client) : undefined;
  const seen = await lookForSession(c.req.header('cookie'), client, question.has_access, parts);
  switch (seen.kind) {
    case 'unknown':
      return { state: 'unknown', reason: 'storage-blocked' };
    case 'signed-out':
      if (seen.by && !seen.by.told) {
        const now = clock();
        const told = { ...seen.by, told: true } as const;
        addCookies(c, [await writeMonitor(told, names.monitor, keyring.sealing, now, now + endIsToldFor)]);
      }
      return { state: 'signed-out' };
    case 'monitored':
      if (!(await isWelcome(seen.session, parts))) return { state: 'signed-out' };
      return { state: 'signed-in', ...(wanted && { reason: 'storage-blocked' }) };
    case 'session':
      if (wanted) return await handOff(wanted, seen.session, parts);
      return { state: (await isWelcome(seen.session, parts)) ? 'signed-in' : 'signed-out' };
  }
}

/** @throws SsoError `redirect_uri_refused`, `scope_refused` */
function readCodeRequest(question: CodeQuestion, client: ClientConfig): CodeRequest {
  const { redirect_uri: redirectUri, code_challenge: challenge, nonce, parent_origin: origin } = question;
  if (!client.redirectUris.includes(redirectUri) || new URL(redirectUri).origin !== origin)
    throw new SsoError('redirect_uri_refused', `not one of ${client.id} on the page's own origin`);
  const scope = grantedScope(question.scope ?? 'openid');
  if (scope === undefined) throw new SsoError('scope_refused', 'no openid');
  return { client, redirectUri, challenge, scope, nonce };
}

async function handOff(wanted: CodeRequest, session: Session, parts: SharedParts): Promise<FrameAnswer> {
  if (!(await mayBeHandedOff(session, parts))) return { state: 'signed-out' };
  const code = await createCode(wanted, session.sid, parts.clock(), parts);
  parts.log.info('code given', { client: wanted.client.id, uid: session.userId, to: 'frame' });
  return { state: 'signed-in', code };
}
