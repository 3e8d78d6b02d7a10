import { SsoError } from '../../shared/errors.ts';
import { type FrameSettings, framePage, framePolicy } from '../frame/page.ts';
import type { GatewayContext } from '../http/context.ts';
import { contentSecurityPolicy } from '../pages/page.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * `GET /frame?client_id=[&button=1]`: the page that an app on another domain frames, to ask without a redirect whether
 * somebody is signed in. Only the app's own origins may frame it.
 */
export function frame(c: GatewayContext, { at, clients }: SharedParts): Response | Promise<Response> {
  assertFramed(c);
  const [id, another] = c.req.queries('client_id') ?? [];
  const client = id === undefined || another !== undefined ? undefined : clients.byId(id);
  if (!client || client.redirectUris.length === 0)
    throw new SsoError('unknown_client', 'client_id is missing, there twice, unknown, or takes no hand-off');
  const settings = { base: at.base, client: client.id, origins: client.origins };
  return sendFrame(c, settings, c.req.query('button') === '1' ? at.host : undefined);
}

/**
 * `GET /check-session`: the "OP Iframe" of OpenID Connect Session Management, one for all apps that take the hand-off.
 */
export function checkSession(c: GatewayContext, { at, clients }: SharedParts): Response | Promise<Response> {
  assertFramed(c);
  return sendFrame(c, { base: at.base, client: null, origins: clients.handOffOrigins });
}

/**
 * What goes wrong from here on, nobody frames.
 *
 * @throws SsoError `bad_request` where a browser loads the page as anything but a frame.
 */
function assertFramed(c: GatewayContext): void {
  c.header('content-security-policy', contentSecurityPolicy({ formAction: [] }));
  const dest = c.req.header('sec-fetch-dest');
  if (dest !== undefined && dest !== 'iframe')
    throw new SsoError('bad_request', 'the page of a frame, as something else');
}

function sendFrame(c: GatewayContext, settings: FrameSettings, buttonHost?: string): Response | Promise<Response> {
  c.header('content-security-policy', framePolicy(settings.origins));
  c.header('cache-control', 'no-store');
  // an app that is isolated (`Cross-Origin-Embedder-Policy`) frames only what is, and what says that it may be
  c.header('cross-origin-resource-policy', 'cross-origin');
  c.header('cross-origin-embedder-policy', 'require-corp');
  return c.html(framePage(settings, buttonHost));
}
