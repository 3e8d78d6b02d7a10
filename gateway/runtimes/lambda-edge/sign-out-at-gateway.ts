import { SsoError } from '../../../shared/errors.ts';
import { isPrefetch } from '../../../shared/navigation.ts';
import { redirect, refuse } from './answer.ts';
import type { EdgeDeps } from './deps.ts';
import { headerReader, type RequestHandler } from './event.ts';
import type { GatewaySignOutSettings } from './settings.ts';

/**
 * sign_out of sites behind a gateway: sends the browser to the gateway's own sign-out, which asks the person, ends the
 * session everywhere and returns to the site's start page. The cookie is the gateway's to remove.
 */
export function createSignOutAtGateway(settings: GatewaySignOutSettings, { log }: EdgeDeps): RequestHandler {
  const sites = new Map(settings.sites.map((site) => [new URL(site).host, new URL(site).origin]));
  return async (event) => {
    const { config, request } = event.Records[0].cf;
    const header = headerReader(request.headers);
    const site = sites.get((header('host') ?? '').toLowerCase());
    try {
      if (site === undefined) throw new SsoError('wrong_host', 'none of the sites');
      if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of the sign-out');
      if (request.method !== 'GET' && request.method !== 'POST')
        throw new SsoError('method_not_allowed', `${request.method} of the sign-out`);
      const logout = new URL(settings.logout);
      logout.searchParams.set('return_to', `${site}/`);
      return redirect(logout.href, { status: 303 });
    } catch (error) {
      return await refuse(
        error,
        { header, requestId: config.requestId, site: site ?? new URL(settings.logout).origin },
        log,
      );
    }
  };
}
