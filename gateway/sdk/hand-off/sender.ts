import type { HeaderReader } from '../../../shared/navigation.ts';

/**
 * Whose page sent this request? `unknown`: the browser doesn't say, or hides it.
 *
 * @param origin The app's own.
 * @see https://www.w3.org/TR/fetch-metadata/ and RFC 6454 §7
 */
export function senderOf(header: HeaderReader, origin: string): 'own' | 'unknown' | 'foreign' {
  const from = header('origin');
  const site = header('sec-fetch-site');
  if (from === origin) return site === undefined || site === 'same-origin' ? 'own' : 'foreign';
  if (from !== undefined && from !== 'null') return 'foreign';
  return site === undefined || site === 'same-origin' || site === 'none' ? 'unknown' : 'foreign';
}
