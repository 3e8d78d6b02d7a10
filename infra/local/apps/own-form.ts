/**
 * Was this form sent by a page of this app? Browsers say so with every POST; whoever doesn't is not let in.
 *
 * @param origin Origin of the app, from its configuration.
 * @see https://www.w3.org/TR/fetch-metadata/ and RFC 6454 §7
 */
export function isOwnForm(header: (name: string) => string | undefined, origin: string): boolean {
  const site = header('sec-fetch-site');
  return header('origin') === origin && (site === undefined || site === 'same-origin');
}
