import { createHash } from 'node:crypto';
import { browserScript } from '../frame/browser-script.generated.ts';
import type { GatewayContext } from '../http/context.ts';

const etag = `"${createHash('sha256').update(browserScript).digest('base64url')}"`;

/**
 * `GET /browser.js`: the script for pages of apps on other domains, for everybody. Pages have it anew within five minutes
 * of a new version of the gateway, and ask by its ETag whether there is one (RFC 9110 §13.1.2).
 */
export function browserScriptFile(c: GatewayContext): Response {
  c.header('cache-control', 'public, max-age=300');
  c.header('access-control-allow-origin', '*');
  c.header('cross-origin-resource-policy', 'cross-origin');
  c.header('etag', etag);
  const known = c.req.header('if-none-match')?.split(',') ?? [];
  // a proxy that compresses the script makes a weak one of it
  if (known.some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))) return c.body(null, 304);
  return c.body(browserScript, 200, { 'content-type': 'text/javascript; charset=utf-8' });
}
