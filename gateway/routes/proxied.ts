import { isWebSocket } from '../../shared/navigation.ts';
import { type GatewayContext, headerReader, peerAddress, rawRequest } from '../http/context.ts';
import type { HeaderList, PassingVisitor } from '../http/passage.ts';
import { type AnswerHeaders, createAnswerHeaders } from '../proxy/answer-headers.ts';
import { forwardByFetch } from '../proxy/by-fetch.ts';
import { isOutlived } from '../proxy/outlived.ts';
import { withRenewedCookie } from '../proxy/renewed-cookie.ts';
import { createUpstreamHeaders } from '../proxy/request-headers.ts';
import { type Arrival, proxiedTarget } from '../proxy/target.ts';
import type { FindUpstream, Upstream } from '../proxy/upstreams.ts';
import type { Parts } from '../session/parts.ts';
import { type Checker, check, returnable } from './check.ts';

/** Answers a request for an app that the gateway stands in front of. */
export type Proxied = (c: GatewayContext) => Response | Promise<Response>;

/**
 * Makes the way to the apps: the same rules as for `/check` decide, with the same answers to who may not pass; who may goes
 * on to the app, and the address that was asked about goes on as it came.
 *
 * @throws SsoError `bad_request`, `upstream_unavailable`, `upstream_slow`, and what `check` throws
 */
export function createProxied(find: FindUpstream, checker: Checker, parts: Parts): Proxied {
  const { at, clock, config, feed, fetch, isTrustedPeer } = parts;
  const own = `1.1 ${at.host}`;
  const upstreamHeaders = createUpstreamHeaders(config, own, isTrustedPeer);
  const hasOutlived = (visitor: PassingVisitor) => isOutlived(feed, visitor, true, clock());
  const answers = new WeakMap<Upstream['settings'], AnswerHeaders>();
  const answerOf = (settings: Upstream['settings']): AnswerHeaders => {
    const made = answers.get(settings) ?? createAnswerHeaders(settings);
    answers.set(settings, made);
    return made;
  };

  return (c) => {
    const arrival = arrivalOf(c);
    const upstream = find(hostOf(c), arrival.url);
    if (!upstream) throw new Error('no app has this host');
    const header = headerReader(c);
    const target = proxiedTarget(arrival, upstream, own);
    const answer = answerOf(upstream.settings);
    return check(c, checker, parts, {
      target: () => target,
      passes: 204,
      redirects: 302,
      sockets: upstream.origins,
      pass: (pass, visitor, rule, renewed) => {
        const peer = peerAddress(c);
        const isPrivate = visitor.kind === 'known' || !rule?.public;
        const forward = c.env?.forward ?? forwardByFetch(c.req.raw, fetch, hasOutlived);
        const passage = {
          method: target.method,
          upstream: upstream.url,
          target: arrival.url,
          headers: upstreamHeaders({ came: arrival.rawHeaders, upstream, pass, peer }),
          timeout: upstream.settings.timeout,
          isWebSocket: isWebSocket(header),
          visitor: visitor.kind === 'known' ? visitor.cookie : undefined,
          answer: (headers: HeaderList) => {
            const answered = answer(headers, { path: target.path, isPrivate });
            // the app may have taken its time, and the person signed out meanwhile
            const isOver = visitor.kind !== 'known' || feed.isEnded(visitor.cookie.sid);
            return renewed === undefined || isOver ? answered : withRenewedCookie(answered, renewed);
          },
        };
        return forward(passage).catch((error: unknown) => {
          if (target.method === 'GET') c.set('retry', returnable(target, parts));
          throw error;
        });
      },
    });
  };
}

/** `Host` that a request was sent with. */
export function hostOf(c: GatewayContext): string {
  return headerReader(c)('host') ?? new URL(c.req.url).host;
}

/** The request as it came; where the runtime has it no longer, as `fetch` has it. */
function arrivalOf(c: GatewayContext): Arrival {
  const { method, url, rawHeaders } = rawRequest(c) ?? {};
  if (method !== undefined && url !== undefined && rawHeaders !== undefined) return { method, url, rawHeaders };
  const { raw } = c.req;
  return {
    method: raw.method,
    url: raw.url.slice(new URL(raw.url).origin.length),
    rawHeaders: [...raw.headers].flat(),
  };
}
