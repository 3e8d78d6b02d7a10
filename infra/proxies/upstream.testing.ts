import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that reached the app, as it came. */
export type Seen = {
  readonly method: string;
  readonly url: string;
  /** Names as they were sent, and their values. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
};

/** An app that says what reached it, and keeps it. */
export type Upstream = {
  readonly port: number;
  readonly seen: readonly Seen[];
  /** Values of a header of the last request, by any spelling of its name. */
  last(header: string): string[];
  stop(): void;
};

/** A query that has the app answer with these headers, name and value in pairs. */
export const answeringWith = (headers: readonly (readonly [string, string])[]): string =>
  `headers=${encodeURIComponent(headers.flat().join('\n'))}`;

/**
 * Starts the app. It answers with what it saw as JSON, with a status in `?status=` and headers as {@link answeringWith}
 * has them, and takes WebSockets.
 */
export async function startUpstream(): Promise<Upstream> {
  const seen: Seen[] = [];
  const keep = (request: IncomingMessage, body: string): Seen => {
    const { method = '', rawHeaders, url = '' } = request;
    const headers = rawHeaders.flatMap((name, i): [string, string][] =>
      i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? '']] : [],
    );
    const one = { method, url, headers, body };
    seen.push(one);
    return one;
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = JSON.stringify(keep(request, Buffer.concat(chunks).toString()));
      const status = /[?&]status=(\d{3})/.exec(request.url ?? '')?.[1] ?? '200';
      const wanted = /[?&]headers=([^&]+)/.exec(request.url ?? '')?.[1];
      const more = wanted === undefined ? [] : decodeURIComponent(wanted).split('\n');
      response.writeHead(Number(status), ['content-type', 'application/json', ...more]).end(text);
    });
  });
  server.on('upgrade', (request, socket) => {
    keep(request, '');
    socket.on('error', () => socket.destroy());
    // RFC 6455 §4.2.2: HAProxy looks at it
    const accept = createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.end(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    last: (header) => {
      const plain = (name: string) => name.toLowerCase().replace(/[_.]/g, '-');
      return (seen.at(-1)?.headers ?? []).filter(([name]) => plain(name) === plain(header)).map(([, value]) => value);
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
