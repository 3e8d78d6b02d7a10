import type { Config } from '../../shared/config.ts';
import type { UserId } from '../../shared/identity.ts';

/** Who an upstream is told about. */
export type Identified = {
  readonly uid: UserId;
  readonly email?: string;
  readonly name?: string;
  readonly roles?: readonly string[];
};

/** What the headers go by. */
export type IdentitySettings = Pick<Config['check'], 'headers' | 'identityJwt'>;

/** Headers as name, value, name, value…: ready for `writeHead`. */
export type FlatHeaders = readonly string[];

/** What an answer of `/check` depends on. */
export const checkVary = 'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept';

const families = {
  remote: ['Remote-User', 'Remote-Email', 'Remote-Name', 'Remote-Groups'],
  'x-auth-request': [
    'X-Auth-Request-User',
    'X-Auth-Request-Email',
    'X-Auth-Request-Preferred-Username',
    'X-Auth-Request-Groups',
  ],
} as const satisfies Record<Config['check']['headers'], readonly string[]>;

/** Name of the header that carries the signed identity. */
export const identityTokenHeader = 'Identity-Token';

/** Names of the identity headers of every configuration: what no client may say of itself to anybody's upstream. */
export const everyIdentityHeader: readonly string[] = [...Object.values(families).flat(), identityTokenHeader];

/** Names of every identity header of a configuration, so that proxies and tests know what to strip. */
export function identityHeaderNames(check: IdentitySettings): readonly string[] {
  return [...families[check.headers], ...(check.identityJwt ? [identityTokenHeader] : [])];
}

/**
 * The identity headers for somebody, or for nobody: always all of them, empty where there is nothing to say, so that a
 * proxy that copies them overwrites whatever a client sent. The signed identity is not among them: it depends on the host.
 */
export function identityHeaders(check: IdentitySettings, who: Identified | undefined): FlatHeaders {
  const [user, email, name, groups] = families[check.headers];
  return [
    user,
    headerValue(who?.uid ?? ''),
    email,
    headerValue(who?.email ?? ''),
    name,
    headerValue(who?.name ?? ''),
    groups,
    headerValue(who?.roles?.join(',') ?? ''),
  ];
}

/** Every header of the answer that lets somebody, or nobody, through, in its order; less the signed identity. */
export function passHeaders(check: IdentitySettings, who: Identified | undefined): FlatHeaders {
  return [...identityHeaders(check, who), 'Cache-Control', 'no-store', 'Vary', checkVary];
}

/** Percent-encodes what is not printable ASCII, and `%` itself, so that a value survives every proxy and decodes back. */
export function headerValue(text: string): string {
  return /^[\x20-\x24\x26-\x7e]*$/.test(text)
    ? text
    : encodeURIComponent(text.toWellFormed()).replaceAll('%20', ' ').replaceAll('%40', '@');
}
