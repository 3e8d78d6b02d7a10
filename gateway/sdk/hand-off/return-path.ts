import { longestUrl } from '../../../shared/return-url.ts';

/** Says where on this app somebody may be sent back to. */
export type ReturnPaths = {
  /**
   * The absolute address of a path that somebody else named (`return_to`), as a browser's address bar has it: path, query
   * and fragment.
   *
   * @returns `undefined` for everything else: another host however it is spelt, another app below the same host, the
   *   filter's own endpoints, control characters, spaces and backslashes, more than 1,024 characters.
   */
  judge(path: string): string | undefined;
  /** The path of an address of this app, for a link; the root's for what {@link judge} would refuse. */
  pathOf(address: string): string;
};

/**
 * @param url Public base URL of the app, checked.
 * @param base Path below which the filter answers itself.
 */
export function createReturnPaths(url: string, base: string): ReturnPaths {
  const { origin, pathname } = new URL(url);
  const above = pathname.replace(/\/+$/, '');

  const judge = (path: string): string | undefined => {
    if (path.length > longestUrl || !/^\/(?![/\\])/.test(path)) return undefined;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that they are refused is the point
    if (/[\u0000-\u0020\u007f-\u009f\u00a0\u2028\u2029\ufeff\\]/.test(path)) return undefined;
    if (!URL.canParse(origin + path)) return undefined;
    const there = new URL(origin + path);
    // `/.//host` is a path here, and another host to whoever reads it without the origin
    if (there.origin !== origin || there.pathname.startsWith('//') || there.href.length > longestUrl) return undefined;
    const inside = `${there.pathname}/`;
    if (!inside.startsWith(`${above}/`) || inside.startsWith(`${above}${base}/`)) return undefined;
    return there.href;
  };

  return {
    judge,
    pathOf(address) {
      const path = address.startsWith(`${origin}/`) ? address.slice(origin.length) : address;
      return judge(path) === undefined ? `${above}/` : path;
    },
  };
}
