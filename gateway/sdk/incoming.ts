/** What the filter looks at in a request, whatever framework carries it. The body is never touched. */
export type Incoming = {
  readonly method: string;
  /**
   * Path and query as the request line has them, or an absolute URL of which only these two parts count: who the app is
   * comes from its options, never from a request.
   */
  readonly target: string;
  /** One header as received, by its name in lower case. */
  header(name: string): string | undefined;
};

/**
 * Is this a person's browser going to a page, which may be sent elsewhere? Only a top-level GET is: Fetch Metadata says
 * so, and where a browser sends none, `Accept: text/html` does. HEAD is not: browsers never navigate by it.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isNavigation({ method, header }: Incoming): boolean {
  if (method !== 'GET') return false;
  const mode = header('sec-fetch-mode');
  const dest = header('sec-fetch-dest');
  if (mode !== undefined || dest !== undefined) return mode === 'navigate' && dest === 'document';
  return (header('accept') ?? '').includes('text/html');
}

/** Is a browser only preparing for a click that may never come? */
export function isPrefetch({ header }: Incoming): boolean {
  return ['sec-purpose', 'purpose', 'x-moz'].some((name) => /prefetch|prerender/i.test(header(name) ?? ''));
}

/** Is this a CORS preflight? It carries no cookie and can't be redirected. */
export function isPreflight({ method, header }: Incoming): boolean {
  return (
    method === 'OPTIONS' && header('origin') !== undefined && header('access-control-request-method') !== undefined
  );
}

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
