import { type Failure, type FailureCode, failures } from '../../shared/errors.ts';
import { isNavigation } from '../../shared/navigation.ts';
import type { Incoming } from './incoming.ts';

/** A whole answer of the filter, before a framework gives it a shape. */
export type Answer = {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
};

/** Everything that decides between pass, bounce and refusal. */
const vary = 'Cookie, Accept, Sec-Fetch-Mode, Sec-Fetch-Dest, Sec-Purpose';
const always = [
  ['Cache-Control', 'no-store'],
  ['Vary', vary],
] as const;

/** To another address. */
export function redirect(location: string, status: 302 | 303 = 302): Answer {
  return { status, headers: [['Location', location], ...always], body: '' };
}

/** Data for a script or a server of ours. */
export function json(value: object, status = 200): Answer {
  const headers = [['Content-Type', 'application/json'], ['X-Content-Type-Options', 'nosniff'], ...always] as const;
  return { status, headers, body: JSON.stringify(value) };
}

/** It was done, and there is nothing to say. */
export const done = (status: 200 | 204): Answer => ({ status, headers: always, body: '' });

/**
 * A failure for programs, as problem details with its `code`.
 *
 * @param more Further members, such as `login`.
 * @see RFC 9457
 */
export function problem(code: FailureCode, more: Readonly<Record<string, string>> = {}): Answer {
  const { status, says } = failures[code];
  return failure(code, 'application/problem+json', JSON.stringify({ title: says, status, code, ...more }));
}

/** The plainest page that says it: the app's own look is the app's to give. */
function page(code: FailureCode): Answer {
  const { says, hint }: Failure = failures[code];
  const lines = [says, ...(hint === undefined ? [] : [hint])].map((line) =>
    line.replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
  );
  const body = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${lines[0]}</title></head>
<body><main><h1>${lines[0]}</h1>${lines
    .slice(1)
    .map((line) => `<p>${line}</p>`)
    .join('')}</main></body>
</html>
`;
  return failure(code, 'text/html; charset=utf-8', body, [
    ['Content-Security-Policy', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"],
  ]);
}

/** A failure as a page for a person's navigation, as problem details for everything else. */
export function refusal(code: FailureCode, incoming: Incoming): Answer {
  return isNavigation(incoming.method, incoming.header) ? page(code) : problem(code);
}

/** The same answer with cookies to set. */
export function withCookies(answer: Answer, cookies: readonly string[]): Answer {
  if (cookies.length === 0) return answer;
  return { ...answer, headers: [...answer.headers, ...cookies.map((cookie) => ['Set-Cookie', cookie] as const)] };
}

/** An answer as the Fetch API has it. */
export function toResponse({ status, headers, body }: Answer): Response {
  const all = new Headers();
  for (const [name, value] of headers) all.append(name, value);
  return new Response(body === '' ? null : body, { status, headers: all });
}

function failure(code: FailureCode, type: string, body: string, more: Answer['headers'] = []): Answer {
  const { status, retryAfter }: Failure = failures[code];
  return {
    status,
    headers: [
      ['Content-Type', type],
      ['X-Content-Type-Options', 'nosniff'],
      ...always,
      ...(retryAfter === undefined ? [] : [['Retry-After', String(retryAfter)] as const]),
      ...more,
    ],
    body,
  };
}
