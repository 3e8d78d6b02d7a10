import { Buffer } from 'node:buffer';
import type { Seconds } from '../../shared/clock.ts';

/** A `Set-Cookie` header in its parts. */
export type SetCookie = {
  readonly name: string;
  readonly value: string;
  /** `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/` and the like, as they were written. */
  readonly flags: readonly string[];
  /** Absent: for the host alone that set it. */
  readonly domain?: string;
  /** Absent: until the browser closes. */
  readonly maxAge?: Seconds;
};

/** Takes a `Set-Cookie` header apart. Never throws: what is malformed is shown as it is. */
export function splitSetCookie(header: string): SetCookie {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  const attribute = (wanted: string) =>
    attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const domain = attribute('domain');
  const maxAge = Number(attribute('max-age') ?? Number.NaN);
  return {
    name: equals < 0 ? '' : pair.slice(0, equals),
    value: pair.slice(equals + 1),
    flags: attributes.filter((one) => !/^(domain|max-age|expires)=/i.test(one)),
    ...(domain === undefined ? {} : { domain }),
    ...(Number.isFinite(maxAge) ? { maxAge } : {}),
  };
}

/** Is that the signed cookie on the parent domain, of whatever environment? */
export const isDomainCookie = (name: string): boolean => /^__Secure-sso(_[a-z0-9]{1,12})?$/.test(name);

/** A cookie's name less what is random in it: an attempt's ends in a hash. */
export const shownCookieName = (name: string): string => name.replace(/(_(?:login|handoff|challenge)_).+$/, '$1…');

/**
 * The claims of a domain cookie, to look at: nothing is verified, and the signature is not touched.
 *
 * @returns `undefined` for what is no JWT.
 */
export function decodeDomainCookie(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature, more] = token.split('.');
  if (payload === undefined || signature === undefined || more !== undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? { ...claims } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
