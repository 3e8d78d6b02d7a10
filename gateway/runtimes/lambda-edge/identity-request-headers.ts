import { type FlatHeaders, identityHeaderNames } from '../../check/identity-headers.ts';
import type { CloudFrontHeaders } from './event.ts';
import type { CheckAuthSettings } from './settings.ts';

/** Puts an identity onto a request for the origin, in place of whatever the viewer claimed to be. */
export type ImposeIdentity = (headers: CloudFrontHeaders, identity: FlatHeaders) => void;

/** Header names of which the verdict is remembered; a viewer can make up any number of others. */
const remembered = 500;

/**
 * Makes {@link ImposeIdentity}. Every identity header goes, of every family and with `_` or `.` for `-`: servers that make
 * variables of headers take them for the same. Then all of the chosen family are set, empty where there is nothing to say.
 */
export function createImposeIdentity(family: CheckAuthSettings['headers']): ImposeIdentity {
  const own = new Set(namesOf(family));
  const every = new Set([...namesOf('remote'), ...namesOf('x-auth-request')]);
  // most names are settled by their first letter
  const initials = new Set([...every].flatMap((name) => [name.charCodeAt(0), name.toUpperCase().charCodeAt(0)]));
  const verdicts = new Map<string, boolean>();
  const isClaim = (name: string): boolean => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const found = every.has(name.toLowerCase().replace(/[_.]/g, '-'));
    if (verdicts.size < remembered) verdicts.set(name, found);
    return found;
  };
  // by the list that the core remembers for each person
  const written = new WeakMap<FlatHeaders, readonly (readonly [string, CloudFrontHeaders[string]])[]>();
  const write = (identity: FlatHeaders) => {
    const pairs: [string, CloudFrontHeaders[string]][] = [];
    for (let i = 0; i < identity.length; i += 2) {
      const [key = '', value = ''] = identity.slice(i, i + 2);
      const name = key.toLowerCase();
      if (own.has(name)) pairs.push([name, Object.freeze([Object.freeze({ key, value })])]);
    }
    written.set(identity, pairs);
    return pairs;
  };
  return (headers, identity) => {
    for (const name in headers) if (initials.has(name.charCodeAt(0)) && isClaim(name)) delete headers[name];
    for (const [name, values] of written.get(identity) ?? write(identity)) headers[name] = values;
  };
}

const namesOf = (headers: CheckAuthSettings['headers']): string[] =>
  identityHeaderNames({ headers, identityJwt: true, trustedProxies: [] }).map((name) => name.toLowerCase());
