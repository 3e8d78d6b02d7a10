import { type FailureCode, SsoError } from '../../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../../shared/navigation.ts';
import { type Answer, json, redirect, refusal, withCookies } from '../answer.ts';
import { type Incoming, pathAndQuery } from '../incoming.ts';
import type { AppSession } from './app-session.ts';
import type { Attempt, Attempts } from './attempts.ts';
import type { Parts } from './parts.ts';
import { readPosted } from './posted.ts';
import { sessionView } from './session-view.ts';

/** What a silent try may be told, and nobody has to hear (OpenID Connect Core §3.1.2.6, RFC 6749 §4.1.2.1). */
const quiet = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'temporarily_unavailable',
];
const spoken: Readonly<Record<string, FailureCode>> = {
  access_denied: 'login_cancelled',
  temporarily_unavailable: 'provider_unavailable',
};
const longestBody = 4096;

/** `GET …/callback`: the gateway's answer to a redirect. */
export async function callback(incoming: Incoming, parts: Parts): Promise<Answer> {
  const { origin, settings, signIn } = parts;
  if (isPrefetch(incoming.header)) throw new SsoError('prefetch_refused', 'prefetch of the callback');
  if (!isNavigation(incoming.method, incoming.header)) throw new SsoError('not_a_navigation', 'callback');
  const query = new URLSearchParams(pathAndQuery(incoming.target, origin).query);
  const one = (name: string): string | undefined => {
    const [value, another] = query.getAll(name);
    if (another !== undefined) throw new SsoError('login_attempt_invalid', `${name} is there twice`);
    return value;
  };
  const attempt = signIn.redirects.find(one('state') ?? '', incoming.header('cookie'), settings.clock());
  if (!attempt) throw new SsoError('login_attempt_missing', 'no attempt of that state');
  // RFC 9207: an answer of anybody else is not what this attempt waits for
  if (one('iss') !== settings.gateway) throw new SsoError('login_attempt_invalid', 'iss');
  const error = one('error');
  if (error !== undefined) {
    const back = attempt.silent && quiet.includes(error);
    const answer = back
      ? redirect(attempt.returnTo, 303)
      : refusal(Object.hasOwn(spoken, error) ? (spoken[error] ?? 'login_refused') : 'login_refused', incoming);
    return withCookies(answer, [signIn.redirects.end(attempt)]);
  }
  return await finish(attempt, one('code'), signIn.redirects, incoming, parts, () => redirect(attempt.returnTo, 303));
}

/** `POST …/callback`: the page has a code by its frame or by FedCM. */
export async function postedCallback(incoming: Incoming, parts: Parts): Promise<Answer> {
  const { settings, signIn } = parts;
  const posted = await readPosted(incoming, 'application/json', longestBody);
  if (!posted) throw new SsoError('bad_request', 'no JSON object');
  const nonce = posted('nonce');
  const [header, now] = [incoming.header('cookie'), settings.clock()];
  const { challenges } = signIn;
  const attempt = nonce === undefined ? challenges.newest(header, now) : challenges.find(nonce, header, now);
  if (!attempt) throw new SsoError('login_attempt_missing', 'no attempt of that nonce');
  const answer = (session: AppSession | undefined) => json(sessionView(session, settings));
  return await finish(attempt, posted('code'), challenges, incoming, parts, answer);
}

/** Redeems the code, starts the session, and ends the attempt, unless nobody can tell yet what the code is worth. */
async function finish(
  attempt: Attempt,
  code: string | undefined,
  attempts: Attempts,
  incoming: Incoming,
  { endings, sessions, settings, signIn }: Parts,
  answer: (session: AppSession | undefined) => Answer,
): Promise<Answer> {
  const over = attempts.end(attempt);
  try {
    if (code === undefined || !/^[\x21-\x7e]{1,512}$/.test(code)) throw new SsoError('login_attempt_invalid', 'code');
    const session = await signIn.finish(attempt, code);
    if (!session) return withCookies(answer(undefined), [over]);
    const now = settings.clock();
    const former = sessions.read(incoming.header('cookie'), now);
    const cookie = sessions.write(session, now);
    // somebody else, or another sign-in, has been here: wherever that cookie was copied to, it is worth nothing now
    if (former && former.claims.sid !== session.claims.sid) await endings.endHere(former);
    return withCookies(answer(session), [cookie, over]);
  } catch (error) {
    if (!(error instanceof SsoError) || error.code === 'internal' || error.failure.status >= 500) throw error;
    return withCookies(refusal(error.code, incoming), [over]);
  }
}
