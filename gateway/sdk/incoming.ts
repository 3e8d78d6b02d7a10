import type { HeaderReader } from '../../shared/navigation.ts';

/** What the filter looks at in a request, whatever framework carries it. The body is never touched. */
export type Incoming = {
  readonly method: string;
  /**
   * Path and query as the request line has them, or an absolute URL of which only these two parts count: who the app is
   * comes from its options, never from a request.
   */
  readonly target: string;
  /** One header as received, by its name in lower case. */
  readonly header: HeaderReader;
};

/**
 * Path and query of a request, as the URL standard reads them: dot segments resolved, backslashes turned, the rest
 * percent-encoded.
 *
 * @param origin Any http(s) origin; stands in where the target has none.
 * @returns `/` for a target that is neither a path nor an http(s) URL, such as `*`.
 */
export function pathAndQuery(target: string, origin: string): { readonly path: string; readonly query: string } {
  // after an origin, `//evil.test` is a path: there is no base URL here that it could replace the host of
  const text = target.startsWith('/') ? origin + target : target;
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return { path: '/', query: '' };
  const { pathname, search } = new URL(text);
  // the URL standard leaves backslashes alone in a query; the gateway's judge of URLs does not
  return { path: pathname, query: search.replaceAll('\\', '%5C') };
}
