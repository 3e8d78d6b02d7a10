import type { HeaderList } from '../http/passage.ts';

/** By what caches go: for all of them, for some (RFC 9213), and what those of others had before. */
const caching = /^(?:.*cache-control|surrogate-control|edge-control|x-accel-expires|expires)$/i;

/**
 * An answer of an app that brings a renewed cookie along. No cache may keep it, whatever the app or the configuration says
 * of it: to the next visitor it would hand the session of this one.
 *
 * @param setCookie `Set-Cookie` value. It comes last, and counts over others of its name.
 */
export function withRenewedCookie(headers: HeaderList, setCookie: string): string[] {
  const kept = headers.filter((_, i) => !caching.test(headers[i - (i % 2)] ?? ''));
  return [...kept, 'Cache-Control', 'private, no-store', 'Set-Cookie', setCookie];
}
