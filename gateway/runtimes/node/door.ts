import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gateway } from '../../app.ts';
import type { FlatHeaders } from '../../check/identity-headers.ts';
import { readCheckRequest } from '../../check/request.ts';

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
  const complete = new WeakMap<FlatHeaders, string[]>();

  const ready = (headers: FlatHeaders): string[] => {
    const known = complete.get(headers) ?? [...headers, 'Cache-Control', 'no-store', 'Vary', checkVary];
    complete.set(headers, known);
    return known;
  };

  return (request, response) => {
    if (request.url !== path || request.method !== 'GET') return false;
    const { headers } = request;
    const now = clock();
    let question: ReturnType<typeof readCheckRequest>;
    try {
      question = readCheckRequest((name) => headers[name] as string | undefined, request.socket.remoteAddress, rules);
    } catch {
      // the ordinary way says what is wrong with it
      return false;
    }
    const outcome = core.check(headers.cookie, question.rule, now);
    if (outcome.kind !== 'allow') return false;
    const { visitor } = outcome;
    if (visitor.kind === 'known' && visitor.cookie.exp - now <= config.cookie.renewWithin) return false;
    const flat = ready(outcome.headers);
    response.writeHead(204, mintIdentity ? [...flat, ...mintIdentity(visitor, question.target?.host, now)] : flat);
    response.end();
    return true;
  };
}

/** What an answer of `/check` depends on. */
export const checkVary = 'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept';
