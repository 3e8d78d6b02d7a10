import { isNavigation } from '../../shared/navigation.ts';
import { longestUrl } from '../../shared/return-url.ts';
import { type Incoming, pathAndQuery } from './incoming.ts';

/** Where the filter sends people. All of it comes from the app's options, never from `Host` or `X-Forwarded-*`. */
export type Addresses = {
  /** The gateway's JWK Set for domain cookies. */
  readonly jwks: string;
  /** Sends a person to sign in, then to `returnTo`. */
  signIn(returnTo: string): string;
  /** Renews an expired domain cookie, then returns to `returnTo`. */
  refresh(returnTo: string): string;
  /** Ends the sign-in everywhere. */
  signOut(returnTo: string): string;
  /**
   * Where a person should be after a bounce. For a navigation that is the page asked for. For anything else it is the
   * page that asked (`Referer`, where it is of this app): nobody wants to land on the answer of an API.
   *
   * What would be longer than the gateway takes (1,024 characters) falls back to the app's root: the person loses their
   * place but not their sign-in.
   */
  returnFrom(incoming: Incoming): string;
  /**
   * An address for a link that somebody wrote: a path of this app (`/notes/1`), or an absolute URL that the gateway
   * will judge. Unset: the app's root.
   */
  returnTo(address: string | undefined): string;
};

/**
 * Works the addresses out once.
 *
 * @param gateway Public URL of the gateway, checked.
 * @param url Public base URL of the app, checked. Its path stands before every path that the app sees.
 */
export function createAddresses(gateway: string, url: string): Addresses {
  const above = gateway.replace(/\/+$/, '');
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, '');
  const root = `${origin}${base}/`;

  const at = (path: string, returnTo: string) => `${above}${path}?${new URLSearchParams({ return_to: returnTo })}`;
  const fitting = (address: string) => (address.length > longestUrl ? root : address);
  const own = (target: string) => {
    const { path, query } = pathAndQuery(target, origin);
    return fitting(origin + base + path + query);
  };

  const referer = (text: string | undefined) => {
    if (text === undefined || !URL.canParse(text)) return undefined;
    const page = new URL(text);
    if (page.origin !== origin || !`${page.pathname}/`.startsWith(`${base}/`)) return undefined;
    return fitting(origin + page.pathname + page.search.replaceAll('\\', '%5C'));
  };

  return {
    jwks: `${above}/.well-known/sso-jwks.json`,
    signIn: (returnTo) => at('/login', returnTo),
    refresh: (returnTo) => at('/refresh', returnTo),
    signOut: (returnTo) => at('/logout', returnTo),
    returnFrom(incoming) {
      if (isNavigation(incoming.method, incoming.header)) return own(incoming.target);
      return referer(incoming.header('referer')) ?? (incoming.method === 'GET' ? own(incoming.target) : root);
    },
    returnTo(address) {
      if (address === undefined) return root;
      return address.startsWith('/') ? own(address) : address;
    },
  };
}
