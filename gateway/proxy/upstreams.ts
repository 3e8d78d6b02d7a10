import type { ClientConfig } from '../../shared/config.ts';

/** An app that the gateway stands in front of, by one of its hosts. */
export type Upstream = {
  /** What its visitors see. */
  readonly origin: string;
  /** `Host` of their requests. */
  readonly host: string;
  readonly url: URL;
  readonly settings: NonNullable<ClientConfig['upstream']>;
  /** All origins of the app: whose pages may open its WebSockets. */
  readonly origins: readonly string[];
};

/**
 * Finds the app that a request is for; `undefined`: none, it is the gateway's own.
 *
 * @param host `Host` of the request.
 * @param target Path and query, as they came: on the gateway's own host all below its base path is its own.
 */
export type FindUpstream = (host: string | undefined, target: string) => Upstream | undefined;

/** Makes {@link FindUpstream}; `undefined`: the gateway stands in front of no app. */
export function createUpstreams(
  clients: readonly ClientConfig[],
  own: { readonly host: string; readonly base: string },
): FindUpstream | undefined {
  const byHost = new Map<string, Upstream>();
  for (const { origins, upstream } of clients) {
    if (!upstream) continue;
    const url = new URL(upstream.url);
    for (const origin of origins) {
      const { host } = new URL(origin);
      byHost.set(host, { origin, host, url, settings: upstream, origins });
    }
  }
  if (byHost.size === 0) return undefined;
  const isOwn = (target: string) =>
    target.startsWith(own.base) && ['/', '?', undefined].includes(target[own.base.length]);
  return (host, target) => {
    if (host === undefined) return undefined;
    const found = byHost.get(host) ?? byHost.get(host.toLowerCase());
    return found?.host === own.host && isOwn(target) ? undefined : found;
  };
}
