import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeaderReader, isPreflight, isWebSocket } from '../../../shared/navigation.ts';
import type { Gateway } from '../../app.ts';
import { authRequest, type Dialect, extAuthz, forwardAuth } from '../../check/dialects.ts';
import { isTimeToRenew, isTimeToRenewInPassing, readCheckRequest } from '../../check/request.ts';

/** Handles a request if it is one that the door takes; `false` leaves it untouched for the ordinary listener. */
export type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The fast way into `/check`: before a `Request` object exists, for exactly `GET /check` and `GET /check/nginx`, and
 * whatever Envoy asks, of somebody who may pass. All the rest, refusals and renewals included, goes the ordinary way.
 */
export function createDoor({ checker, parts }: Gateway): Door {
  const { at, clock, config, names } = parts;
  const { core, rules, mintIdentity, renewals } = checker;
  const renewal = { cookie: names.domain, renewWithin: config.cookie.renewWithin };
  const path = `${at.base}/check`;
  const nginxPath = `${path}/nginx`;
  const envoyPath = `${path}/envoy`;
  const envoy = extAuthz(envoyPath);

  const dialectOf = ({ url = '', method }: IncomingMessage): Dialect | undefined => {
    if (url === path) return method === 'GET' ? forwardAuth : undefined;
    if (url === nginxPath) return method === 'GET' ? authRequest : undefined;
    return url.startsWith(envoyPath) ? envoy : undefined;
  };

  return (request, response) => {
    const dialect = dialectOf(request);
    if (!dialect) return false;
    const { headers } = request;
    // only `set-cookie` would be a list
    const header: HeaderReader = (name) => headers[name] as string | undefined;
    const now = clock();
    let question: ReturnType<typeof readCheckRequest>;
    try {
      question = readCheckRequest(header, request.socket.remoteAddress, rules, dialect, request);
    } catch {
      // the ordinary way says what is wrong with it
      return false;
    }
    const { target, rule } = question;
    if (target && (isPreflight(target.method, header) || isWebSocket(header))) return false;
    const outcome = core.check(header('cookie'), rule, now);
    if (outcome.kind !== 'allow') return false;
    const { visitor } = outcome;
    if (isTimeToRenew(visitor, target, header, now, config.cookie.renewWithin)) return false;
    if (
      renewals &&
      isTimeToRenewInPassing(visitor, question, header, now, renewal) &&
      renewals.isOpen(visitor.cookie, now)
    )
      return false;
    const complete = outcome.headers.slice();
    if (mintIdentity) complete.push(...mintIdentity(visitor, target?.host, now));
    if (dialect.passes === 200) complete.push('Content-Length', '0');
    response.writeHead(dialect.passes, complete);
    response.end();
    return true;
  };
}
