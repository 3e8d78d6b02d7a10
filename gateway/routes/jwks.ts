import type { Jwks } from '../../shared/keys/signing.ts';
import type { GatewayContext } from '../http/context.ts';

/** Answers with a public JWK Set, for everybody (RFC 7517 §5). */
export function jwks(c: GatewayContext, keys: Jwks): Response {
  c.header('cache-control', 'public, max-age=300');
  c.header('access-control-allow-origin', '*');
  c.header('cross-origin-resource-policy', 'cross-origin');
  return c.body(JSON.stringify(keys), 200, { 'content-type': 'application/jwk-set+json' });
}
