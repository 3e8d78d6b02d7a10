import type { CookieNames } from '../../shared/cookies/cookie.ts';
import type { Store } from '../../shared/store/store.ts';
import type { Feed } from '../check/feed.ts';
import type { GatewayDeps } from '../deps.ts';
import type { ClientKeys } from '../hand-off/client-keys.ts';
import type { Addresses } from '../http/addresses.ts';
import type { Logouts } from '../logout/delivery.ts';
import type { Provider } from '../provider/openid.ts';

/** What everything above this room works with: the deps, and what is made of them once per process. */
export type Parts = GatewayDeps & {
  readonly at: Addresses;
  readonly names: CookieNames;
  /** By id, in the order of the configuration: the first is the default. */
  readonly providers: ReadonlyMap<string, Provider>;
  readonly feed: Feed;
  readonly clientKeys: ClientKeys;
  readonly logouts: Logouts;
};

/** Parts of a gateway with a store. What asks for them can't be served by one without. */
export type SharedParts = Parts & { readonly store: Store };

/** Is there a store? */
export const hasStore = (parts: Parts): parts is SharedParts => parts.store !== undefined;
