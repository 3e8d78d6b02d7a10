import { failures, SsoError } from '../../shared/errors.ts';
import { isNavigation, isPrefetch } from '../../shared/navigation.ts';
import { type GatewayContext, headerReader } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import type { Parts } from '../session/parts.ts';
import { cookiesOf, renewSession } from '../session/renew.ts';
import { returnAutomatically } from './return.ts';

/**
 * `GET /refresh?return_to=URL`: renews the domain cookie from the host session and goes back to the page; without a host
 * session, on to `/login`. A domain cookie alone, perhaps a stolen one, renews nothing.
 */
export async function refresh(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at } = parts;
  const header = headerReader(c);
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of /refresh');
  const returnTo = at.judge(c.req.query('return_to') ?? c.req.query('rd') ?? at.url('/'));
  const login = at.url('/login', { return_to: returnTo });
  if (!isNavigation(c.req.method, header)) return problem(c, 'not_a_navigation', failures.not_a_navigation, login);
  c.set('retry', at.url('/refresh', { return_to: returnTo }));
  const renewal = await renewSession(c.req.header('cookie'), parts);
  return renewal ? await returnAutomatically(c, returnTo, cookiesOf(renewal), parts) : c.redirect(login, 302);
}
