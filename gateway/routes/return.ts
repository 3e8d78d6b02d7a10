import { SsoError } from '../../shared/errors.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import type { AnswerUrl } from '../hand-off/authorization-request.ts';
import { countBounce } from '../http/bounces.ts';
import { addCookies, type GatewayContext, requestId } from '../http/context.ts';
import { loginLoopPage } from '../pages/login-loop.ts';
import type { Parts } from '../session/parts.ts';

/**
 * Sends a browser back to an app although the person did nothing, and counts it: the fourth time for one app within a
 * minute is a loop, and a page that says what may be wrong.
 *
 * @param cookies `Set-Cookie` values of what was achieved here. In a loop they are not sent: they did not help.
 * @param retry The way on from the page. Default: to sign in afresh and return there.
 */
export async function returnAutomatically(
  c: GatewayContext,
  returnTo: JudgedUrl | AnswerUrl,
  cookies: readonly string[],
  parts: Parts,
  retry = { href: parts.at.url('/login', { return_to: returnTo, prompt: 'login' }), label: 'Sign in again' },
): Promise<Response> {
  const { at, clients, clock, config, keyring, log, names } = parts;
  const app = new URL(returnTo);
  if (app.origin === at.origin) {
    addCookies(c, cookies);
    return c.redirect(returnTo, 302);
  }
  const bounce = await countBounce(app.origin, c.req.header('cookie'), names.bounces, keyring.sealing, clock());
  addCookies(c, [bounce.cookie]);
  if (!bounce.looping) {
    addCookies(c, cookies);
    return c.redirect(returnTo, 302);
  }
  const error = new SsoError('login_loop', `four automatic returns to ${app.origin} within a minute`);
  log.warn('sign-in loop', { requestId: requestId(c), app: app.origin });
  c.header('retry-after', String(error.failure.retryAfter ?? 60));
  const page = await loginLoopPage({
    base: config.publicUrl,
    app: clients.byOrigin(app.origin)?.name ?? app.host,
    cookieDomain: config.cookie.domain,
    retry,
    requestId: requestId(c),
    now: clock(),
  });
  return c.html(page, error.failure.status as 429);
}
