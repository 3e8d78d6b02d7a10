import { type FlatHeaders, identityHeaderNames } from '../../check/identity-headers.ts';
import type { CloudFrontHeaders } from './event.ts';
import type { CheckAuthSettings } from './settings.ts';

/** Puts an identity onto a request for the origin, in place of whatever the viewer claimed to be. */
export type ImposeIdentity = (headers: CloudFrontHeaders, identity: FlatHeaders) => void;

type Values = CloudFrontHeaders[string];
type Written = { readonly user: Values; readonly email: Values; readonly name: Values; readonly groups: Values };

/** Header names of which the verdict is remembered; a viewer can make up any number of others. */
const remembered = 500;

/**
 * Makes {@link ImposeIdentity}. Every identity header goes, of every family and with `_` or `.` for `-`: servers that make
 * variables of headers take them for the same. Then all of the chosen family are set, empty where there is nothing to say.
 */
export function createImposeIdentity(family: CheckAuthSettings['headers']): ImposeIdentity {
  const every = new Set([...namesOf('remote'), ...namesOf('x-auth-request')]);
  // most names are settled by their first letter
  const initials = new Uint8Array(128);
  for (const name of every) for (const one of [name, name.toUpperCase()]) initials[one.charCodeAt(0)] = 1;
  const verdicts = new Map<string, boolean>();
  const isClaim = (name: string): boolean => {
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const found = every.has(name.toLowerCase().replace(/[^a-z0-9]/g, '-'));
    if (verdicts.size < remembered) verdicts.set(name, found);
    return found;
  };
  // by the list that the core remembers for each person
  const written = new WeakMap<FlatHeaders, Written>();
  const write = (identity: FlatHeaders): Written => {
    const valuesOf = (name: string): Values => {
      const at = identity.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
      const [key = name, value = ''] = at < 0 ? [] : identity.slice(at, at + 2);
      // the same list goes onto many requests
      return Object.freeze([Object.freeze({ key, value })]);
    };
    const values = { user: valuesOf(user), email: valuesOf(email), name: valuesOf(name), groups: valuesOf(groups) };
    written.set(identity, values);
    return values;
  };
  const [user = '', email = '', name = '', groups = ''] = asPropertyNames(namesOf(family));
  return (headers, identity) => {
    for (const one in headers) if (initials[one.charCodeAt(0)] === 1 && isClaim(one)) delete headers[one];
    const values = written.get(identity) ?? write(identity);
    // one by one: each place then has its own name, which the engine remembers
    headers[user] = values.user;
    headers[email] = values.email;
    headers[name] = values.name;
    headers[groups] = values.groups;
  };
}

/** The same texts in the form in which V8 has the names of properties: with others every write begins by looking them up. */
const asPropertyNames = (texts: readonly string[]): string[] =>
  Object.keys(Object.fromEntries(texts.map((text) => [text, true])));

const namesOf = (headers: CheckAuthSettings['headers']): string[] =>
  identityHeaderNames({ headers, identityJwt: true }).map((name) => name.toLowerCase());
