import {
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterEach, expect } from 'vitest';
import type { CheckWorld } from '../../check/check.testing.ts';
import { createDoor } from './door.ts';
import { createListener } from './listener.ts';

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Serves a listener until the test ends; answers the port. */
export async function listen(listener: RequestListener): Promise<number> {
  const server = createServer({ maxHeaderSize: 32_768 }, listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** One request to a port of this machine, as it stands. */
export async function ask(port: number, headers: OutgoingHttpHeaders, path: string, method: string): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });
}

/** The same without what differs from one request to the next. */
const comparable = ({ status, headers: { date: _, ...headers }, body }: Answer): Answer => ({
  status,
  headers,
  body: body.replace(/"request_id":"[^"]*"|Request<\/dt><dd><code>[^<]*/, ''),
});

/** One request through both doors, and whether the fast one takes it. */
export async function throughBoth(world: CheckWorld, headers: OutgoingHttpHeaders, path = '/check', method = 'GET') {
  const door = createDoor(world.gateway);
  const ordinary = getRequestListener((asked, env) => world.gateway.fetch(asked, { incoming: env.incoming }));
  const ports = {
    taken: await listen((asked, response) => void (door(asked, response) || response.writeHead(599).end())),
    route: await listen((asked, response) => void ordinary(asked, response)),
    both: await listen(createListener(world.gateway)),
  };
  const taken = await ask(ports.taken, headers, path, method);
  const route = await ask(ports.route, headers, path, method);
  const both = await ask(ports.both, headers, path, method);
  expect(comparable(both)).toEqual(comparable(route));
  if (taken.status !== 599) expect(comparable(taken)).toEqual(comparable(route));
  return { answer: route, taken: taken.status !== 599 };
}
