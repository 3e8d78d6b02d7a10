import type {
  CloudFrontHeaders,
  CloudFrontResponse,
  ResponseEvent,
  ResponseHandler,
} from '../../gateway/runtimes/lambda-edge/event.ts';

/** An answer of CloudFront itself. */
export class Refusal extends Error {
  readonly status: number;
  readonly xCache: string;

  constructor(status: number, message: string, xCache = 'Error') {
    super(message);
    this.status = status;
    this.xCache = xCache;
  }
}

/** All that CloudFront hands on. */
export const allMethods: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** Bytes. @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
export const longestUrl = 8192;

/** What no function sees or adds. @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html */
const hidden =
  /^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const readOnly = {
  'origin-response': ['transfer-encoding', 'via'],
  'viewer-response': ['content-encoding', 'content-length', 'transfer-encoding', 'via', 'warning'],
};
const via = '1.1 3b84a5b6ff8cdc5a9e7c1ac0cb8e2ee6.cloudfront.net (CloudFront)';

/** Headers as functions see them: by lower-case name, every one with the name as it was written; cookies in one. */
export function fromRaw(raw: readonly string[]): CloudFrontHeaders {
  const headers: Record<string, { key: string; value: string }[]> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const [key = '', value = ''] = raw.slice(i, i + 2);
    const name = key.toLowerCase();
    if (hidden.test(name)) continue;
    const before = headers[name];
    if (before?.[0] && name === 'cookie') before[0].value += `; ${value}`;
    else if (before) before.push({ key, value });
    else headers[name] = [{ key, value }];
  }
  return { ...headers };
}

/** Names and values in turn, as node:http takes them. */
export const toRaw = (headers: CloudFrontHeaders): string[] =>
  Object.entries(headers).flatMap(([name, values]) => values.flatMap(({ key = name, value }) => [key, value]));

/** What CloudFront does to the headers of a request, the origin request policy being to hand all of them on. */
export function toOrigin(headers: CloudFrontHeaders, clientIp: string): CloudFrontHeaders {
  const { te: _, 'x-http-method-override': __, 'x-forwarded-for': before = [], via: passed = [], ...kept } = headers;
  const path = [...before.map(({ value }) => value), clientIp].join(', ');
  return {
    ...kept,
    'x-forwarded-for': [{ key: 'X-Forwarded-For', value: path }],
    via: [{ key: 'Via', value: [...passed.map(({ value }) => value), via].join(', ') }],
  };
}

/** The name of the origin in the place of the viewer's `Host`. */
export const addressFor = (headers: CloudFrontHeaders, port: number): CloudFrontHeaders => ({
  ...headers,
  host: [{ key: 'Host', value: `127.0.0.1:${port}` }],
});

/** What CloudFront does to the headers of an answer. */
export function toViewer(headers: CloudFrontHeaders): CloudFrontHeaders {
  return { ...headers, via: [{ key: 'Via', value: via }] };
}

/**
 * Runs a function at an event of answers.
 *
 * @throws Refusal where CloudFront would not take what it gives back.
 */
export async function runResponse(handler: ResponseHandler, event: ResponseEvent): Promise<CloudFrontResponse> {
  const { config, response: before } = structuredClone(event.Records[0].cf);
  const type = config.eventType as keyof typeof readOnly;
  // through JSON, as between Lambda and CloudFront
  const after = JSON.parse(JSON.stringify(await handler(event))) as CloudFrontResponse;
  const refuse = (why: string): never => {
    throw new Refusal(502, `${type}: ${why}`, 'LambdaValidationError');
  };
  if (after.status !== before.status) refuse(`changes the status to ${after.status}`);
  if (after.body !== undefined) refuse('replaces the body');
  for (const name of readOnly[type])
    if (JSON.stringify(after.headers[name]) !== JSON.stringify(before.headers[name]))
      refuse(`changes ${name}, which is read-only`);
  for (const [name, values] of Object.entries(after.headers)) {
    if (hidden.test(name)) refuse(`adds ${name}, which is disallowed`);
    if (name !== name.toLowerCase() || values.length === 0) refuse(`a malformed header ${name}`);
    for (const { key = name, value } of values) {
      if (key.toLowerCase() !== name) refuse(`${key} as ${name}`);
      if (!/^[\x20-\x7e]*$/.test(value)) refuse(`${name} holds what no header may`);
    }
  }
  return after;
}
