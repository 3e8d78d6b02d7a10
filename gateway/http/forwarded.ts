import { SsoError } from '../../shared/errors.ts';
import type { HeaderReader } from '../../shared/navigation.ts';

/** The request that a proxy asks about. */
export type Target = {
  readonly method: string;
  /** Host name in lower case, without port. */
  readonly host: string;
  /** What the server behind will understand: percent-decoded, without the query. */
  readonly path: string;
  /** The whole address, as it was asked for. Parsed when it is read: whoever is let through needs none. */
  readonly url: URL;
};

/**
 * The address that a person asked a proxy for, from the `X-Forwarded-*` family (`-Method`, `-Proto`, `-Host`, `-Uri`).
 *
 * All four have to be there: without the method a POST would be judged by the rule for GET. One address both picks the
 * rule and becomes the return URL. What two servers could read differently is refused: lists, dot segments, `//`,
 * encoded slashes, backslashes and control characters, double encoding.
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
  if (!trusted()) return refuseForwarded('the peer is not a trusted proxy');
  const proto = header('x-forwarded-proto');
  if (uri === undefined || host === undefined || method === undefined || proto === undefined)
    return refuseForwarded('a forwarded header is missing');
  return readTarget(method, proto, host, uri);
}

/**
 * A target of its four parts, as a trusted proxy named them.
 *
 * @param uri Path and query.
 * @throws SsoError `forwarded_refused` for what two servers could read differently: see {@link forwardedTarget}.
 */
export function readTarget(method: string, proto: string, host: string, uri: string): Target {
  const scheme = schemes.get(proto);
  if (scheme === undefined) return refuseForwarded('proto');
  if (!/^[A-Z]{1,16}$/.test(method)) return refuseForwarded('method');
  // printable ASCII without `#`: a proxy hands on what the browser sent, and browsers encode the rest
  if (!/^\/[\x21\x22\x24-\x7e]*$/.test(uri)) return refuseForwarded('uri');
  const query = uri.indexOf('?');
  const path = pathOf(query < 0 ? uri : uri.slice(0, query));
  return new Forwarded(method, hostOf(host), path, `${scheme}://${host}${uri}`);
}

/** Traefik says of a WebSocket what its page calls it; a person returns to the page's own scheme. */
const schemes: ReadonlyMap<string, string> = new Map([
  ['https', 'https'],
  ['http', 'http'],
  ['wss', 'https'],
  ['ws', 'http'],
]);

class Forwarded implements Target {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly #address: string;

  constructor(method: string, host: string, path: string, address: string) {
    this.method = method;
    this.host = host;
    this.path = path;
    this.#address = address;
  }

  get url(): URL {
    return new URL(this.#address);
  }
}

/** A host name that every parser leaves as it is: no capitals, no port, nothing that could be an IPv4 address. */
const plainHost = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)*[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

function hostOf(host: string): string {
  if (plainHost.test(host)) return host;
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(host) || host.includes('..')) return refuseForwarded('host');
  const { hostname } = parse(`https://${host}`);
  // `127.1` and `0x7f.0.0.1` become another host in the parser
  if (hostname !== host.replace(/:\d+$/, '').toLowerCase()) return refuseForwarded('host is not canonical');
  return hostname;
}

/** A path that needs no decoding and that every parser leaves as it is: letters, digits, `_ ~ - .`, no dot at a start. */
const plainPath = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;

/** What some server reads as another path: empty and dot segments, encoded slashes, control characters, encoded `%`. */
const ambiguous = /\/\/|\/(?:;|%3b)|\/\.{1,2}(?:[/;%]|$)|%2f|%5c|%[01][0-9a-f]|%7f|%25|%2e|\\|;\.\.|\.\.;/i;

function pathOf(path: string): string {
  if (plainPath.test(path)) return path;
  if (ambiguous.test(path)) return refuseForwarded('path');
  if (parse(`https://host.invalid${path}`).pathname !== path) return refuseForwarded('path is not canonical');
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new SsoError('forwarded_refused', 'path does not decode', { cause });
  }
}

function parse(address: string): URL {
  try {
    return new URL(address);
  } catch (cause) {
    throw new SsoError('forwarded_refused', 'does not parse', { cause });
  }
}

/** @throws SsoError `forwarded_refused`, always. */
export function refuseForwarded(reason: string): never {
  throw new SsoError('forwarded_refused', reason);
}
