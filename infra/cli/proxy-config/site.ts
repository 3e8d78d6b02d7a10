import { identityHeaderNames } from '../../../gateway/check/identity-headers.ts';
import type { Config } from '../../../shared/config.ts';
import { cookieNames } from '../../../shared/cookies/cookie.ts';
import { isLoopback } from '../../../shared/loopback.ts';
import { CliError, exits } from '../console.ts';

/** What the command line says of a site behind a proxy. */
export type ProxyOptions = {
  readonly domain: string;
  readonly gateway: string;
  readonly upstream: string;
  readonly gatewayAddress?: string;
  readonly listen?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly headers: Config['check']['headers'];
  readonly identityJwt?: boolean;
  readonly environment?: string;
  readonly cookieDomain?: string;
  readonly role?: readonly string[];
  readonly script?: string;
};

/** One app behind a proxy, checked: nothing in it can break out of a configuration file. */
export type ProxySite = {
  /** For names inside a configuration: the host with underscores. */
  readonly id: string;
  readonly scheme: 'https' | 'http';
  /** Host name, without a port. */
  readonly host: string;
  /** Host and port as browsers send them. */
  readonly authority: string;
  /** The gateway as browsers know it, without a slash at the end. */
  readonly gateway: string;
  /** `Host` that the gateway expects. */
  readonly gatewayHost: string;
  /** Where the proxy reaches the gateway. */
  readonly reach: Reach;
  /** Path of the gateway's `/check`. */
  readonly check: string;
  readonly upstream: Reach;
  readonly listen: { readonly address: string | undefined; readonly port: number } | undefined;
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** Headers that the gateway answers with, for the upstream. */
  readonly identity: readonly string[];
  /** Name of the domain cookie. */
  readonly cookie: string;
  readonly cookieDomain: string;
  /** Any of these is needed, where the proxy itself decides. */
  readonly roles: readonly string[];
  /** File of HAProxy's script. */
  readonly script: string;
};

/** A server by its origin. */
export type Reach = {
  readonly scheme: 'https' | 'http';
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly origin: string;
};

/**
 * Checks what a person said of a site.
 *
 * @throws CliError that says what to write instead.
 */
export function readSite(options: ProxyOptions): ProxySite {
  const { domain, headers, identityJwt = false, environment = '', role: roles = [] } = options;
  const app = readUrl(domain.includes('://') ? domain : `https://${domain}`, '--domain', 'notes.acme.com');
  const gateway = readUrl(options.gateway, '--gateway', 'https://auth.acme.com', 'path');
  const reach = readUrl(options.gatewayAddress ?? gateway.origin, '--gateway-address', 'http://10.0.0.5:4180');
  const upstream = readUrl(options.upstream, '--upstream', 'http://127.0.0.1:3000');
  for (const name of roles) {
    if (!/^[A-Za-z0-9._:-]{1,64}$/.test(name)) refuse('--role', name, 'editor');
  }
  if (!/^[a-z0-9]{0,16}$/.test(environment)) refuse('--environment', environment, 'staging');
  if (gateway.protocol === 'http:' && !isLoopback(gateway.hostname))
    throw new CliError(
      exits.usage,
      `--gateway ${options.gateway} has to be https: browsers keep its cookies for https.`,
    );
  const cookieDomain = readUrl(
    `https://${options.cookieDomain ?? gateway.hostname.replace(/^[^.]+\./, '')}`,
    '--cookie-domain',
    'acme.com',
  ).hostname;
  if (app.hostname !== cookieDomain && !app.hostname.endsWith(`.${cookieDomain}`))
    throw new CliError(
      exits.usage,
      `${app.hostname} is not below ${cookieDomain}, where the gateway's cookie goes (--cookie-domain, if it goes elsewhere). An app on another domain signs people in by OpenID Connect.`,
    );
  const base = gateway.pathname.replace(/\/+$/, '');
  return {
    id: app.hostname.replace(/[^a-z0-9]/g, '_'),
    scheme: schemeOf(app),
    host: app.hostname,
    authority: app.host,
    gateway: gateway.origin + base,
    gatewayHost: gateway.host,
    reach: reachOf(reach),
    check: `${base}/check`,
    upstream: reachOf(upstream),
    listen: readListen(options.listen),
    tls: readTls(options),
    identity: identityHeaderNames({ headers, identityJwt }),
    cookie: cookieNames(environment).domain,
    cookieDomain,
    roles,
    script: readFile(options.script ?? '/etc/haproxy/crossgate.lua', '--script', '/etc/haproxy/crossgate.lua'),
  };
}

function readUrl(text: string, option: string, example: string, path?: 'path'): URL {
  const url = URL.parse(text);
  // a name that no configuration language reads as anything else
  const plain = url && /^(?=.*[a-z0-9])[a-z0-9.-]+$/.test(url.hostname) && /^https?:$/.test(url.protocol);
  if (!plain || url.username || url.password || url.search || url.hash || /[\s"'`$%{}\\;]/.test(text))
    return refuse(option, text, example);
  if (path ? !/^(?:\/[A-Za-z0-9_.-]+)*\/?$/.test(url.pathname) : url.pathname !== '/')
    return refuse(option, text, example);
  return url;
}

const schemeOf = (url: URL) => (url.protocol === 'http:' ? 'http' : 'https');

function reachOf(url: URL): Reach {
  const scheme = schemeOf(url);
  const port = url.port ? Number(url.port) : scheme === 'https' ? 443 : 80;
  return { scheme, host: url.hostname, port, address: `${url.hostname}:${port}`, origin: url.origin };
}

function readListen(text: string | undefined): ProxySite['listen'] {
  if (text === undefined) return undefined;
  const [, address, port] = /^(?:([0-9.]+):)?([0-9]{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return refuse('--listen', text, '127.0.0.1:8080');
  return { address, port: Number(port) };
}

function readTls({ certificate, key }: ProxyOptions): ProxySite['tls'] {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined)
    throw new CliError(exits.usage, '--certificate and --key go together: give both files, or neither.');
  return {
    certificate: readFile(certificate, '--certificate', '/etc/ssl/notes.pem'),
    key: readFile(key, '--key', '/etc/ssl/notes.key'),
  };
}

function readFile(file: string, option: string, example: string): string {
  return /^\/[\w./@+-]+$/.test(file) ? file : refuse(option, file, example);
}

function refuse(option: string, given: string, example: string): never {
  throw new CliError(exits.usage, `${option} cannot be ${JSON.stringify(given)}. Write it like ${option} ${example}`);
}
