import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import type { HeaderReader } from '../../shared/navigation.ts';
import type { Forward } from './passage.ts';

/** What every request of the gateway carries through its handlers. */
export type GatewayEnv = {
  Bindings: {
    /** Address of whoever is connected, where the runtime tells it by itself. */
    readonly peer?: string | undefined;
    /** The runtime's own way to the apps. Absent: by `fetch`. */
    readonly forward?: Forward;
    /** Node's request, where there is one. */
    readonly incoming?: {
      /** As it came: `Request` has dot segments resolved. */
      readonly url?: string | undefined;
      readonly method?: string | undefined;
      readonly rawHeaders?: readonly string[];
      readonly socket: { readonly remoteAddress?: string | undefined };
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    };
  };
  Variables: {
    /** Names the request in the log and on an error page; made when first asked for. */
    requestId: string | undefined;
    /** Where an error page's way on leads, once that is known: an address of ours. */
    retry: string | undefined;
  };
};

export type GatewayContext = Context<GatewayEnv>;

/** Reads headers of a request by lower-case name. On Node straight from its request: no `Headers` object is built for it. */
export function headerReader(c: GatewayContext): HeaderReader {
  const headers = rawRequest(c)?.headers;
  if (!headers) return (name) => c.req.header(name);
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
}

/** Address of whoever is connected: a proxy, or a browser. `undefined` where the runtime doesn't tell. */
export function peerAddress(c: GatewayContext): string | undefined {
  return (c.env as GatewayEnv['Bindings'] | undefined)?.peer ?? rawRequest(c)?.socket.remoteAddress;
}

/** The request as it came; `undefined` where the runtime has it no longer. Called as a bare function a gateway has no environment at all, whatever hono's types say. */
export function rawRequest(c: GatewayContext): GatewayEnv['Bindings']['incoming'] {
  return (c.env as GatewayEnv['Bindings'] | undefined)?.incoming;
}

/** The name of this request, for the log and for a person to quote. */
export function requestId(c: GatewayContext): string {
  const known = c.get('requestId') ?? randomBytes(9).toString('base64url');
  c.set('requestId', known);
  return known;
}

/** Adds `Set-Cookie` values to the answer. */
export function addCookies(c: GatewayContext, cookies: readonly string[]): void {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true });
}
