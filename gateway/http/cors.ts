import type { GatewayContext } from './context.ts';

/**
 * Lets a page of one of these origins read the answer (Fetch Standard, CORS protocol). Without cookies: whoever asks shows
 * a code or a token.
 */
export function allowOrigin(c: GatewayContext, origins: readonly string[]): void {
  c.header('vary', 'Origin');
  const origin = c.req.header('origin');
  if (origin !== undefined && origins.includes(origin)) c.header('access-control-allow-origin', origin);
}

/**
 * Answers a preflight, which doesn't say for which app it asks.
 *
 * @param origins Of all the apps.
 */
export function preflight(c: GatewayContext, origins: readonly string[], methods: string): Response {
  allowOrigin(c, origins);
  c.header('access-control-allow-methods', methods);
  c.header('access-control-allow-headers', 'authorization, content-type');
  c.header('access-control-max-age', '600');
  return c.body(null, 204);
}
