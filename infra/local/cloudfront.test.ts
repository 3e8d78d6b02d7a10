import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type {
  CloudFrontRequest,
  CloudFrontResponse,
  RequestEvent,
  ResponseEvent,
} from '../../gateway/runtimes/lambda-edge/event.ts';
import { ask } from '../suite/exchange.ts';
import { createDistribution, type FunctionCall } from './cloudfront.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
  vi.restoreAllMocks();
});

type Guard = (event: RequestEvent) => unknown;
type Dresser = (event: ResponseEvent) => unknown;
const request = (event: RequestEvent) => event.Records[0].cf.request;
const pass: Guard = request;
const undressed: Dresser = (event) => event.Records[0].cf.response;
const text = (body: string, status = '200'): CloudFrontResponse => ({
  status,
  headers: { 'content-type': [{ key: 'Content-Type', value: 'text/plain' }] },
  body,
});

/** A distribution in front of a folder with two files, met over HTTP. */
async function open(guard: Guard = pass, dress: Dresser = undressed) {
  const calls: FunctionCall[] = [];
  const reached: CloudFrontRequest[] = [];
  const functions = [
    { name: 'guard', event: 'viewer-request', behaviours: ['*'] },
    { name: 'dress', event: 'viewer-response', behaviours: ['*'] },
    { name: 'leave', event: 'viewer-request', behaviours: ['/leave'] },
  ] as const;
  const listener = createDistribution({
    functions,
    // through JSON, as between Lambda and CloudFront
    invoke: async (name, event) => {
      const copy = JSON.parse(JSON.stringify(event)) as never;
      return JSON.parse(
        JSON.stringify(name === 'dress' ? dress(copy) : name === 'guard' ? guard(copy) : text('bye')),
      ) as unknown;
    },
    origin: (asked) => {
      reached.push(asked);
      return asked.uri === '/' ? text('hello') : text('nothing', '404');
    },
    onCall: (call) => calls.push(call),
  });
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, reached, ask: (path: string, init = {}) => ask(at + path, init) };
}

describe('a request', () => {
  it('comes to the function as CloudFront tells it, and goes on as the function says', async () => {
    const { ask, calls, reached } = await open((event) => {
      const one = request(event);
      return { ...one, headers: { ...one.headers, 'remote-user': [{ key: 'Remote-User', value: '7' }] } };
    });
    const answer = await ask('/?a=%20b', { headers: { 'X-Odd': ['one', 'two'], connection: 'close' } });
    expect([answer.status, answer.body]).toEqual([200, 'hello']);
    const [call] = calls;
    expect(call?.event.Records[0].cf).toMatchObject({
      config: { eventType: 'viewer-request', requestId: answer.headers.get('x-amz-cf-id') },
      request: { method: 'GET', uri: '/', querystring: 'a=%20b', clientIp: '127.0.0.1' },
    });
    const { headers = {} } = reached[0] ?? {};
    expect(headers['x-odd']).toEqual([
      { key: 'X-Odd', value: 'one' },
      { key: 'X-Odd', value: 'two' },
    ]);
    expect(headers.connection).toBeUndefined();
    expect(headers['remote-user']).toEqual([{ key: 'Remote-User', value: '7' }]);
  });

  it('that the function answers never reaches the origin, nor the function for answers', async () => {
    const { ask, calls, reached } = await open(() => text('no', '403'));
    const answer = await ask('/');
    expect([answer.status, answer.body]).toEqual([403, 'no']);
    expect(reached).toEqual([]);
    expect(calls.map(({ name }) => name)).toEqual(['guard']);
  });

  it.each([
    ['POST', '/', 403, []],
    ['POST', '/leave', 200, ['leave']],
    ['GET', '/leave', 200, ['leave']],
    ['HEAD', '/', 200, ['guard', 'dress']],
  ])('%s of %s gets %s', async (method, path, status, names) => {
    const { ask, calls } = await open();
    const answer = await ask(path, { method });
    expect(answer.status).toBe(status);
    if (method === 'HEAD') expect([answer.body, answer.headers.get('content-length')]).toEqual(['', '5']);
    expect(calls.map(({ name }) => name)).toEqual(names);
  });
});

describe('an answer of the origin', () => {
  it('goes by the function for answers, body aside', async () => {
    let seen: CloudFrontResponse | undefined;
    const { ask } = await open(pass, (event) => {
      const { response } = event.Records[0].cf;
      seen = response;
      return {
        ...response,
        headers: { ...response.headers, 'x-frame-options': [{ key: 'X-Frame-Options', value: 'DENY' }] },
      };
    });
    const answer = await ask('/');
    expect([answer.body, answer.headers.get('x-frame-options')]).toEqual(['hello', 'DENY']);
    expect(seen).not.toHaveProperty('body');
  });

  it('that is an error does not', async () => {
    const { ask, calls } = await open();
    expect((await ask('/nothing')).status).toBe(404);
    expect(calls.map(({ name }) => name)).toEqual(['guard']);
  });
});

describe('a function that gives back what CloudFront does not take makes for 502', () => {
  const adding =
    (name: string): Guard =>
    (event) => ({
      ...request(event),
      headers: { ...request(event).headers, [name]: [{ key: name, value: 'x' }] },
    });
  it.each<[string, Guard]>([
    ['another host', adding('host')],
    ['a header that is CloudFront’s own', adding('x-amz-cf-id')],
    ['too much', () => text('x'.repeat(41_000))],
    ['an answer with Via', () => ({ ...text('x'), headers: { via: [{ key: 'Via', value: 'x' }] } })],
    ['no status', () => text('x', '99')],
    ['a header under another’s name', () => ({ ...text('x'), headers: { a: [{ key: 'B', value: 'x' }] } })],
    [
      'an exception',
      () => {
        throw new Error('oh');
      },
    ],
  ])('%s', async (_, guard) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const { ask, reached } = await open(guard);
    expect((await ask('/')).status).toBe(502);
    expect(reached).toEqual([]);
  });
});
