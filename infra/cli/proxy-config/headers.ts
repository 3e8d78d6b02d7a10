import { everyIdentityHeader } from '../../../gateway/check/identity-headers.ts';
import type { ProxySite } from './site.ts';

/** CGI and its heirs turn `-` into `_`, some of them whatever is neither a letter nor a digit: `X!Auth~Request.User`. */
const mark = '[^a-z0-9]';

/**
 * Identity headers in every spelling that some server reads as one of them. A regular expression for names in lower case.
 *
 * @see https://doc.traefik.io/traefik/security/header-aliases/
 */
export const identityPattern = `^(remote|x${mark}auth${mark}request)${mark}|^identity${mark}token$`;

/** Headers that say which address was asked for, likewise: no client may. */
export const addressPattern = `^x${mark}(forwarded|original|rewrite)${mark}|^forwarded$`;

/** The same less `X-Forwarded-…` as it should be written, for proxies that have set it themselves by then. */
export const addressAliasPattern = `^x${mark}(original|rewrite)${mark}|^x(-forwarded[^a-z0-9-]|[^a-z0-9-]forwarded${mark})|^forwarded$`;

/** The same by name, where a proxy knows no patterns. `X-Forwarded-Host`, `-Proto` and `-For` are set, not stripped. */
export const addressHeaders = [
  'X-Forwarded-Method',
  'X-Forwarded-Uri',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-Server',
  'X-Original-URL',
  'X-Original-Method',
  'X-Original-URI',
  'X-Original-Host',
  'X-Rewrite-URL',
  'Forwarded',
] as const;

/** Identity headers that the gateway does not answer with: the other family, and the token where it is off. */
export const unusedIdentity = ({ identity }: ProxySite): readonly string[] =>
  everyIdentityHeader.filter((name) => !identity.includes(name));

/** What the gateway needs of a request beside its address, in lower case. */
export const asked = [
  'cookie',
  'accept',
  'origin',
  'access-control-request-method',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-fetch-site',
  'sec-purpose',
  'purpose',
  'x-moz',
  'sec-websocket-version',
  'sec-websocket-key',
] as const;

/** Names of the gateway's own cookies, as a regular expression of `Cookie` pairs. */
export const cookiePattern = '__(?:Host|Secure)-sso[^=;]*=[^;]*';

/** Lines of a configuration's head, as comments. */
export const head = (lines: string, mark = '#'): string =>
  lines
    .trim()
    .split('\n')
    .map((line) => `${mark} ${line}`.trimEnd())
    .join('\n');
