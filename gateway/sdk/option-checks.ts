import { Buffer } from 'node:buffer';
import { isLoopback } from '../../shared/loopback.ts';

/** Least length of an app's secret, in bytes. */
export const shortestSecret = 32;

/** Notes a mistake unless the condition holds. */
export type Demand = (holds: boolean, mistake: string) => void;

/** `undefined`: it is none, which was noted. */
function readBase(name: string, text: unknown, mistakes: string[]): URL | undefined {
  if (typeof text !== 'string' || !/^https?:\/\/[^/?#@]+(\/[^?#]*)?$/i.test(text) || !URL.canParse(text)) {
    mistakes.push(`${name} must be an absolute http(s) URL without user, query and fragment`);
    return undefined;
  }
  const url = new URL(text);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    mistakes.push(`${name} must be https (http only on localhost)`);
    return undefined;
  }
  return url;
}

/** Reads both public URLs. */
export function readBases(
  options: { readonly gateway?: unknown; readonly url?: unknown },
  mistakes: string[],
): { readonly gateway: URL | undefined; readonly app: URL | undefined } {
  const gateway = readBase('gateway', options.gateway, mistakes);
  const app = readBase('url', options.url, mistakes);
  if (gateway && app && app.protocol !== gateway.protocol)
    mistakes.push('url and gateway must both be https (both http only on localhost)');
  return { gateway, app };
}

/** As the gateway's own configuration normalises its public URL: it is the issuer, and compared letter by letter. */
export const normal = (url: URL | undefined): string => url?.href.replace(/\/+$/, '') ?? '';

/** Bytes of a secret; none for what can't be one. */
export function readSecret(secret: unknown): Uint8Array {
  if (typeof secret === 'string') return Buffer.from(secret);
  return secret instanceof Uint8Array ? Uint8Array.from(secret) : new Uint8Array();
}

/** Is that a text of this form? */
export const matches = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value);

/** What both kinds of app demand of the options that they share. */
export function demandOfBoth(
  options: Readonly<Partial<Record<'cookieName' | 'publicPaths' | 'optional', unknown>>>,
  demand: Demand,
): void {
  const { cookieName = '__Host-app_session', publicPaths = [], optional } = options;
  demand(
    matches(cookieName, /^__Host-[A-Za-z0-9_-]{1,64}$/),
    'cookieName must begin with __Host-, then letters, digits, _ and -',
  );
  demand(!matches(cookieName, /^__Host-sso/), 'cookieName must not begin with __Host-sso: those are the gateway’s own');
  demand(
    Array.isArray(publicPaths) && publicPaths.every((path) => matches(path, /^\/(?:[^*?#]*\/)?\*$|^\/[^*?#]*$/)),
    'publicPaths must begin with /, and may have * only at the end, after /',
  );
  demand(['boolean', 'undefined'].includes(typeof optional), 'optional must be true or false');
}
