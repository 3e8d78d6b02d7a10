import type { ClientRegistry } from '../../shared/clients.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import type { GatewayContext } from '../http/context.ts';

/** The app whose page made the browser ask. */
export type Caller = { readonly client: ClientConfig; readonly origin: string };

/**
 * Makes sure that the browser itself asks, for FedCM: no page can send this `Sec-Fetch-Dest`, or read what follows. The
 * answer is let through to it: Chromium heeds `Cross-Origin-Resource-Policy` here too.
 *
 * @throws SsoError `bad_request`
 */
export function assertFedcm(c: GatewayContext): void {
  if (c.req.header('sec-fetch-dest') !== 'webidentity') throw new SsoError('bad_request', 'Sec-Fetch-Dest');
  c.header('cross-origin-resource-policy', 'cross-origin');
}

/**
 * Finds out for which app the browser asks, by its Origin alone, before anything else of the request is looked at. A page
 * of that origin, and no other, may read the answer, errors included.
 *
 * @throws SsoError `cross_site_refused`: not the origin of an app that takes the hand-off; `bad_request`: not by FedCM.
 */
export function readCaller(c: GatewayContext, clients: ClientRegistry): Caller {
  c.header('vary', 'Origin');
  const origin = c.req.header('origin') ?? '';
  const client = clients.byOrigin(origin);
  if (!client || client.redirectUris.length === 0)
    throw new SsoError('cross_site_refused', 'not the origin of an app that takes the hand-off');
  c.header('access-control-allow-origin', origin);
  c.header('access-control-allow-credentials', 'true');
  assertFedcm(c);
  return { client, origin };
}
