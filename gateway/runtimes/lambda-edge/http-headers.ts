import type { CloudFrontHeaders, CloudFrontResponse, ResponseHandler } from './event.ts';
import type { HttpHeadersSettings } from './settings.ts';

/**
 * http_headers: puts security headers onto what goes to the browser. At viewer-response onto every answer below 400, from
 * the cache too; at origin-response onto errors as well, and once for as long as the cache keeps the answer.
 *
 * Of each header the first rule that matches the path and names it decides. What the origin said stays, unless the rule
 * says otherwise. It knows no secret, and nothing of who is signed in.
 */
export function createHttpHeaders(settings: HttpHeadersSettings): ResponseHandler {
  const rules = settings.headers.map(({ path, set, override }) => ({
    below: path.endsWith('/*') ? path.slice(0, -2) : undefined,
    path,
    override,
    headers: Object.entries(set).map(([key, value]) => ({
      name: key.toLowerCase(),
      values: value === null ? undefined : Object.freeze([Object.freeze({ key, value })]),
    })),
  }));
  const matches = ({ below, path }: (typeof rules)[number], asked: string): boolean =>
    below === undefined
      ? asked === path
      : asked.startsWith(below) && (asked.length === below.length || asked[below.length] === '/');

  return async (event): Promise<CloudFrontResponse> => {
    const { request, response } = event.Records[0].cf;
    const headers: CloudFrontHeaders = { ...response.headers };
    const path = decoded(request.uri);
    const decided = new Set<string>();
    for (const rule of rules) {
      if (!matches(rule, path)) continue;
      for (const { name, values } of rule.headers) {
        if (decided.has(name)) continue;
        decided.add(name);
        if (response.headers[name] !== undefined && !rule.override) continue;
        if (values) headers[name] = values;
        else delete headers[name];
      }
    }
    return { ...response, headers };
  };
}

function decoded(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    // a lone `%`: then the path is what it is
    return path;
  }
}
