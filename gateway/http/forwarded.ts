import { SsoError } from '../../shared/errors.ts';
import type { HeaderReader } from './navigation.ts';

/** The request that a proxy asks about. */
export type Target = { readonly method: string; readonly host: string; readonly path: string; readonly url: URL };

/**
 * The address that a person asked a proxy for, from the `X-Forwarded-*` family (`-Method`, `-Proto`, `-Host`, `-Uri`).
 *
 * One parsed URL both picks the rule and becomes the return URL. What two servers could read differently is refused:
 * lists, dot segments, `//`, encoded slashes, backslashes and NUL, double encoding.
 *
 * @param trusted Is the peer one whose word counts?
 * @returns `undefined` where the caller says nothing of any other request: it asks for itself.
 * @throws SsoError `forwarded_refused`
 */
export function forwardedTarget(header: HeaderReader, trusted: () => boolean): Target | undefined {
  const uri = header('x-forwarded-uri');
  const host = header('x-forwarded-host');
  const method = header('x-forwarded-method');
  if (uri === undefined && host === undefined && method === undefined) return undefined;
  if (!trusted()) return refuse('the peer is not a trusted proxy');
  const proto = header('x-forwarded-proto');
  if (uri === undefined || host === undefined || proto === undefined) return refuse('a forwarded header is missing');
  if (proto !== 'https' && proto !== 'http') return refuse('proto');
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(host) || host.includes('..')) return refuse('host');
  if (method !== undefined && !/^[A-Z]{1,16}$/.test(method)) return refuse('method');
  return { method: method ?? 'GET', ...parse(proto, host, uri) };
}

/** A path that every server reads the same way. */
const ambiguous = /\/\/|\/\.{1,2}(?:[/;]|$)|%2f|%5c|%00|%25|%2e|\\|;\.\.|\.\.;/i;

function parse(proto: string, host: string, uri: string): Omit<Target, 'method'> {
  // printable ASCII only: a proxy hands on what the browser sent, and browsers encode the rest
  if (!/^\/[\x21-\x7e]*$/.test(uri) || uri.includes('#')) return refuse('uri');
  const end = uri.indexOf('?');
  const path = end < 0 ? uri : uri.slice(0, end);
  if (ambiguous.test(path)) return refuse('path');
  let url: URL;
  try {
    url = new URL(`${proto}://${host}${uri}`);
    decodeURIComponent(path);
  } catch (cause) {
    throw new SsoError('forwarded_refused', 'does not parse', { cause });
  }
  if (url.pathname !== path) return refuse('path is not canonical');
  return { host: url.hostname, path, url };
}

function refuse(reason: string): never {
  throw new SsoError('forwarded_refused', reason);
}
