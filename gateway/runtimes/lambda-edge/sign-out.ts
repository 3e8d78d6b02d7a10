import { cookieValues } from '../../../shared/cookies/cookie.ts';
import { SsoError } from '../../../shared/errors.ts';
import { requestOrigin } from '../../http/same-origin.ts';
import { page, redirect } from './answer.ts';
import type { EdgeDeps } from './deps.ts';
import type { CloudFrontResponse, RequestHandler } from './event.ts';
import type { SiteSettings } from './settings.ts';
import { confirmPage, signedOutPage } from './sign-out-pages.ts';
import { clearAll, createSiteHandler, type Site, type SiteRequest } from './site.ts';
import { siteCookies } from './site-cookie.ts';
import { readSiteSession } from './site-session.ts';

/**
 * sign_out, at two addresses. `POST` of the first, from the site's own pages: expires every cookie, revokes the refresh
 * token, and leads through the provider's own sign-out; `GET` asks first. The second is where that ends.
 *
 * It holds what opens the sealed session, and no key that signs.
 */
export function createSignOut(settings: SiteSettings, deps: EdgeDeps): RequestHandler {
  const { signOut, signedOut } = settings.paths;
  return createSiteHandler(settings, deps, async (asked, site) => {
    const { request, header } = asked;
    const { method, uri } = request;
    if (uri === signedOut && method === 'GET') return await page(signedOutPage(settings.site));
    if (uri !== signOut && uri !== signedOut) throw new SsoError('not_found', 'no address of sign_out');
    if (uri === signOut && method === 'GET') return await confirm(asked, site);
    if (uri !== signOut || method !== 'POST') throw new SsoError('method_not_allowed', `${method} of ${uri}`);
    const origin = requestOrigin(header, new URL(settings.site).origin, () => false);
    if (origin === 'foreign') throw new SsoError('cross_site_refused', 'sign-out posted by another site');
    if (origin === 'unknown') return redirect(site.url(signOut), { status: 303 });
    return await leave(asked, site);
  });
}

/** A link, an image or a foreign page must not sign anybody out. */
async function confirm({ header }: SiteRequest, { settings, provider, url }: Site): Promise<CloudFrontResponse> {
  const { site, paths } = settings;
  const has = (name: string) => cookieValues(header('cookie'), name).length > 0;
  if (!has(siteCookies.statement) && !has(siteCookies.session)) return redirect(url(paths.signedOut));
  // so that the page's policy names where the sign-out leads: Chromium applies it to redirects too
  await provider.reachable();
  const formAction = ["'self'", ...provider.logoutOrigins()];
  return await page(confirmPage({ site, signOut: paths.signOut }), 200, { formAction });
}

async function leave({ header, now, keep }: SiteRequest, site: Site): Promise<CloudFrontResponse> {
  const { provider, sealing, settings, url, log } = site;
  const cookies = clearAll(header('cookie'));
  keep(cookies);
  const session = await readSiteSession(header('cookie'), sealing, now);
  if (session?.refreshToken !== undefined) await provider.revoke(session.refreshToken);
  const after = url(settings.paths.signedOut);
  const elsewhere = await provider.logoutUrl(after, session?.idToken);
  if (session) log.info('signed out', { uid: session.uid, sid: session.sid });
  return redirect(elsewhere ?? after, { status: 303, cookies });
}
