import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type CheckWorld, domainCookie, openCheckWorld } from '../../check/check.testing.ts';
import { createListener } from './listener.ts';
import { createOpenStreams } from './open-streams.ts';
import { createGatewayServer } from './server.ts';
import { createUpgradeListener } from './upgrade.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Serves until the test ends; answers the port. */
export async function serve(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** What an echo saw of a request. */
export type Seen = {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value… */
  readonly rawHeaders: readonly string[];
  readonly body: string;
};

/** An app that answers with what it was asked. */
export const echo: RequestListener = (incoming, outgoing) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { method = '', url = '', rawHeaders } = incoming;
    const seen: Seen = { method, url, rawHeaders, body: Buffer.concat(chunks).toString() };
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify(seen));
  });
};

/** A gateway in front of one app, `notes.acme.test`, with the rules of every check's test. */
export type ProxiedWorld = CheckWorld & {
  readonly port: number;
  /** One request to `notes.acme.test`, by Ann. */
  ask(path: string, options?: AskOptions): Promise<Answered>;
};

export type AskOptions = {
  readonly method?: string;
  /** Name, value…; `Host` and Ann's cookie come first, unless `bare`. */
  readonly headers?: readonly string[];
  readonly bare?: boolean;
  readonly body?: string;
};

export type Answered = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** What the echo saw. */
  seen(): Seen;
  /** Values of a header that the echo saw. */
  got(name: string): string[];
};

export const valuesIn = (list: readonly string[], name: string): string[] =>
  list.filter((_, i) => i % 2 === 1 && list[i - 1]?.toLowerCase() === name.toLowerCase());

/** Settings of apps whose one upstream listens there. */
export const notesAt = (port: number, upstream: object = {}) => [
  {
    id: 'notes',
    name: 'Notes',
    home: 'https://notes.acme.test/',
    origins: ['https://notes.acme.test'],
    upstream: { url: `http://127.0.0.1:${port}`, ...upstream },
  },
  { id: 'photos', name: 'Photos', home: 'https://photos.acme.test/', origins: ['https://photos.acme.test'] },
];

/**
 * Opens it on the Node runtime, as the process itself would.
 *
 * @param app The app, or the port where one would be.
 */
export async function openProxied(
  app: RequestListener | Server | number,
  upstream: object = {},
  changes: Record<string, unknown> = {},
): Promise<ProxiedWorld> {
  const appPort = typeof app === 'number' ? app : await serve(typeof app === 'function' ? createServer(app) : app);
  const world = await openCheckWorld({ clients: notesAt(appPort, upstream), ...changes });
  const { gateway } = world;
  const streams = createOpenStreams(gateway);
  const listener = createListener(gateway, streams);
  if (!gateway.isProxied) throw new Error('nothing is proxied');
  const upgrade = createUpgradeListener(gateway, streams, listener);
  const port = await serve(createGatewayServer(listener, { isProxied: gateway.isProxied, upgrade }));
  return Object.assign(world, {
    port,
    ask: (path: string, { method = 'GET', headers = [], bare = false, body }: AskOptions = {}) =>
      new Promise<Answered>((resolve, reject) => {
        const base = bare ? [] : ['Host', 'notes.acme.test', 'Cookie', domainCookie()];
        const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
        const sent = request(
          { host: '127.0.0.1', port, path, method, agent: false, headers: [...base, ...headers, ...length] },
          (message) => {
            const chunks: Buffer[] = [];
            message.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
            message.once('end', () => resolve(answered(message, Buffer.concat(chunks).toString())));
          },
        );
        sent.once('error', reject).end(body);
      }),
  });
}

function answered({ statusCode = 0, headers, rawHeaders }: IncomingMessage, body: string): Answered {
  const seen = () => JSON.parse(body) as Seen;
  return { status: statusCode, headers, rawHeaders, body, seen, got: (name) => valuesIn(seen().rawHeaders, name) };
}

/** Writes bytes to a port and reads all that comes back until the other side closes. */
export async function wire(port: number, ...writes: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    heard += chunk;
  });
  await once(socket, 'connect');
  for (const one of writes) socket.write(one, 'latin1');
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve()).once('error', () => resolve());
  });
  return heard;
}
