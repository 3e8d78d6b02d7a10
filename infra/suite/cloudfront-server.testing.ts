import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { requestEvent, responseEvent, runRequest } from '../../gateway/runtimes/lambda-edge/cloudfront.testing.ts';
import type { RequestHandler, ResponseHandler } from '../../gateway/runtimes/lambda-edge/event.ts';

/** A deployed function. */
export type Deployed = {
  readonly event: 'viewer-request' | 'viewer-response';
  /** Path patterns, in the order of the behaviours. */
  readonly paths: readonly string[];
  readonly handler: RequestHandler | ResponseHandler;
};

/** What the origin got to see. */
export type Seen = { readonly path: string; readonly headers: Readonly<Record<string, string>> };

/**
 * A distribution: the first behaviour that fits decides which function looks at a request; what passes reaches an origin
 * that says what it saw. A function that gives back what CloudFront would not take makes for 502.
 */
export function distribution(functions: readonly Deployed[]): RequestListener {
  const at = (event: Deployed['event'], path: string) =>
    functions.find((one) => one.event === event && one.paths.some((pattern) => pattern === '*' || pattern === path));

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const headers: Record<string, string | undefined> = {};
    for (const name of [
      'user-agent',
      'accept',
      'accept-language',
      'upgrade-insecure-requests',
      'sec-fetch-site',
      'sec-fetch-mode',
      'sec-fetch-user',
      'sec-fetch-dest',
    ])
      headers[name] = undefined;
    for (const [name, value] of Object.entries(request.headers))
      if (name !== 'connection') headers[name] = Array.isArray(value) ? value.join(', ') : value;
    const path = request.url ?? '/';
    const guard = at('viewer-request', path.split('?')[0] ?? '');
    if (!guard) throw new Error(`no behaviour for ${path}`);
    const event = requestEvent({ method: request.method ?? 'GET', path, headers });
    const outcome = await runRequest(guard.handler as RequestHandler, event);
    if (outcome.kind === 'answered') {
      response.writeHead(outcome.status, { ...outcome.headers, 'set-cookie': [...outcome.cookies] });
      return response.end(outcome.body);
    }
    const seen: Seen = { path, headers: outcome.headers };
    const dresser = at('viewer-response', path);
    const dressed = await (dresser?.handler as ResponseHandler | undefined)?.(responseEvent(path));
    for (const [name, values] of Object.entries(dressed?.headers ?? {}))
      if (name !== 'content-length')
        response.setHeader(
          name,
          values.map(({ value }) => value),
        );
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify(seen));
  };
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.statusCode = 502;
      response.end(String(error));
    });
  };
}
