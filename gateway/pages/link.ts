/**
 * The address as it may stand in an `href` or `action`.
 *
 * Addresses come here judged already; this is the second lock on the door of `javascript:`.
 *
 * @returns The URL as the WHATWG parser wrote it; `undefined` for whatever is not an absolute http(s) URL.
 */
export function httpHref(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
}

/**
 * An address of the gateway itself.
 *
 * @param base Public URL of the gateway; its path is kept, a slash at its end does not matter.
 * @param path From `/` on.
 * @param query Parameters; those that are `undefined` are left out.
 * @throws TypeError where `base` is no http(s) URL: the configuration lets none pass.
 */
export function gatewayHref(
  base: string,
  path: `/${string}`,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const address = httpHref(base.replace(/\/+$/, '') + path);
  if (address === undefined) throw new TypeError('the public URL is no http(s) URL');
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/**
 * Where a sign-in starts.
 *
 * @param returnTo A judged address; absent: back to the gateway's home.
 * @param prompt `login` asks the provider to sign the person in afresh, so that another account can be used.
 */
export function loginHref(base: string, returnTo?: string | undefined, prompt?: 'login'): string {
  return gatewayHref(base, '/login', { return_to: returnTo ?? gatewayHref(base, '/'), prompt });
}
