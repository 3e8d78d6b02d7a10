import { SsoError } from '../../shared/errors.ts';
import { isPrefetch } from '../../shared/navigation.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import { homePage } from '../pages/home.ts';
import { hasStore, type Parts } from '../session/parts.ts';
import { cookiesOf, renewSession } from '../session/renew.ts';

/** `GET /`: who you are and your apps; for a visitor, the way to sign in. */
export async function home(c: GatewayContext, parts: Parts): Promise<Response> {
  if (isPrefetch(headerReader(c))) throw new SsoError('prefetch_refused', 'prefetch of the home page');
  const renewal = await renewSession(c.req.header('cookie'), parts);
  if (!renewal) return c.redirect(parts.at.url('/login', { return_to: parts.at.url('/') }), 302);
  addCookies(c, cookiesOf(renewal));
  const { person, session } = renewal;
  // so that the page's policy names where the sign-out leads
  await Promise.all([...parts.providers.values()].map((provider) => provider.reachable()));
  const page = await homePage({
    base: parts.config.publicUrl,
    person: { ...person, id: person.uid },
    apps: parts.clients.all,
    listsSessions: hasStore(parts),
    signedInAt: session.authTime || undefined,
    endsAt: session.endsAt,
    now: parts.clock(),
  });
  return c.html(page);
}
