/** Reads one header of a request, whatever carries it; names in lower case. */
export type HeaderReader = (name: string) => string | undefined;

/**
 * Is this a person's browser going to a page, which may be sent elsewhere? Only a top-level GET is: Fetch Metadata says
 * so, and where a browser sends none, `Accept: text/html` does.
 *
 * @param method Method of the request that the person made (behind a proxy: the forwarded one).
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function isNavigation(method: string, header: HeaderReader): boolean {
  if (method !== 'GET') return false;
  const mode = header('sec-fetch-mode');
  const dest = header('sec-fetch-dest');
  if (mode !== undefined || dest !== undefined) return mode === 'navigate' && dest === 'document';
  return (header('accept') ?? '').includes('text/html');
}

/** Does somebody look at the answer, so that a page serves better than JSON? Broader than {@link isNavigation}. */
export function wantsPage(header: HeaderReader): boolean {
  const mode = header('sec-fetch-mode');
  return (mode === undefined || mode === 'navigate') && (header('accept') ?? '').includes('text/html');
}

/** Is a browser only preparing for a click that may never come? */
export function isPrefetch(header: HeaderReader): boolean {
  return /prefetch|prerender/i.test(
    `${header('sec-purpose') ?? ''} ${header('purpose') ?? ''} ${header('x-moz') ?? ''}`,
  );
}

/**
 * Is somebody opening a WebSocket? Proxies take `Upgrade` away before they ask about a request; what else belongs to the
 * handshake alone they hand on, and no page can leave it out.
 *
 * @see RFC 6455 §4.1 and RFC 8441 §5
 */
export function isWebSocket(header: HeaderReader): boolean {
  return (
    header('sec-websocket-version') !== undefined ||
    header('sec-websocket-key') !== undefined ||
    header('sec-fetch-mode') === 'websocket' ||
    (header('upgrade') ?? '').toLowerCase().includes('websocket')
  );
}

/** Is this a CORS preflight? It carries no cookie and can't be redirected. */
export function isPreflight(method: string, header: HeaderReader): boolean {
  return (
    method === 'OPTIONS' && header('origin') !== undefined && header('access-control-request-method') !== undefined
  );
}

/**
 * Does a page of a foreign origin open a WebSocket? Browsers send a sibling's handshake with our cookies, ask no preflight,
 * and let the page read what comes: its `Origin` alone tells. A caller without one is no browser, and has only cookies of
 * its own.
 *
 * @see RFC 6455 §10.2
 */
export function isForeignSocket(header: HeaderReader, isOwn: (origin: string) => boolean): boolean {
  if (!isWebSocket(header)) return false;
  const origin = header('origin');
  return origin !== undefined && !isOwn(origin);
}
