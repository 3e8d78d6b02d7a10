import { discoveryDocument } from '../hand-off/discovery.ts';
import type { GatewayContext } from '../http/context.ts';
import type { SharedParts } from '../session/parts.ts';

/** `GET /.well-known/openid-configuration`: for everybody (OpenID Connect Discovery §4). */
export function discovery(c: GatewayContext, parts: SharedParts): Response {
  c.header('cache-control', 'public, max-age=300');
  c.header('access-control-allow-origin', '*');
  c.header('cross-origin-resource-policy', 'cross-origin');
  return c.json(discoveryDocument(parts));
}
