import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on this machine alone. */
export type Listening = {
  readonly port: number;
  /** Ends its connections too. */
  stop(): Promise<void>;
};

/**
 * Listens on 127.0.0.1.
 *
 * @param port 0: any free one.
 * @throws Error in one line where the port is taken.
 */
export async function listenLocally(listener: RequestListener, port: number): Promise<Listening> {
  const server = createServer({ maxHeaderSize: 32_768 }, listener);
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} is taken. Stop what listens there, or choose another: npm run dev -- --port ${port + 1}`,
    );
  }
}

/** One port for all: the `Host` header says who is meant. */
export function dispatch(hosts: ReadonlyMap<string, RequestListener>): RequestListener {
  return (request, response) => {
    const listener = hosts.get(request.headers.host?.toLowerCase() ?? '');
    if (listener) return listener(request, response);
    const starting = hosts.size === 0;
    response.writeHead(starting ? 503 : 421, {
      'content-type': 'text/plain; charset=utf-8',
      ...(starting ? { 'retry-after': '2' } : {}),
    });
    response.end(
      starting
        ? 'The local world is starting.\n'
        : `Nobody here is called ${JSON.stringify(request.headers.host ?? '')}. These are: ${[...hosts.keys()].join(', ')}\n`,
    );
  };
}
