import type { HeaderReader } from '../../shared/navigation.ts';

/**
 * Whose page sent this state-changing request, whatever its content type?
 *
 * `own`: the gateway's. `app`: a registered app's on the same site. `unknown`: a browser that hides the origin
 * (`Origin: null`), or a caller that sends none. `foreign`: everybody else.
 *
 * @see https://www.w3.org/TR/fetch-metadata/ and RFC 6454 §7
 */
export function requestOrigin(
  header: HeaderReader,
  ownOrigin: string,
  isAppOrigin: (origin: string) => boolean,
): 'own' | 'app' | 'unknown' | 'foreign' {
  const origin = header('origin');
  const site = header('sec-fetch-site');
  if (site === 'cross-site') return 'foreign';
  if (origin === undefined) return site === 'same-origin' ? 'own' : 'unknown';
  if (origin === 'null') return 'unknown';
  if (origin === ownOrigin) return site === undefined || site === 'same-origin' ? 'own' : 'foreign';
  return isAppOrigin(origin) && (site === undefined || site === 'same-site') ? 'app' : 'foreign';
}
