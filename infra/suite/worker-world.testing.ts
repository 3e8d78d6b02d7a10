import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Seconds } from '../../shared/clock.ts';
import { type FailureCode, SsoError } from '../../shared/errors.ts';
import type { GatewaysWorld } from './gateways.testing.ts';

/** What a Worker under test is told with each request. */
export type WorkerState = {
  /** Its clock is so far ahead of the machine's. */
  readonly offset: Seconds;
  readonly isStoreDown: boolean;
  readonly isDeaf: boolean;
};

/** What a method of the suite's process is answered with. */
export type WorldAnswer = { readonly value?: unknown } | { readonly code: FailureCode; readonly reason: string };

/** Everything that Workers under test can reach. */
export type WorkerWorld = { readonly port: number; close(): void };

/** Takes every call that a Worker makes: to people and news, which are in this process, and to providers and apps. */
export async function createWorkerWorld({ rooms, tap }: Pick<GatewaysWorld, 'rooms' | 'tap'>): Promise<WorkerWorld> {
  const rooted: Readonly<Record<string, object>> = { 'directory.suite': rooms.users, 'news.suite': rooms.store };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { host = '', ...headers } = request.headers;
    const body = await bodyOf(request);
    const room = rooted[host];
    if (room) {
      const value = await called(room, (request.url ?? '').slice(1), JSON.parse(body) as unknown[]);
      response.end(JSON.stringify(value));
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { method = 'GET', url = '/' } = request;
    for (const name of ['connection', 'content-length', 'transfer-encoding']) delete headers[name];
    const found = await tap.fetch(`http://${host}${url}`, {
      method,
      headers: headers as Record<string, string>,
      redirect: 'manual',
      signal: gone.signal,
      ...(body !== '' && { body }),
    });
    const text = await found.text();
    const kept = [...found.headers].filter(
      ([name]) => !/^(content-(length|encoding)|transfer-encoding|connection|keep-alive)$/.test(name),
    );
    response.writeHead(found.status, kept.flat()).end(text);
  };
  const server = createServer((request, response) => {
    // whoever can't be reached hangs up
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Hands requests on to a Worker as Cloudflare does: it says itself where they come from. */
export function edgeBefore(port: number, state: () => WorkerState): RequestListener {
  return (request, response) => {
    const headers = [...request.rawHeaders];
    for (let i = headers.length - 2; i >= 0; i -= 2)
      if (/^(cf-connecting-ip|x-suite-(state|control))$/i.test(headers[i] ?? '')) headers.splice(i, 2);
    headers.push('cf-connecting-ip', request.socket.remoteAddress ?? '', 'x-suite-state', JSON.stringify(state()));
    const { method, url } = request;
    const sending = send({ host: '127.0.0.1', port, method, path: url, headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    sending.once('error', () => response.destroy());
    request.pipe(sending);
  };
}

async function called(room: object, method: string, parameters: unknown[]): Promise<WorldAnswer> {
  try {
    const run = Reflect.get(room, method) as (...args: unknown[]) => unknown;
    return { value: await run(...parameters.map((one) => one ?? undefined)) };
  } catch (error) {
    if (error instanceof SsoError) return { code: error.code, reason: error.reason };
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
