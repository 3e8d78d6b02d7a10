import type { HeaderReader } from '../../../shared/navigation.ts';

/** Headers as CloudFront has them: by lower-case name, every value with the name as it was written. */
export type CloudFrontHeaders = Record<string, readonly { readonly key?: string; readonly value: string }[]>;

/** A request on its way through CloudFront. Returned by a function, it goes on to the cache or the origin. */
export type CloudFrontRequest = {
  readonly clientIp: string;
  readonly method: string;
  /** Path as the viewer sent it, percent-encoded, without the query. */
  readonly uri: string;
  /** Without the question mark; empty for none. */
  readonly querystring: string;
  readonly headers: CloudFrontHeaders;
};

/** An answer on its way back, or one that a function made. */
export type CloudFrontResponse = {
  readonly status: string;
  readonly statusDescription?: string;
  readonly headers: CloudFrontHeaders;
  readonly body?: string;
};

type Config = {
  readonly distributionDomainName: string;
  readonly distributionId: string;
  readonly eventType: 'viewer-request' | 'origin-request' | 'origin-response' | 'viewer-response';
  readonly requestId: string;
};

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html */
export type RequestEvent = {
  readonly Records: readonly [{ readonly cf: { readonly config: Config; readonly request: CloudFrontRequest } }];
};

/** {@link RequestEvent}, with the answer that it got. */
export type ResponseEvent = {
  readonly Records: readonly [
    {
      readonly cf: {
        readonly config: Config;
        readonly request: CloudFrontRequest;
        readonly response: CloudFrontResponse;
      };
    },
  ];
};

/**
 * A function at viewer-request: hands the request on, or answers it. Always a promise: from Node 24 on Lambda takes no
 * other kind of handler.
 */
export type RequestHandler = (event: RequestEvent) => Promise<CloudFrontRequest | CloudFrontResponse>;

/** A function at viewer-response or origin-response. */
export type ResponseHandler = (event: ResponseEvent) => Promise<CloudFrontResponse>;

/** Reads headers by lower-case name. Over HTTP/2 a browser may send cookies in pieces. */
export function headerReader(headers: CloudFrontHeaders): HeaderReader {
  return (name) => (name === 'cookie' ? cookieOf(headers) : joined(headers[name]));
}

/** The `Cookie` header. */
export const cookieOf = ({ cookie }: CloudFrontHeaders): string | undefined => joined(cookie, '; ');

/** All values of one header as one; `undefined`: there is none. */
export function joined(values: CloudFrontHeaders[string] | undefined, separator = ', '): string | undefined {
  if (values === undefined) return undefined;
  if (values.length === 1) return values[0]?.value;
  return values.map(({ value }) => value).join(separator);
}
