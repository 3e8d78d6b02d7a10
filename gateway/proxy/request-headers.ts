import type { Config } from '../../shared/config.ts';
import { cookieNames } from '../../shared/cookies/cookie.ts';
import {
  everyIdentityHeader,
  type FlatHeaders,
  identityHeaderNames,
  identityTokenHeader,
} from '../check/identity-headers.ts';
import type { HeaderList } from '../http/passage.ts';
import { withoutGatewayCookies } from './gateway-cookies.ts';
import type { Upstream } from './upstreams.ts';

/** The headers that an app is sent. */
export type UpstreamHeaders = (request: {
  readonly came: HeaderList;
  readonly upstream: Upstream;
  /** Of the answer that lets the request through: the identity is among them. */
  readonly pass: FlatHeaders;
  /** Address of whoever is connected; `undefined` where the runtime doesn't tell. */
  readonly peer: string | undefined;
}) => string[];

/** What belongs to the connection, or frames the message (RFC 9110 §7.6.1). */
const connection = [
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/**
 * By what a server could take the request for another one than the rules were asked about, or from another visitor.
 * `Proxy` becomes the variable `HTTP_PROXY` in CGI programs (CVE-2016-5385).
 */
const misleading = [
  'client-ip',
  'forwarded',
  'proxy',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
];
/** Written anew below. */
const rewritten = ['cookie', 'host', 'via'];

/** Header names of which the verdict is remembered; a visitor can make up any number of others. */
const remembered = 1000;

/**
 * Makes {@link UpstreamHeaders}.
 *
 * Whatever a visitor says of who they are or what they asked for goes, with `_`, `.` or anything else for `-` too, for
 * servers that make variables of headers take these for the same. What `Connection` names stays: it is the visitor's word,
 * and could take away what a proxy before us has added.
 *
 * @param config.own How this gateway names itself in `Via`.
 */
export function createUpstreamHeaders(
  { check, environment }: Pick<Config, 'check' | 'environment'>,
  own: string,
  isTrustedPeer: (address: string) => boolean,
): UpstreamHeaders {
  const identity = new Set([...identityHeaderNames(check), identityTokenHeader]);
  const dropped = new Set([
    ...[...everyIdentityHeader].map((name) => name.toLowerCase()),
    ...connection,
    ...misleading,
    ...rewritten,
  ]);
  const verdicts = new Map<string, boolean>();
  const stays = (name: string): boolean => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const lower = name.toLowerCase();
    const plain = lower.replace(/[^a-z0-9]/g, '-');
    const verdict =
      !dropped.has(plain) && !plain.startsWith('x-forwarded-') && (plain !== 'content-length' || plain === lower);
    if (verdicts.size < remembered) verdicts.set(name, verdict);
    return verdict;
  };
  const domainCookie = cookieNames(environment).domain;

  return ({ came, upstream, pass, peer }) => {
    const { settings, host, origin, url } = upstream;
    const sent: string[] = ['Host', settings.host === 'visitor' ? host : url.host];
    const cookies: string[] = [];
    const via: string[] = [];
    const forwardedFor: string[] = [];
    for (let i = 0; i < came.length; i += 2) {
      const [name = '', value = ''] = [came[i], came[i + 1]];
      if (stays(name)) sent.push(name, value);
      else if (name.length === 6 && name.toLowerCase() === 'cookie') cookies.push(value);
      else if (name.length === 3 && name.toLowerCase() === 'via') via.push(value);
      else if (name.length === 15 && name.toLowerCase() === 'x-forwarded-for') forwardedFor.push(value);
    }
    const cookie = withoutGatewayCookies(cookies.join('; '), settings.domainCookie ? domainCookie : undefined);
    if (cookie) sent.push('Cookie', cookie);
    for (let i = 0; i < pass.length; i += 2) {
      const [name = '', value = ''] = [pass[i], pass[i + 1]];
      if (identity.has(name)) sent.push(name, value);
    }
    const path = pathOfAddresses(peer, forwardedFor, isTrustedPeer);
    const proto = origin.slice(0, origin.indexOf(':'));
    if (path.length > 0) sent.push('X-Forwarded-For', path.join(', '));
    sent.push('X-Forwarded-Host', host, 'X-Forwarded-Proto', proto);
    sent.push('Forwarded', forwarded(path, host, proto), 'Via', [...via, own].join(', '));
    return sent;
  };
}

/** The addresses that a request came by: of those that a trusted proxy names, and the peer's. */
function pathOfAddresses(
  peer: string | undefined,
  told: readonly string[],
  isTrustedPeer: (address: string) => boolean,
): string[] {
  if (peer === undefined) return [];
  const before = told.length > 0 && isTrustedPeer(peer) ? told.join(',').split(',') : [];
  const addresses = before.map((one) => one.trim());
  const sound = addresses.every((one) => /^[0-9A-Fa-f.:]{2,45}$/.test(one));
  return [...(sound ? addresses : []), peer.replace(/^::ffff:(?=\d+\.)/, '')];
}

/** @see RFC 7239 §4 */
function forwarded(path: readonly string[], host: string, proto: string): string {
  const last = `host="${host}";proto=${proto}`;
  const hops = path.map((one) => `for="${one.includes(':') ? `[${one}]` : one}"`);
  // where the visitor's request was for, stands with the visitor
  const [first, ...rest] = hops;
  return [first === undefined ? last : `${first};${last}`, ...rest].join(', ');
}
