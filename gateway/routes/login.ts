import { clearCookie } from '../../shared/cookies/cookie.ts';
import { clearHostSession } from '../../shared/cookies/host-session.ts';
import { startAttempt } from '../../shared/cookies/login-attempt.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../shared/navigation.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import type { Provider } from '../provider/openid.ts';
import { hasStore, type Parts } from '../session/parts.ts';
import { cookiesOf, renewSession } from '../session/renew.ts';
import { returnAutomatically } from './return.ts';

/** What `prompt` may ask of a provider (OpenID Connect Core §3.1.2.1). */
const prompts = new Set(['none', 'login', 'consent', 'select_account']);

/**
 * `GET /login?return_to=URL[&prompt=][&login_hint=][&provider=]`: to the provider, or straight back for somebody whom
 * the gateway knows. `rd` is another name of `return_to`.
 *
 * A login starts only on a top-level navigation. Everything else is told where a person could.
 */
export async function login(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, clock, keyring, names } = parts;
  const header = headerReader(c);
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of /login');
  const returnTo = at.judge(c.req.query('return_to') ?? c.req.query('rd') ?? at.url('/'));
  const provider = chooseProvider(c.req.query('provider'), parts);
  const prompt = c.req.query('prompt');
  const loginHint = c.req.query('login_hint');
  if (prompt !== undefined && !prompts.has(prompt)) throw new SsoError('bad_request', 'unknown prompt');
  if (loginHint !== undefined && loginHint.length > 256) throw new SsoError('bad_request', 'login_hint too long');
  const here = at.url('/login', {
    return_to: returnTo,
    prompt,
    login_hint: loginHint,
    provider: c.req.query('provider'),
  });
  if (!isNavigation(c.req.method, header)) return problem(c, 'not_a_navigation', failures.not_a_navigation, here);
  c.set('retry', here);

  const cookies = c.req.header('cookie');
  const fresh = prompt === undefined || prompt === 'none';
  const renewal = fresh ? await renewSession(cookies, parts) : undefined;
  if (renewal) return await returnAutomatically(c, returnTo, cookiesOf(renewal), parts);

  const now = clock();
  const request = provider.newRequest();
  const location = await provider.authorizationUrl(request, {
    ...(prompt === undefined ? {} : { prompt }),
    ...(loginHint === undefined ? {} : { loginHint }),
  });
  const attempt = { provider: provider.config.id, returnTo, ...request };
  addCookies(c, await startAttempt(attempt, cookies, names.loginPrefix, keyring.sealing, now));
  // nobody is signed in here, so what is left on the parent domain is of no use and would only confuse an app
  if (fresh) addCookies(c, [clearCookie(names.domain, parts.config.cookie.domain)]);
  // what the provider has just ended is remembered nowhere else
  if (fresh && !hasStore(parts)) addCookies(c, [clearHostSession(names.host)]);
  return c.redirect(location, 302);
}

function chooseProvider(id: string | undefined, { providers }: Parts): Provider {
  const [first] = providers.values();
  const chosen = id === undefined ? first : providers.get(id);
  if (!chosen) throw new SsoError('unknown_provider', 'no such provider');
  return chosen;
}
