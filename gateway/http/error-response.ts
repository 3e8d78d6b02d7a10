import type { Failure, FailureCode } from '../../shared/errors.ts';
import { SsoError } from '../../shared/errors.ts';
import { wantsPage } from '../../shared/navigation.ts';
import type { Log } from '../deps.ts';
import { errorPage } from '../pages/error.ts';
import { type GatewayContext, headerReader, requestId } from './context.ts';
import { logFailure } from './failure-log.ts';

/** Body of an error that a program reads. */
export type Problem = {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** Stable code of the failures table. */
  readonly code: FailureCode;
  readonly request_id: string;
  /** Where a person could sign in. */
  readonly login?: string;
};

/**
 * Answers with an error as `application/problem+json`.
 *
 * @see RFC 9457
 */
export function problem(c: GatewayContext, code: FailureCode, failure: Failure, login?: string): Response {
  setErrorHeaders(c, failure);
  const body: Problem = {
    type: 'about:blank',
    title: failure.says,
    status: failure.status,
    code,
    request_id: requestId(c),
    ...(login === undefined ? {} : { login }),
  };
  return c.body(JSON.stringify(body), failure.status as 400, { 'content-type': 'application/problem+json' });
}

/**
 * Answers whatever a handler threw: a page to a person, problem+json to a program. The reason goes to the log alone.
 *
 * @param publicUrl Where the page's links start.
 * @param host Host of the app at whose address the page appears. Absent: it is the gateway's.
 */
export async function errorResponse(
  error: unknown,
  c: GatewayContext,
  publicUrl: string,
  log: Log,
  host?: string,
): Promise<Response> {
  const known = error instanceof SsoError ? error : new SsoError('internal', 'unexpected', { cause: error });
  const { failure, code } = known;
  logFailure(c, known, log);
  if (!wantsPage(headerReader(c))) return problem(c, code, failure);
  setErrorHeaders(c, failure);
  const retry = c.get('retry');
  const page = await errorPage({
    base: publicUrl,
    host,
    code,
    requestId: requestId(c),
    ...(retry === undefined ? {} : { retry: { href: retry } }),
  });
  return c.html(page, failure.status as 400);
}

function setErrorHeaders(c: GatewayContext, failure: Failure): void {
  // beside what the route said already
  c.header('vary', 'Accept, Sec-Fetch-Mode', { append: true });
  if (failure.retryAfter !== undefined) c.header('retry-after', String(failure.retryAfter));
  if (failure.status === 401) c.header('www-authenticate', 'Cookie');
}
