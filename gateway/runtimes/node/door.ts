import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HeaderReader, isPreflight } from '../../../shared/navigation.ts';
import type { Gateway } from '../../app.ts';
import { isTimeToRenew, readCheckRequest } from '../../check/request.ts';

/** Handles a request if it is one that the door takes; `false` leaves it untouched for the ordinary listener. */
export type Door = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The fast way into `/check`: before a `Request` object exists, for exactly `GET /check` of somebody who may pass. All
 * the rest, refusals and renewals included, goes the ordinary way.
 */
export function createDoor({ checker, parts }: Gateway): Door {
  const { at, clock, config } = parts;
  const { core, rules, mintIdentity } = checker;
  const path = `${at.base}/check`;

  return (request, response) => {
    if (request.url !== path || request.method !== 'GET') return false;
    const { headers } = request;
    // only `set-cookie` would be a list
    const header: HeaderReader = (name) => headers[name] as string | undefined;
    const now = clock();
    let question: ReturnType<typeof readCheckRequest>;
    try {
      question = readCheckRequest(header, request.socket.remoteAddress, rules);
    } catch {
      // the ordinary way says what is wrong with it
      return false;
    }
    const { target, rule } = question;
    if (target && isPreflight(target.method, header)) return false;
    const outcome = core.check(header('cookie'), rule, now);
    if (outcome.kind !== 'allow') return false;
    const { visitor } = outcome;
    if (isTimeToRenew(visitor, target, header, now, config.cookie.renewWithin)) return false;
    const complete = outcome.headers.slice();
    if (mintIdentity) complete.push(...mintIdentity(visitor, target?.host, now));
    response.writeHead(204, complete);
    response.end();
    return true;
  };
}
