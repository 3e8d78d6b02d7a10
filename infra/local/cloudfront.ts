import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type {
  CloudFrontHeaders,
  CloudFrontRequest,
  CloudFrontResponse,
  RequestEvent,
  ResponseEvent,
} from '../../gateway/runtimes/lambda-edge/event.ts';
import type { Milliseconds } from '../../shared/clock.ts';

/** A function, and what it is attached to. */
export type Attached = {
  readonly name: string;
  readonly event: 'viewer-request' | 'viewer-response';
  /** Path patterns of behaviours: a path, or `*` for all that no other fits. */
  readonly behaviours: readonly string[];
};

/** A finished call of a function. */
export type FunctionCall = {
  readonly name: string;
  readonly event: RequestEvent | ResponseEvent;
  readonly result: CloudFrontRequest | CloudFrontResponse;
  readonly durationMs: Milliseconds;
};

/** What a distribution is made of. */
export type DistributionOptions = {
  readonly functions: readonly Attached[];
  /** Runs one. @throws Error where it failed. */
  readonly invoke: (name: string, event: RequestEvent | ResponseEvent) => Promise<unknown>;
  readonly origin: (request: CloudFrontRequest) => CloudFrontResponse;
  /** Told of each call as it ends. */
  readonly onCall?: (call: FunctionCall) => void;
};

/** What a function can't have made right, so that people get CloudFront's own page for it. */
class InvalidResult extends Error {}

/** What a function may change on no way. @see the page of `assertRequest` */
const readOnly = ['content-length', 'host', 'transfer-encoding', 'via'];
const disallowed =
  /^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-(accel|amz-cf|amzn|edge)-.*|x-cache|x-forwarded-proto|x-real-ip)$/;
/** Of the connection: no event has them. */
const connection = new Set(['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const largestAnswer = 40 * 1024;
const largestHeaders = 20_480;

/**
 * A small stand-in for a CloudFront distribution without a cache: the behaviour that fits a path decides which functions
 * look at a request and at its answer, in the events that CloudFront makes. What a function answers goes out as it is; what
 * the origin answers goes by the function at viewer-response, unless it is an error.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html
 */
export function createDistribution({ functions, invoke, origin, onCall }: DistributionOptions): RequestListener {
  const behaviours = new Set(functions.flatMap((one) => one.behaviours));
  const id = 'ELOCALDOCS';

  async function call(name: string, event: RequestEvent | ResponseEvent, spent: Spent[]) {
    const began = performance.now();
    const result = (await invoke(name, event)) as CloudFrontRequest | CloudFrontResponse;
    const durationMs = performance.now() - began;
    spent.push({ name, durationMs });
    onCall?.({ name, event, result, durationMs });
    return result;
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const target = incoming.url ?? '/';
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    const behaviour = behaviours.has(path) ? path : '*';
    const requestId = randomUUID();
    const spent: Spent[] = [];
    const config = (eventType: Attached['event']) => ({
      distributionDomainName: 'local.cloudfront.net',
      distributionId: id,
      eventType,
      requestId,
    });
    const find = (event: Attached['event']) =>
      functions.find((one) => one.event === event && one.behaviours.includes(behaviour));
    const answer = (response: CloudFrontResponse, xCache: string) =>
      send(response, { incoming, outgoing, requestId, spent, xCache });

    try {
      const { method = 'GET' } = incoming;
      // the behaviour of everything is set to reading alone, as for any folder of files
      if (behaviour === '*' && method !== 'GET' && method !== 'HEAD')
        return answer(ownError('403', notAllowed), failed);
      const request: CloudFrontRequest = {
        clientIp: incoming.socket.remoteAddress ?? '127.0.0.1',
        headers: headersOf(incoming),
        method,
        querystring: mark < 0 ? '' : target.slice(mark + 1),
        uri: path,
      };
      const guard = find('viewer-request');
      // a copy: what the function does to its event does not reach what it is compared with
      const seen = structuredClone(request);
      const judged = guard ? await call(guard.name, eventOf(config('viewer-request'), request), spent) : request;
      if ('status' in judged) {
        assertAnswer(judged);
        return answer(judged, 'LambdaGeneratedResponse from cloudfront');
      }
      assertRequest(judged, seen);
      const found = origin(judged);
      const dresser = Number(found.status) < 400 ? find('viewer-response') : undefined;
      if (!dresser) return answer(found, 'Error from cloudfront');
      const { body, ...head } = found;
      const event: ResponseEvent = {
        Records: [{ cf: { config: config('viewer-response'), request: judged, response: head } }],
      };
      const dressed = (await call(dresser.name, event, spent)) as CloudFrontResponse;
      assertHeaders(dressed.headers);
      answer({ ...dressed, ...(body !== undefined && { body }) }, 'Miss from cloudfront');
    } catch (error) {
      console.error(error);
      answer(
        ownError('502', error instanceof InvalidResult ? invalid : broken),
        'LambdaExecutionError from cloudfront',
      );
    }
  }
  return (incoming, outgoing) => void serve(incoming, outgoing);
}

type Spent = { readonly name: string; readonly durationMs: Milliseconds };
const failed = 'Error from cloudfront';

const eventOf = (config: RequestEvent['Records'][0]['cf']['config'], request: CloudFrontRequest): RequestEvent => ({
  Records: [{ cf: { config, request } }],
});

/** As the viewer sent them, by lower-case name. */
function headersOf({ rawHeaders }: IncomingMessage): CloudFrontHeaders {
  const headers: Record<string, { key: string; value: string }[]> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [key = '', value = ''] = [rawHeaders[i], rawHeaders[i + 1]];
    const name = key.toLowerCase();
    if (connection.has(name)) continue;
    const values = headers[name] ?? [];
    headers[name] = values;
    values.push({ key, value });
  }
  return headers;
}

function send(
  { status, headers, body = '' }: CloudFrontResponse,
  at: {
    readonly incoming: IncomingMessage;
    readonly outgoing: ServerResponse;
    readonly requestId: string;
    readonly spent: readonly Spent[];
    readonly xCache: string;
  },
): void {
  const { outgoing, incoming, requestId, spent, xCache } = at;
  for (const [name, values] of Object.entries(headers)) {
    outgoing.setHeader(
      values[0]?.key ?? name,
      values.map(({ value }) => value),
    );
  }
  outgoing.setHeader('X-Cache', xCache);
  outgoing.setHeader('Via', '1.1 local.cloudfront.net (CloudFront)');
  outgoing.setHeader('X-Amz-Cf-Id', requestId);
  // the stand-in's own, for a page to show how long the functions took
  const timing = spent.map(({ name, durationMs }) => `${name.replaceAll('-', '_')};dur=${durationMs.toFixed(1)}`);
  if (timing.length > 0) outgoing.setHeader('Server-Timing', timing.join(', '));
  outgoing.statusCode = Number(status);
  outgoing.setHeader('Content-Length', Buffer.byteLength(body));
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

const notAllowed = 'This distribution takes GET and HEAD here, and nothing else.';
const invalid = 'A function gave back what CloudFront does not take.';
const broken = 'A function at the edge failed.';

const ownError = (status: string, says: string): CloudFrontResponse => ({
  status,
  headers: { 'content-type': [{ key: 'Content-Type', value: 'text/plain; charset=utf-8' }] },
  body: `${says}\n`,
});

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html */
function assertRequest(result: CloudFrontRequest, seen: CloudFrontRequest): void {
  for (const name of Object.keys(result.headers))
    if (disallowed.test(name) && seen.headers[name] === undefined) throw new InvalidResult(`adds ${name}`);
  for (const name of readOnly)
    if (JSON.stringify(result.headers[name]) !== JSON.stringify(seen.headers[name]))
      throw new InvalidResult(`changes ${name}`);
  assertHeaders(result.headers);
}

function assertAnswer({ status, headers, body = '' }: CloudFrontResponse): void {
  if (!/^[2-5]\d\d$/.test(status)) throw new InvalidResult(`status ${status}`);
  for (const name of Object.keys(headers))
    if (disallowed.test(name) || readOnly.includes(name)) throw new InvalidResult(`sets ${name}`);
  const bytes = Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(headers));
  if (bytes > largestAnswer) throw new InvalidResult(`an answer of ${bytes} bytes`);
  assertHeaders(headers);
}

function assertHeaders(headers: CloudFrontHeaders): void {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    if (name !== name.toLowerCase()) throw new InvalidResult(`a header called ${name}`);
    for (const { key = name, value } of values) {
      if (key.toLowerCase() !== name) throw new InvalidResult(`${key} as ${name}`);
      bytes += key.length + value.length + 4;
    }
  }
  if (bytes > largestHeaders) throw new InvalidResult(`${bytes} bytes of headers`);
}
