/** What routers, proxies and parsers of URLs disagree about: a path with any of it is nobody's to wave through. */
const ambiguous = /\/\/|\\|;|%(?:00|25|2e|2f|5c)/i;

/**
 * Does a request's path work signed out?
 *
 * `/x/*` is `/x`, `/x/` and all below, never `/xy`; any other path is that path alone. The path has to be the same text
 * before and after the URL standard's reading, else it is not public: a filter that reads `/public/../admin` unlike the
 * router behind it would open a door.
 *
 * @param target As received: path and query, or an absolute URL.
 */
export function isPublicPath(target: string, publicPaths: readonly string[]): boolean {
  if (publicPaths.length === 0) return false;
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '') || '/';
  if (!path.startsWith('/') || ambiguous.test(path) || new URL(`http://localhost${path}`).pathname !== path)
    return false;
  return publicPaths.some((pattern) => {
    if (!pattern.endsWith('/*')) return path === pattern;
    const below = pattern.slice(0, -2);
    return path === below || path.startsWith(`${below}/`);
  });
}
