import { createHash } from 'node:crypto';
import { attemptLifetime, endAttempt, findAttempt } from '../../shared/cookies/login-attempt.ts';
import { SsoError } from '../../shared/errors.ts';
import { isPrefetch } from '../../shared/navigation.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import type { ProviderAnswer } from '../provider/openid.ts';
import type { Parts } from '../session/parts.ts';
import { readSession } from '../session/read.ts';
import { resolvePerson, startSession } from '../session/start.ts';
import { refuseResumed } from './authorize.ts';
import { returnAutomatically } from './return.ts';

/** Longest callback query that is read, in characters. */
const longestQuery = 8192;

/**
 * `GET /callback/<provider>`: finishes the sign-in that this browser began with that provider, once, and returns to the
 * app.
 *
 * Where the person cancels and an app waits for the answer of `/authorize`, the app is told.
 *
 * Of many answers with one state exactly one reaches the provider; the others say so and offer to go on.
 */
export async function callback(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, clock, keyring, names, providers, store } = parts;
  if (isPrefetch(headerReader(c))) throw new SsoError('prefetch_refused', 'prefetch of /callback');
  // HEAD is safe (RFC 9110 §9.2.1), and the answer is good for once
  if (c.req.method !== 'GET') throw new SsoError('method_not_allowed', `${c.req.method} /callback`);
  const provider = providers.get(c.req.param('provider') ?? '');
  if (!provider) throw new SsoError('unknown_provider', 'no such provider');
  const { search, searchParams } = new URL(c.req.url);
  const [state, another] = searchParams.getAll('state');
  if (search.length > longestQuery || state === undefined || another !== undefined) {
    throw new SsoError('login_attempt_invalid', 'state is missing or there twice');
  }
  const cookies = c.req.header('cookie');
  const now = clock();
  const attempt = await findAttempt(state, cookies, names.loginPrefix, keyring.sealing, now);
  if (!attempt) throw new SsoError('login_attempt_missing', 'no attempt of this browser has that state');
  if (attempt.provider !== provider.config.id)
    throw new SsoError('login_attempt_invalid', 'an answer at another provider’s callback');
  const returnTo = at.judge(attempt.returnTo);
  c.set('retry', returnTo);

  const used = `login ${createHash('sha256').update(state).digest('base64url')}`;
  // without a store the provider alone sees to it that a code is good for once
  if ((await store?.claimOnce(used, now, now + attemptLifetime)) === false)
    throw new SsoError('login_attempt_used', 'this state was answered before');
  addCookies(c, [endAttempt(state, names.loginPrefix)]);
  c.set('retry', at.url('/login', { return_to: returnTo, provider: provider.config.id }));

  let answer: ProviderAnswer;
  try {
    answer = await provider.exchange(searchParams, attempt);
  } catch (error) {
    const isCancelled = error instanceof SsoError && error.code === 'login_cancelled';
    const told = isCancelled ? await refuseResumed(c, returnTo, error, parts) : undefined;
    if (told) return told;
    throw error;
  }
  const person = await resolvePerson(answer, parts);
  // the session of this moment, not of the attempt's start: another tab may have finished in between
  const replaces = (await readSession(cookies, parts))?.session;
  const started = await startSession(answer, person, { userAgent: c.req.header('user-agent'), replaces }, parts);

  // somebody who has just typed a password did something; a provider that only remembered them makes for a loop
  const interactive = answer.authTime !== undefined && answer.authTime >= attempt.iat;
  if (!interactive) return await returnAutomatically(c, returnTo, started, parts);
  addCookies(c, started);
  return c.redirect(returnTo, 302);
}
