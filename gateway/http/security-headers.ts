import type { MiddlewareHandler } from 'hono';
import { contentSecurityPolicy } from '../pages/page.ts';
import type { GatewayEnv } from './context.ts';

/**
 * Headers that every answer of the gateway carries, unless its route said otherwise. `Referrer-Policy` is `same-origin`
 * and not `no-referrer`: with that, browsers send `Origin: null` with our own forms.
 *
 * @param options.formAction Where the forms on our pages may lead, redirects included: Chromium checks those too.
 * @param options.https Whether browsers reach the gateway by https.
 */
export function securityHeaders(options: {
  readonly formAction: () => readonly string[];
  readonly https: boolean;
}): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    const unlessSet = (name: string, value: string) => {
      if (!headers.has(name)) headers.set(name, value);
    };
    unlessSet('cache-control', 'no-store');
    unlessSet('x-content-type-options', 'nosniff');
    unlessSet('referrer-policy', 'same-origin');
    unlessSet('cross-origin-resource-policy', 'same-origin');
    if (options.https) unlessSet('strict-transport-security', 'max-age=31536000');
    if (headers.get('content-type')?.startsWith('text/html')) {
      unlessSet('content-security-policy', contentSecurityPolicy({ formAction: options.formAction() }));
      unlessSet('x-frame-options', 'DENY');
      unlessSet('cross-origin-opener-policy', 'same-origin');
      unlessSet('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
    }
  };
}
