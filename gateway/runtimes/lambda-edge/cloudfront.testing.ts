import { readFileSync } from 'node:fs';
import type {
  CloudFrontHeaders,
  CloudFrontRequest,
  CloudFrontResponse,
  RequestEvent,
  RequestHandler,
  ResponseEvent,
} from './event.ts';

/** Events as AWS documents them, with the headers of a browser added: none was taken from a distribution. */
const documented = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./events/${name}.json`, import.meta.url), 'utf8'));

/** How a request differs from the documented one: a page load of `https://docs.acme.test/`. */
export type Asked = {
  readonly method?: string;
  /** Path and query. */
  readonly path?: string;
  /** By lower-case name; `undefined` leaves the documented one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

/** A documented viewer-request event (or another one), with changes. */
export function requestEvent(
  { method = 'GET', path = '/', headers = {} }: Asked = {},
  name: 'viewer-request' | 'origin-request' = 'viewer-request',
): RequestEvent {
  const event = documented(name) as RequestEvent;
  const [{ cf }] = event.Records;
  const cut = path.indexOf('?');
  const changed = changeHeaders(cf.request.headers, headers);
  const request = {
    ...cf.request,
    method,
    uri: cut < 0 ? path : path.slice(0, cut),
    querystring: cut < 0 ? '' : path.slice(cut + 1),
    headers: changed,
  };
  return { Records: [{ cf: { ...cf, request } }] };
}

/** A documented viewer-response event, with changes to the answer's headers. */
export function responseEvent(path: string, headers: Asked['headers'] = {}, status = '200'): ResponseEvent {
  const event = documented('viewer-response') as ResponseEvent;
  const [{ cf }] = event.Records;
  const response = { ...cf.response, status, headers: changeHeaders(cf.response.headers, headers) };
  return { Records: [{ cf: { ...cf, request: { ...cf.request, uri: path }, response } }] };
}

function changeHeaders(from: CloudFrontHeaders, changes: NonNullable<Asked['headers']>): CloudFrontHeaders {
  const headers = { ...from };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete headers[name];
    else headers[name] = [{ key: name, value }];
  }
  return headers;
}

/** What became of a request: it went on, or a function answered it. */
export type Outcome =
  | { readonly kind: 'passed'; readonly request: CloudFrontRequest; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly location: string | undefined;
      readonly headers: Readonly<Record<string, string>>;
      readonly cookies: readonly string[];
      readonly body: string;
    };

/** Runs a function at viewer-request as CloudFront does, which looks at what it gives back. */
export async function runRequest(handler: RequestHandler, event: RequestEvent): Promise<Outcome> {
  const { request } = event.Records[0].cf;
  const before = structuredClone(request);
  // through JSON, as between Lambda and CloudFront
  const result = JSON.parse(JSON.stringify(await handler(event))) as CloudFrontRequest | CloudFrontResponse;
  if ('status' in result) {
    assertAnswer(result);
    return {
      kind: 'answered',
      status: Number(result.status),
      location: result.headers.location?.[0]?.value,
      headers: flat(result.headers),
      cookies: result.headers['set-cookie']?.map(({ value }) => value) ?? [],
      body: result.body ?? '',
    };
  }
  assertRequest(result, before);
  return { kind: 'passed', request: result, headers: flat(result.headers) };
}

const flat = (headers: CloudFrontHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values.map(({ value }) => value).join(', ')]),
  );

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html */
const disallowed =
  /^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const readOnly = ['content-length', 'host', 'transfer-encoding', 'via'];

/** @throws Error for a request that CloudFront would answer with 502 */
function assertRequest(result: CloudFrontRequest, before: CloudFrontRequest): void {
  for (const name of Object.keys(result.headers))
    if (disallowed.test(name) && before.headers[name] === undefined)
      throw new Error(`adds ${name}, which is disallowed`);
  for (const name of readOnly)
    if (JSON.stringify(result.headers[name]) !== JSON.stringify(before.headers[name]))
      throw new Error(`changes ${name}, which is read-only`);
  if (result.uri !== before.uri || result.querystring !== before.querystring || result.method !== before.method)
    throw new Error('changes what was asked for');
  assertHeaders(result.headers);
}

/** @throws Error for an answer that CloudFront would replace by 502 */
function assertAnswer(response: CloudFrontResponse): void {
  if (!/^[2-5]\d\d$/.test(response.status)) throw new Error(`status ${response.status}`);
  for (const name of [...Object.keys(response.headers)])
    if (disallowed.test(name) || readOnly.includes(name)) throw new Error(`sets ${name}, which no function may`);
  const bytes = Buffer.byteLength(response.body ?? '') + Buffer.byteLength(JSON.stringify(response.headers));
  if (bytes > 40 * 1024) throw new Error(`an answer of ${bytes} bytes at viewer-request`);
  if (response.headers['cache-control']?.[0]?.value !== 'no-store') throw new Error('an answer that may be stored');
  assertHeaders(response.headers);
}

function assertHeaders(headers: CloudFrontHeaders): void {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    if (name !== name.toLowerCase() || values.length === 0) throw new Error(`a malformed header ${name}`);
    for (const { key = name, value } of values) {
      if (key.toLowerCase() !== name) throw new Error(`${key} as ${name}`);
      if (!/^[\x20-\x7e]*$/.test(value)) throw new Error(`${name} holds what no header may`);
      bytes += key.length + value.length + 4;
    }
  }
  if (bytes > 20_480) throw new Error(`${bytes} bytes of headers`);
}
