import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Milliseconds } from '../../../shared/clock.ts';
import { asksForWebSocket, type UpgradeListener } from './upgrade.ts';

/** Cookies and forwarded headers together stay below this, in bytes. */
const maxHeaderSize = 32_768;

/** A request of the gateway's own takes no longer to arrive, and what is left of an app's once it was answered. */
const slowest: Milliseconds = 30_000;

/** A request line that is no reason for headers to be too large: what is longer, somebody made a link of. */
const ordinaryLine = /^[A-Z]{1,16} [^ ]{1,8192} HTTP\/1\.[01]\r\n/;

/** What a server does for the apps behind. */
export type InFront = {
  readonly isProxied: (host: string | undefined, target: string) => boolean;
  readonly upgrade: UpgradeListener;
};

/**
 * An HTTP server with the gateway's limits.
 *
 * A request whose headers are too large never reaches a handler. Where that is because of cookies, the browser would be
 * stuck: the answer, 431, therefore tells it to forget them. Not so where the address may be what is too long: everybody who
 * follows such a link would be signed out everywhere. Nor where the request came in several packets: nobody can tell then.
 *
 * @param inFront Absent: it is in front of no app. What is uploaded to one may take as long as it goes on, and WebSockets pass.
 * @see RFC 6585 §5, https://www.w3.org/TR/clear-site-data/
 */
export function createGatewayServer(listener: RequestListener, inFront?: InFront): Server {
  const isForApp = ({ headers, url = '' }: IncomingMessage) => inFront?.isProxied(headers.host, url) ?? false;
  const limits = {
    maxHeaderSize,
    headersTimeout: slowest,
    requestTimeout: inFront ? 0 : slowest,
    shouldUpgradeCallback: (request: IncomingMessage) => asksForWebSocket(request) && isForApp(request),
  };
  const server = createServer(limits, (request, response) => {
    if (inFront && hasBody(request)) limitBody(request, isForApp(request) ? response : undefined);
    listener(request, response);
  });
  if (inFront) server.on('upgrade', inFront.upgrade);
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const status = tooLarge
      ? '431 Request Header Fields Too Large'
      : timedOut
        ? '408 Request Timeout'
        : '400 Bad Request';
    const isForCookies = tooLarge && ordinaryLine.test(error.rawPacket?.toString('latin1') ?? '');
    const forget = isForCookies ? 'Clear-Site-Data: "cookies"\r\n' : '';
    const says = isForCookies
      ? 'Your browser sent more cookies than can be read. They are cleared now: load the page again.'
      : '';
    const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n${forget}`;
    socket.end(`${head}Content-Length: ${Buffer.byteLength(says)}\r\nConnection: close\r\n\r\n${says}`);
  });
  return server;
}

/** What Node couldn't read, with the packet that it gave up at: the first of a request, unless it came in several. */
type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/**
 * Ends the connection of a request that doesn't arrive in time.
 *
 * @param answer The time runs once this is over. Absent: from now on.
 */
function limitBody(request: IncomingMessage, answer?: ServerResponse): void {
  const limit = () => {
    if (request.complete) return;
    const timer = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, slowest).unref();
    request.once('close', () => clearTimeout(timer));
  };
  if (answer) answer.once('close', limit);
  else limit();
}
