import { type Failure, SsoError } from '../../../shared/errors.ts';
import { type HeaderReader, wantsPage } from '../../../shared/navigation.ts';
import type { Problem } from '../../http/error-response.ts';
import { createSecureHeaders } from '../../http/security-headers.ts';
import { errorPage } from '../../pages/error.ts';
import type { Html } from '../../pages/mark.ts';
import type { Retry } from '../../pages/retry.ts';
import type { EdgeDeps } from './deps.ts';
import type { CloudFrontHeaders, CloudFrontResponse } from './event.ts';

/** What an answer carries beside status and body. */
export type AnswerOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** `Set-Cookie` values. */
  readonly cookies?: readonly string[];
  /** Where the page's forms may lead. Default: it has none. */
  readonly formAction?: readonly string[];
};

/**
 * An answer that a function makes itself, never to be stored, with the headers that all of ours carry: http_headers does
 * not see what comes from viewer-request.
 */
export function answer(status: number, body: string, options: AnswerOptions = {}): CloudFrontResponse {
  const { headers = {}, cookies = [], formAction = [] } = options;
  const all = new Headers(headers);
  createSecureHeaders({ formAction: () => formAction, https: true })(all);
  const written: CloudFrontHeaders = {};
  for (const [name, value] of all) written[name] = [{ key: name, value }];
  if (cookies.length > 0) written['set-cookie'] = cookies.map((value) => ({ key: 'set-cookie', value }));
  return { status: String(status), headers: written, ...(body === '' ? {} : { body }) };
}

/** Sends a browser elsewhere. */
export function redirect(
  location: string,
  options: AnswerOptions & { readonly status?: 302 | 303 } = {},
): CloudFrontResponse {
  return answer(options.status ?? 302, '', { ...options, headers: { location, ...options.headers } });
}

/** A page for a person. */
export async function page(html: Html, status = 200, options: AnswerOptions = {}): Promise<CloudFrontResponse> {
  return answer(status, String(await html), {
    ...options,
    headers: { 'content-type': 'text/html; charset=utf-8', ...options.headers },
  });
}

/** What an error answer is about. */
export type Refused = {
  readonly header: HeaderReader;
  /** CloudFront's own: it finds the request in every log. */
  readonly requestId: string;
  /** Origin of the site. */
  readonly site: string;
  /** Where a person could sign in. */
  readonly login?: string | undefined;
  /** The way on from the page. */
  readonly retry?: Retry | undefined;
} & AnswerOptions;

/** Answers with an error: a page to a person, problem+json to a program. The reason goes to the log alone. */
export async function refuse(error: unknown, about: Refused, log: EdgeDeps['log']): Promise<CloudFrontResponse> {
  const known = error instanceof SsoError ? error : new SsoError('internal', 'unexpected', { cause: error });
  const { code, reason } = known;
  const failure: Failure = known.failure;
  const { header, requestId, site, login, retry } = about;
  const fields = { requestId, code, reason };
  // whoever is told to sign in, and browsers that prepare for a click, come all the time
  const usual = failure.status === 401 || code === 'prefetch_refused';
  if (failure.status >= 500 && !usual) log.error('request failed', fields, known.cause ?? known);
  else if (!usual) log.info('request refused', fields);
  const headers = {
    vary: 'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept',
    ...(failure.retryAfter === undefined ? {} : { 'retry-after': String(failure.retryAfter) }),
    ...(failure.status === 401 ? { 'www-authenticate': 'Cookie' } : {}),
    ...about.headers,
  };
  if (wantsPage(header) && login === undefined) {
    const way = retry ?? { href: `${site}/`, label: 'Go to the start page' };
    return await page(errorPage({ base: site, code, requestId, retry: way, home: false }), failure.status, {
      ...about,
      headers,
    });
  }
  const body: Problem = {
    type: 'about:blank',
    title: failure.says,
    status: failure.status,
    code,
    request_id: requestId,
    ...(login === undefined ? {} : { login }),
  };
  return answer(failure.status, JSON.stringify(body), {
    ...about,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}
