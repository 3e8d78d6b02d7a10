import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestListener, type ServerResponse, request as send } from 'node:http';
import { runRequest } from '../../gateway/runtimes/lambda-edge/cloudfront.testing.ts';
import type {
  CloudFrontHeaders,
  CloudFrontRequest,
  CloudFrontResponse,
  RequestEvent,
  RequestHandler,
  ResponseEvent,
  ResponseHandler,
} from '../../gateway/runtimes/lambda-edge/event.ts';
import {
  addressFor,
  allMethods,
  fromRaw,
  longestUrl,
  Refusal,
  runResponse,
  toOrigin,
  toRaw,
  toViewer,
} from './cloudfront-rules.testing.ts';

/** A function at one event of the behaviours that it goes to. */
export type Deployed =
  | {
      readonly event: 'viewer-request' | 'origin-request';
      /** Path patterns, in the order of the behaviours. */
      readonly paths: readonly string[];
      readonly handler: RequestHandler;
    }
  | {
      readonly event: 'viewer-response' | 'origin-response';
      readonly paths: readonly string[];
      readonly handler: ResponseHandler;
    };

export type DistributionOptions = {
  /** Alternate domain names, with the port. */
  readonly aliases: readonly string[];
  readonly functions: readonly Deployed[];
  /** Port on 127.0.0.1 of the custom origin. */
  readonly origin: number;
  /** What its behaviours allow. Default: every method that CloudFront knows. */
  readonly methods?: readonly string[];
  /** Does the origin request policy hand the viewer's `Host` on? Default: yes, as the managed policy AllViewer does. */
  readonly handsHostOn?: boolean;
};

const origins = new Agent({ keepAlive: true });
const config = { distributionDomainName: 'd111111abcdef8.cloudfront.net', distributionId: 'EDFDVBD6EXAMPLE' };
let requests = 0;

/**
 * A distribution that caches nothing and hands all of a request on (the managed policies CachingDisabled and AllViewer).
 * Each event meets the first behaviour that fits. What CloudFront would not take from a function makes for 502, a function
 * that fails for 503; an answer that a function makes meets no other function.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
 */
export function distribution(options: DistributionOptions): RequestListener {
  return (request, response) => {
    serve(request, response, options).catch((error: unknown) => {
      request.resume();
      if (response.headersSent) return void response.destroy();
      const { status, xCache } = error instanceof Refusal ? error : new Refusal(502, String(error));
      response.writeHead(status, { 'content-type': 'text/plain', 'x-cache': `${xCache} from cloudfront` });
      response.end(String(error));
    });
  };
}

async function serve(viewer: IncomingMessage, response: ServerResponse, options: DistributionOptions): Promise<void> {
  const { aliases, functions, methods = allMethods } = options;
  const { method = 'GET', url = '/' } = viewer;
  const host = viewer.headers.host ?? '';
  if (!aliases.includes(host.toLowerCase())) throw new Refusal(403, `no distribution answers for ${host}`);
  if (`https://${host}${url}`.length > longestUrl) throw new Refusal(413, 'the address is too long');
  if (!methods.includes(method)) throw new Refusal(403, `${method} is not allowed here`);
  const hasBody = viewer.headers['transfer-encoding'] !== undefined || Number(viewer.headers['content-length']) > 0;
  if (method === 'GET' && hasBody) throw new Refusal(403, 'a GET with a body');

  const cut = url.indexOf('?');
  let asked: CloudFrontRequest = {
    clientIp: viewer.socket.remoteAddress ?? '',
    method,
    uri: cut < 0 ? url : url.slice(0, cut),
    querystring: cut < 0 ? '' : url.slice(cut + 1),
    headers: fromRaw(viewer.rawHeaders),
  };
  const requestId = `request-${++requests}`;
  const at = (eventType: Deployed['event']) => ({ ...config, eventType, requestId });
  const find = <Event extends Deployed['event']>(event: Event) =>
    functions.find(
      (one): one is Extract<Deployed, { readonly event: Event }> =>
        one.event === event && one.paths.some((pattern) => pattern === '*' || pattern === asked.uri),
    );
  const headers = options.handsHostOn === false ? (from: CloudFrontHeaders) => addressFor(from, options.origin) : same;
  for (const event of ['viewer-request', 'origin-request'] as const) {
    if (event === 'origin-request') asked = { ...asked, headers: toOrigin(headers(asked.headers), asked.clientIp) };
    const guard = functions.find(
      (one) => one.event === event && one.paths.some((pattern) => pattern === '*' || pattern === asked.uri),
    );
    if (!guard) continue;
    const seen = structuredClone({ Records: [{ cf: { config: at(event), request: asked } }] }) as unknown;
    const outcome = await runRequest(surely(guard.handler as RequestHandler), seen as RequestEvent);
    if (outcome.kind === 'answered') {
      viewer.resume();
      const { 'set-cookie': _, ...own } = outcome.headers;
      const cookies = outcome.cookies.length > 0 ? { 'set-cookie': [...outcome.cookies] } : {};
      response.writeHead(outcome.status, { ...own, ...cookies, 'x-cache': 'LambdaGeneratedResponse from cloudfront' });
      return void response.end(outcome.body);
    }
    asked = outcome.request;
  }

  const answer = await ask(viewer, asked, options.origin);
  let given: CloudFrontResponse = {
    status: String(answer.statusCode),
    statusDescription: answer.statusMessage ?? '',
    headers: fromRaw(answer.rawHeaders),
  };
  for (const event of ['origin-response', 'viewer-response'] as const) {
    if (event === 'viewer-response') given = { ...given, headers: toViewer(given.headers) };
    // errors of an origin never meet what stands at viewer-response
    if (event === 'viewer-response' && Number(given.status) >= 400) continue;
    const dresser = find(event);
    if (!dresser) continue;
    const seen = { Records: [{ cf: { config: at(event), request: asked, response: given } }] } as const;
    given = await runResponse(surely(dresser.handler), structuredClone(seen) as ResponseEvent);
  }
  response.writeHead(Number(given.status), toRaw(given.headers));
  answer.pipe(response);
}

const same = (headers: CloudFrontHeaders) => headers;

/** What a function throws, as opposed to what CloudFront won't take from it. */
const surely =
  <Event, Result>(handler: (event: Event) => Promise<Result>): ((event: Event) => Promise<Result>) =>
  async (event) => {
    try {
      return await handler(event);
    } catch (error) {
      throw new Refusal(503, String(error), 'LambdaExecutionError');
    }
  };

async function ask(
  viewer: IncomingMessage,
  { method, uri, querystring, headers }: CloudFrontRequest,
  port: number,
): Promise<IncomingMessage> {
  const sending = send({
    agent: origins,
    host: '127.0.0.1',
    port,
    method,
    path: querystring === '' ? uri : `${uri}?${querystring}`,
    headers: toRaw(headers),
    setHost: false,
  });
  viewer.pipe(sending);
  const [answer] = (await once(sending, 'response')) as [IncomingMessage];
  return answer;
}
