import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CloudFrontHeaders, RequestHandler, ResponseHandler } from '../../gateway/runtimes/lambda-edge/event.ts';
import { type Deployed, type DistributionOptions, distribution } from './cloudfront-server.testing.ts';
import { type Ask, ask } from './exchange.ts';

const open: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer({ maxHeaderSize: 32_768 }, listener);
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A site at CloudFront whose origin says what it saw; `?status` makes it answer with that. */
async function site(options: Partial<DistributionOptions> = {}) {
  let visits = 0;
  const origin = await listen((request, response) => {
    visits += 1;
    const status = new URL(request.url ?? '', 'http://origin').searchParams.get('status');
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      response.writeHead(
        Number(status ?? 200),
        [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2; Path=/'],
          ['X-Own', 'kept'],
        ].flat(),
      );
      response.end(JSON.stringify({ ...request.headers, ':method': request.method, ':body': body }));
    });
  });
  const port = await listen(distribution({ aliases: ['site.test'], functions: [], origin, ...options }));
  return {
    origin,
    visits: () => visits,
    ask: (path: string, { headers, ...request }: Ask = {}) =>
      ask(`http://127.0.0.1:${port}${path}`, { ...request, headers: { host: 'site.test', ...headers } }),
  };
}

const atRequests = (
  handler: RequestHandler,
  event: 'viewer-request' | 'origin-request' = 'viewer-request',
): Deployed => ({
  event,
  paths: ['*'],
  handler,
});
const atResponses = (
  handler: ResponseHandler,
  event: 'viewer-response' | 'origin-response' = 'viewer-response',
): Deployed => ({ event, paths: ['*'], handler });
/** A function that lays headers over an answer. */
const dressing =
  (headers: CloudFrontHeaders): ResponseHandler =>
  async (event) => {
    const { response } = event.Records[0].cf;
    return { ...response, headers: { ...response.headers, ...headers } };
  };
const says = (key: string, value: string): CloudFrontHeaders => ({ [key.toLowerCase()]: [{ key, value }] });

describe('a distribution', () => {
  it('hands a request on with the viewer’s Host and address, and without what only claims to be a proxy’s', async () => {
    const { ask } = await site();
    const answer = await ask('/a?b=c', {
      method: 'POST',
      body: 'x=1',
      headers: {
        cookie: 'a=1; b=2',
        'x-forwarded-for': '198.51.100.7',
        'x-forwarded-proto': 'https',
        'x-real-ip': '198.51.100.7',
        'x-http-method-override': 'DELETE',
        te: 'trailers',
      },
    });
    const seen = JSON.parse(answer.body) as Record<string, string>;
    expect(seen).toMatchObject({
      ':method': 'POST',
      ':body': 'x=1',
      host: 'site.test',
      cookie: 'a=1; b=2',
      'x-forwarded-for': '198.51.100.7, 127.0.0.1',
    });
    for (const name of ['x-forwarded-proto', 'x-real-ip', 'x-http-method-override', 'te'])
      expect(seen).not.toHaveProperty(name);
    expect([answer.cookies, answer.headers.get('x-own')]).toEqual([['a=1', 'b=2; Path=/'], 'kept']);
  });

  it('says its origin’s name for Host where the policy does not hand that on', async () => {
    const { ask, origin } = await site({ handsHostOn: false });
    expect(JSON.parse((await ask('/')).body)).toMatchObject({ host: `127.0.0.1:${origin}` });
  });

  it.each<[string, string, Ask, number]>([
    ['a host that is none of its names', '/', { headers: { host: 'evil.test' } }, 403],
    ['a method that is not allowed', '/', { method: 'DELETE' }, 403],
    ['a method that it does not know', '/', { method: 'PROPFIND' }, 403],
    ['a GET with a body', '/', { body: 'x' }, 403],
    ['an address that is too long', `/${'x'.repeat(8192)}`, {}, 413],
  ])('refuses %s', async (_, path, request, status) => {
    const { ask, visits } = await site({ methods: ['GET', 'HEAD'] });
    expect([(await ask(path, request)).status, visits()]).toEqual([status, 0]);
  });

  it('runs nothing at viewer-response for errors, and everything at origin-response', async () => {
    const { ask } = await site({
      functions: [
        atResponses(dressing(says('X-Viewer', '1'))),
        atResponses(dressing(says('X-Origin', '1')), 'origin-response'),
      ],
    });
    for (const [status, viewer] of [
      [200, '1'],
      [302, '1'],
      [404, null],
      [500, null],
    ] as const) {
      const { headers } = await ask(`/?status=${status}`);
      expect([status, headers.get('x-origin'), headers.get('x-viewer')]).toEqual([status, '1', viewer]);
    }
  });

  it('runs no other function on an answer that one has made', async () => {
    const { ask, visits } = await site({
      functions: [
        atRequests(async () => ({
          status: '302',
          headers: { ...says('Cache-Control', 'no-store'), ...says('Location', 'https://auth.test/') },
        })),
        atResponses(dressing(says('X-Viewer', '1'))),
        atResponses(dressing(says('X-Origin', '1')), 'origin-response'),
      ],
    });
    const { status, headers } = await ask('/', { method: 'POST', body: 'x' });
    expect([status, headers.get('x-viewer'), headers.get('x-origin'), visits()]).toEqual([302, null, null, 0]);
  });

  it.each<[string, Deployed, number]>([
    ['throws', atRequests(async () => Promise.reject(new Error('oops'))), 503],
    ['throws at an answer', atResponses(async () => Promise.reject(new Error('oops'))), 503],
    [
      'changes Host',
      atRequests(async ({ Records: [{ cf }] }) => ({
        ...cf.request,
        headers: { ...cf.request.headers, ...says('Host', 'evil.test') },
      })),
      502,
    ],
    [
      'claims a protocol',
      atRequests(async ({ Records: [{ cf }] }) => ({
        ...cf.request,
        headers: { ...cf.request.headers, ...says('X-Forwarded-Proto', 'https') },
      })),
      502,
    ],
    ['sets what is CloudFront’s', atResponses(dressing(says('X-Cache', 'Hit'))), 502],
    ['changes Via', atResponses(dressing(says('Via', 'x')), 'origin-response'), 502],
    ['splits a header', atResponses(dressing(says('X-A', 'b\r\nset-cookie: c=d'))), 502],
    ['changes the status', atResponses(async ({ Records: [{ cf }] }) => ({ ...cf.response, status: '201' })), 502],
    [
      'answers with more than 40 KB',
      atRequests(async () => ({ status: '200', headers: says('Cache-Control', 'no-store'), body: 'x'.repeat(41_000) })),
      502,
    ],
  ])('says so where a function %s', async (_, deployed, status) => {
    const { ask } = await site({ functions: [deployed] });
    expect(await ask('/')).toMatchObject({ status, cookies: [] });
  });

  it('shows functions nothing that is hidden from them', async () => {
    const seen: string[] = [];
    const look: RequestHandler = async ({ Records: [{ cf }] }) => {
      seen.push(...Object.keys(cf.request.headers));
      return cf.request;
    };
    const { ask } = await site({ functions: [atRequests(look)] });
    await ask('/', { headers: { 'x-forwarded-proto': 'https', 'X-Mixed-Case': '1', 'x-amzn-auth': '1' } });
    expect(seen.sort()).toEqual(['host', 'x-mixed-case']);
  });
});
