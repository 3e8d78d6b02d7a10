import type { IncomingMessage, OutgoingHttpHeader, RequestListener, ServerResponse } from 'node:http';
import type { Arrival, Journal, NewStep } from './journal.ts';
import { decodeDomainCookie, isDomainCookie, shownCookieName, splitSetCookie } from './journal-cookies.ts';
import { safeAddress, safeTarget } from './journal-redaction.ts';

/** Asked by browsers and tools on their own, or too often to be news. */
const noise =
  /^\/(favicon\.ico|robots\.txt|healthz|readyz|\.well-known\/appspecific\/.*)$|\.(css|js|map|png|svg|ico|woff2?)$/;
/** What a page that is left open asks every few seconds. */
const polls = /^\/(frame\/(check|session-state)|sso\/session)$/;
const noisyDestinations: ReadonlySet<string> = new Set(['image', 'style', 'script', 'font', 'manifest']);

/**
 * Wraps a listener of `node:http` so that what it is asked and answers is recorded: method, path, names of parameters,
 * status, where a redirect leads, cookies with their attributes, and the claims of the domain cookie; and what is noted
 * meanwhile. Never a body, a header of the request, a cookie's value, a token or a code. The answer itself is not changed.
 *
 * @param host Name of the host that the listener serves, without a port.
 * @param what `page-loads`: nothing that scripts of a page ask for, such as streams that go on for as long as it is open.
 */
export function observe(
  listener: RequestListener,
  host: string,
  journal: Journal,
  what: 'everything' | 'page-loads' = 'everything',
): RequestListener {
  return (request, response) => {
    const target = request.url ?? '/';
    const path = target.split('?')[0] ?? '/';
    const purpose = header(request, 'sec-fetch-dest') ?? '';
    const by = sender(request);
    const isLeftOut = what === 'page-loads' && by !== 'navigation';
    if (isLeftOut || noise.test(path) || noisyDestinations.has(purpose)) return listener(request, response);

    const method = request.method ?? 'GET';
    const isPoll = polls.test(path);
    const visit = journal.arrive({
      isPoll,
      host,
      target,
      method,
      by,
      from: pageHost(request),
      sameOrigin: isSameOrigin(request),
    });
    const began = performance.now();
    const head = watchHead(response);
    const over = () => {
      response.off('finish', over).off('close', over);
      const { location, cookies } = head();
      const { statusCode: status, headersSent } = response;
      const to = status >= 300 && status < 400 ? resolve(location, host, request) : undefined;
      visit.leave(to?.href);
      const shown = safeTarget(target);
      journal.record(
        {
          kind: to ? 'redirect' : 'request',
          host,
          summary: `${method} ${shown.path} → ${headersSent ? status : 'broken off'}${to ? ` to ${to.hostname}${to.pathname}` : ''}`,
          details: {
            method,
            ...shown,
            ...(headersSent ? { status } : {}),
            ...(to ? { location: safeAddress(to.href) } : {}),
            by: by === 'server' ? (visit.causedBy ?? by) : by,
            durationMs: Math.round(performance.now() - began),
          },
          parts: cookies.map((cookie) => cookieStep(cookie, host)),
          isPoll,
        },
        visit,
      );
    };
    response.on('finish', over).on('close', over);
    return journal.during(visit, () => listener(request, response));
  };
}

function cookieStep(setCookie: string, host: string): NewStep {
  const { name: fullName, value, flags, domain, maxAge } = splitSetCookie(setCookie);
  const name = shownCookieName(fullName);
  const isCleared = value === '' || (maxAge !== undefined && maxAge <= 0);
  const claims = !isCleared && isDomainCookie(fullName) ? decodeDomainCookie(value) : undefined;
  return {
    kind: 'cookie',
    host,
    summary: `${isCleared ? 'clears' : 'sets'} ${name} for ${domain === undefined ? `${host} alone` : `${domain} and every host below`}`,
    // `cookie` and the like are names whose values the journal leaves out
    details: {
      name,
      action: isCleared ? 'cleared' : 'set',
      domain: domain ?? null,
      flags,
      ...(maxAge === undefined || isCleared ? {} : { maxAge }),
      ...(claims === undefined ? {} : { claims }),
    },
  };
}

/** Watches for an answer's head: headers that are given to `writeHead` itself are found nowhere else afterwards. */
function watchHead(response: ServerResponse): () => { location: string | undefined; cookies: readonly string[] } {
  let given: readonly (readonly [name: string, value: unknown])[] = [];
  const { writeHead } = response;
  response.writeHead = ((...args: unknown[]) => {
    const headers = args.find((one) => typeof one === 'object' && one !== null);
    given = Array.isArray(headers) ? [...pairs(headers)] : Object.entries(headers ?? {});
    return Reflect.apply(writeHead, response, args) as ServerResponse;
  }) as ServerResponse['writeHead'];
  return () => {
    const all = [...Object.entries(response.getHeaders()), ...given];
    const values = (wanted: string) =>
      all.filter(([name]) => name.toLowerCase() === wanted).flatMap(([, value]) => [value].flat().map(String));
    return { location: values('location').at(-1), cookies: [...new Set(values('set-cookie'))] };
  };
}

/** A list of pairs, or a flat list of names and values. */
function* pairs(list: readonly unknown[]): Generator<readonly [string, unknown]> {
  if (Array.isArray(list[0])) return yield* list as readonly (readonly [string, OutgoingHttpHeader])[];
  for (let i = 0; i + 1 < list.length; i += 2) yield [String(list[i]), list[i + 1]];
}

/** Browsers say what a request is for. A server's `fetch` is no browser's, and wants no page. */
function sender(request: IncomingMessage): Arrival['by'] {
  const purpose = header(request, 'sec-fetch-dest');
  if (purpose === 'iframe') return 'frame';
  if (purpose === 'webidentity') return 'fedcm';
  const mode = header(request, 'sec-fetch-mode');
  if (mode === 'navigate') return 'navigation';
  const isBrowser = (header(request, 'user-agent') ?? '').startsWith('Mozilla/');
  if (isBrowser && mode !== undefined) return 'page';
  if ((header(request, 'accept') ?? '').includes('text/html')) return 'navigation';
  return isBrowser ? 'page' : 'server';
}

/** Host of the page that sent it, without its port; `undefined`: the browser doesn't tell. */
function pageHost(request: IncomingMessage): string | undefined {
  const from = header(request, 'origin') ?? header(request, 'referer') ?? '';
  return URL.canParse(from) ? new URL(from).hostname : undefined;
}

function isSameOrigin(request: IncomingMessage): boolean {
  const site = header(request, 'sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const from = header(request, 'origin') ?? header(request, 'referer');
  return from !== undefined && URL.canParse(from) && new URL(from).host === request.headers.host;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The whole address of a redirect, which may be relative. `undefined`: none that a browser would follow. */
function resolve(location: string | undefined, host: string, request: IncomingMessage): URL | undefined {
  const base = `http://${request.headers.host ?? host}${request.url?.startsWith('/') ? request.url : '/'}`;
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base) : undefined;
}
