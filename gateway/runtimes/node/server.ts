import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';

/** Cookies and forwarded headers together stay below this, in bytes. */
const maxHeaderSize = 32_768;

/**
 * An HTTP server with the gateway's limits.
 *
 * A request whose headers are too large never reaches a handler. Where that is because of cookies, the browser would be
 * stuck: the answer, 431, therefore tells it to forget them.
 *
 * @see RFC 6585 §5, https://www.w3.org/TR/clear-site-data/
 */
export function createGatewayServer(listener: RequestListener): Server {
  const server = createServer({ maxHeaderSize, requestTimeout: 30_000 }, listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    const status = tooLarge
      ? '431 Request Header Fields Too Large'
      : timedOut
        ? '408 Request Timeout'
        : '400 Bad Request';
    const forget = tooLarge ? 'Clear-Site-Data: "cookies"\r\n' : '';
    const says = tooLarge
      ? 'Your browser sent more cookies than can be read. They are cleared now: load the page again.'
      : '';
    const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n${forget}`;
    socket.end(`${head}Content-Length: ${Buffer.byteLength(says)}\r\nConnection: close\r\n\r\n${says}`);
  });
  return server;
}
