import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { failures } from '../../../shared/errors.ts';
import type { Gateway } from '../../app.ts';
import { createDoor } from './door.ts';
import { answerWith, forwardByHttp } from './forward.ts';
import { createOpenStreams } from './open-streams.ts';

/** More header lines than a browser and its proxies send together. */
const mostHeaderLines = 500;

/**
 * A gateway as a `node:http` listener: the door for `/check` first, the ordinary router for everything else. What is for an
 * app behind goes on by `node:http`.
 *
 * @param streams Told of the answers under way.
 * @example createServer({ maxHeaderSize: 32_768 }, createListener(gateway)).listen(4180)
 */
export function createListener(gateway: Gateway, streams = createOpenStreams(gateway)): RequestListener {
  const { isProxied } = gateway;
  const door = createDoor(gateway);
  const ordinary = getRequestListener((request, env) => gateway.fetch(request, { incoming: env.incoming }));
  const proxied = getRequestListener((request, env) => {
    const [incoming, outgoing] = [env.incoming as IncomingMessage, env.outgoing as ServerResponse];
    return answerWith(gateway, request, incoming, forwardByHttp(incoming, outgoing, streams));
  });
  return (request, response) => {
    if (hasTooManyHeaders(request)) return refuseHeaders(response);
    if (isProxied?.(request.headers.host, request.url ?? '')) return void proxied(request, response);
    if (!door(request, response)) void ordinary(request, response);
  };
}

/**
 * Past a thousand lines Node leaves headers out without a word. Somebody could send so many that what the proxy adds falls
 * out, and the check would answer for the person alone instead of for the page.
 */
export const hasTooManyHeaders = ({ rawHeaders }: IncomingMessage): boolean => rawHeaders.length > 2 * mostHeaderLines;

function refuseHeaders(response: ServerResponse): void {
  const { status, says } = failures.headers_too_large;
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ type: 'about:blank', title: says, status, code: 'headers_too_large' }));
}
