/** Names of the gateway's cookies, of every environment: another one's may lie on the same parent domain. */
const ours = /^__(?:host|secure)-sso(?:_|$)/i;

/** Is that the name of a cookie that only a gateway may set and read? Prefixes of names have no case. */
const isGatewayCookie = (name: string): boolean => ours.test(name);

/**
 * A `Cookie` header without the gateway's cookies; all others stay as they came.
 *
 * @param kept Name of the one that may stay.
 * @returns `undefined`: nothing is left.
 */
export function withoutGatewayCookies(header: string, kept: string | undefined): string | undefined {
  if (!/__(?:host|secure)-sso/i.test(header)) return header;
  const left = header.split(';').filter((pair) => {
    const name = nameOf(pair);
    return name === kept || !isGatewayCookie(name);
  });
  return left.join(';').trim() || undefined;
}

/** Would this `Set-Cookie` set a cookie that a gateway could take for its own? */
export function setsGatewayCookie(setCookie: string): boolean {
  return isGatewayCookie(nameOf(setCookie.split(';', 1)[0] ?? ''));
}

/** A cookie without a name is sent as its value alone: `=__Host-sso=x` comes back as `__Host-sso=x`. */
function nameOf(pair: string): string {
  const [name = ''] = pair.replace(/^[\s=]+/, '').split('=', 1);
  return name.trim();
}
