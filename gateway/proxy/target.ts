import { SsoError } from '../../shared/errors.ts';
import type { RawRequest } from '../check/dialects.ts';
import { readTarget, type Target } from '../http/forwarded.ts';
import type { HeaderList } from '../http/passage.ts';
import type { Upstream } from './upstreams.ts';

/** A request for an app, as it came over the wire. */
export type Arrival = Required<RawRequest> & { readonly method: string; readonly url: string };

/**
 * The address that somebody asked the gateway for, on an app's host. Scheme and host come from the configuration. It picks
 * the rule, and it goes on as it is: what two servers could read differently is refused.
 *
 * @throws SsoError `bad_request`, `method_not_allowed`, `upstream_loop`
 */
export function proxiedTarget({ method, url, rawHeaders }: Arrival, { origin, host }: Upstream, own: string): Target {
  // it would send back to a page what its script may not read: our headers, and the app's cookies
  if (method === 'TRACE' || method === 'CONNECT') throw new SsoError('method_not_allowed', method);
  // of two `Host` lines Node keeps the first, and the server behind may go by the other
  if (valuesOf(rawHeaders, 'host').length > 1) throw new SsoError('bad_request', 'more than one host');
  const codings = valuesOf(rawHeaders, 'transfer-encoding');
  // only `chunked` is taken off here: another coding would go on without its name
  if (codings.length > 1 || (codings[0] ?? 'chunked').toLowerCase() !== 'chunked')
    throw new SsoError('bad_request', 'transfer coding');
  if (codings.length > 0 && valuesOf(rawHeaders, 'content-length').length > 0)
    throw new SsoError('bad_request', 'two lengths of one body');
  const via = valuesOf(rawHeaders, 'via').flatMap((value) => value.split(','));
  if (via.some((hop) => hop.trim() === own)) throw new SsoError('upstream_loop', `${host} leads back here`);
  try {
    return readTarget(method, origin.slice(0, origin.indexOf(':')), host, url);
  } catch (error) {
    if (!(error instanceof SsoError) || error.code !== 'forwarded_refused') throw error;
    throw new SsoError('bad_request', `address: ${error.reason}`, { cause: error });
  }
}

/** Every value of a header, in order. */
export function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
}
