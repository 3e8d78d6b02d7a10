import { SsoError } from '../../../shared/errors.ts';
import type { HeaderReader } from '../../../shared/navigation.ts';
import type { Rule } from '../../../shared/permissions/rules.ts';
import type { Dialect } from '../../check/dialects.ts';
import { type CheckRules, readCheckRequest } from '../../check/request.ts';
import { readTarget, type Target } from '../../http/forwarded.ts';
import type { CloudFrontRequest } from './event.ts';

/** One of the sites, taken apart once: the getters of `URL` cost as much as a rule. */
export type SiteAddress = { readonly origin: string; readonly scheme: string; readonly host: string };

/** What a request asks for, as far as deciding takes it. */
export type Asked = {
  /** As the origin will understand it: decoded, without the query. */
  readonly path: string;
  /** `undefined`: none matches, and nobody gets through. */
  readonly rule: Rule | undefined;
};

/** Reads what requests at one site ask for. */
export type ReadAsked = {
  /** @throws SsoError `forwarded_refused` for a path that two servers could read differently */
  (request: CloudFrontRequest): Asked;
  /** The same with the whole address, for whoever is to return to it. */
  whole(request: CloudFrontRequest): Asked & { readonly target: Target };
};

/** Paths that are remembered: most requests are for a few of them. */
const remembered = 1000;

/** What an address may hold after the path; see `readTarget`. */
const plainQuery = /^[\x21\x22\x24-\x7e]*$/;

/**
 * Makes the reader of one site. One address both picks the rule and becomes the one to return to; scheme and host come
 * from the settings, path and query as the viewer sent them.
 */
export function createReadAsked(site: SiteAddress, rules: CheckRules): ReadAsked {
  const known = new Map<string, Asked>();
  const whole = ({ method, uri, querystring }: CloudFrontRequest) => {
    const address = querystring === '' ? uri : `${uri}?${querystring}`;
    const dialect: Dialect = {
      target: () => readTarget(method, site.scheme, site.host, address),
      passes: 204,
      redirects: 302,
    };
    const { target, rule } = readCheckRequest(noHeader, undefined, rules, dialect);
    if (!target) throw new SsoError('internal', 'a request without a target');
    return { target, rule, path: target.path };
  };
  const read = (request: CloudFrontRequest): Asked => {
    const { method, uri, querystring } = request;
    // what most requests are; with other methods among them a path could be made to look like one of those
    if (method !== 'GET') return whole(request);
    const found = known.get(uri);
    if (found !== undefined && plainQuery.test(querystring)) return found;
    const { path, rule } = whole(request);
    if (known.size >= remembered) known.clear();
    const asked = { path, rule };
    known.set(uri, asked);
    return asked;
  };
  return Object.assign(read, { whole });
}

const noHeader: HeaderReader = () => undefined;
