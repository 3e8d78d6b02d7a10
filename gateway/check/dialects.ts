import type { HeaderReader } from '../../shared/navigation.ts';
import { forwardedTarget, readTarget, refuseForwarded, type Target } from '../http/forwarded.ts';

/** A request as it came over the wire, before anything was resolved or joined. */
export type RawRequest = {
  readonly method?: string | undefined;
  /** Path and query of the request line. */
  readonly url?: string | undefined;
  /** Name, value, name, value… */
  readonly rawHeaders?: readonly string[];
};

/** How one kind of proxy asks, and which answers it understands. Each listens to one family of headers and no other. */
export type Dialect = {
  /**
   * The request that is asked about; `undefined`: the caller asks about itself.
   *
   * @param trusted Is the peer one whose word counts?
   * @throws SsoError `forwarded_refused`
   */
  readonly target: (header: HeaderReader, trusted: () => boolean, raw?: RawRequest) => Target | undefined;
  /** Status of the answer that lets a request through. */
  readonly passes: 200 | 204;
  /** Status of an answer that leads a person elsewhere; its `Location` says where. */
  readonly redirects: 302 | 401;
};

/** Traefik, Caddy, HAProxy: the `X-Forwarded-*` family; any answer but 2xx goes to the browser as it is. */
export const forwardAuth: Dialect = { target: forwardedTarget, passes: 204, redirects: 302 };

/**
 * nginx's `auth_request`: `X-Original-URL` (the whole address) and `X-Original-Method`. It knows 2xx, 401 and 403 alone, so
 * a redirect is a 401 with `Location`, and the configuration makes a 302 of it.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_auth_request_module.html
 */
export const authRequest: Dialect = { target: originalTarget, passes: 204, redirects: 401 };

/**
 * Envoy's `ext_authz` over HTTP: the request's own method, path and `Host`, its path put behind a prefix, and
 * `X-Forwarded-Proto`. It lets through on 200 alone, other 2xx included among the refusals.
 *
 * @param prefix What Envoy puts before the path: `path_prefix`.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ext_authz/v3/ext_authz.proto
 */
export function extAuthz(prefix: string): Dialect {
  return {
    target: (header, trusted, raw) => prefixedTarget(prefix, header, trusted, raw),
    passes: 200,
    redirects: 302,
  };
}

/** Scheme, host, path and query, less what `readTarget` will look at. */
const address = /^(https?):\/\/([^/?#\\@\s,]+)(\/.*)$/;

function originalTarget(header: HeaderReader, trusted: () => boolean): Target {
  if (!trusted()) return refuseForwarded('the peer is not a trusted proxy');
  const url = header('x-original-url');
  const method = header('x-original-method');
  if (url === undefined || method === undefined) return refuseForwarded('an original header is missing');
  const [, proto, host, uri] = address.exec(url) ?? [];
  if (proto === undefined || host === undefined || uri === undefined) return refuseForwarded('original url');
  return readTarget(method, proto, host, uri);
}

function prefixedTarget(
  prefix: string,
  header: HeaderReader,
  trusted: () => boolean,
  raw: RawRequest | undefined,
): Target {
  if (!trusted()) return refuseForwarded('the peer is not a trusted proxy');
  const { method, url, rawHeaders } = raw ?? {};
  const host = header('host');
  const proto = header('x-forwarded-proto');
  if (
    method === undefined ||
    url === undefined ||
    rawHeaders === undefined ||
    host === undefined ||
    proto === undefined
  )
    return refuseForwarded('method, path, host or proto is missing');
  // of two `Host` lines Node keeps the first, and the server behind may go by the other
  if (rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length !== 1)
    return refuseForwarded('more than one host');
  return url.startsWith(`${prefix}/`)
    ? readTarget(method, proto, host, url.slice(prefix.length))
    : refuseForwarded('not below the prefix');
}
