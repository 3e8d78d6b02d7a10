import { Buffer } from 'node:buffer';
import type { Answer } from './answer.ts';
import { createAutoLogin } from './core.ts';
import type { SignedIn, SignedOut, SsoFilter } from './decision.ts';
import { createHandOff } from './hand-off/hand-off.ts';
import type { HandOffOptions } from './hand-off/options.ts';
import type { Body, Incoming } from './incoming.ts';
import { addLateHeaders, type Head, mergeVary } from './late-headers.ts';
import type { AutoLoginOptions } from './options.ts';
import { type Demand, guard, type Sso, ssoOf } from './sso.ts';

export { createMemoryLogoutStore, type LogoutStore } from './hand-off/logout-store.ts';
export type { HandOffOptions } from './hand-off/options.ts';
export type { AutoLoginOptions } from './options.ts';
export { hasPermission, hasRole, type Person } from './person.ts';
export type { Sso } from './sso.ts';

declare global {
  namespace Express {
    interface Request {
      /** Set by Crossgate's `autoLogin` and `handOff`. */
      sso?: Sso;
    }
  }
}

/** What the filter needs of an Express request. */
export type ExpressRequest = {
  readonly method: string;
  /** The whole path and query, whatever router the filter is mounted in. */
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What a parser before the filter has made of the body. */
  readonly body?: unknown;
  /** Has anybody begun to read the body? */
  readonly readableDidRead?: boolean;
  /** Has it been read to its end? Of an empty one nothing else can be told. */
  readonly readableEnded?: boolean;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  sso?: Sso;
};

/** What the filter needs of an Express response. */
export type ExpressResponse = {
  getHeader(name: string): number | string | string[] | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  appendHeader(name: string, value: string | readonly string[]): unknown;
  statusCode: number;
  writeHead: (status: number, ...rest: never[]) => unknown;
  end(body: string): unknown;
};

/** Fits `app.use` of Express 4 and 5 without needing Express, or its types, to be there. */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => void | Promise<void>;

/**
 * The auto-login filter as Express middleware. What it does is said at `createAutoLogin`.
 *
 * Mount it before what needs a person. Bodies stream through untouched; the app's own cookies, `Vary` and `Cache-Control`
 * stay. What `onSignIn` throws goes to `next`.
 *
 * @throws SsoError `config_invalid` at once, listing every mistake in the options.
 * @example
 * app.use(autoLogin({ gateway: 'https://auth.acme.com', url: 'https://notes.acme.com', secret }))
 * app.get('/', (request, response) => response.send(`Hello ${request.sso?.person?.name}`))
 */
export function autoLogin(options: AutoLoginOptions): ExpressHandler {
  return filtering(createAutoLogin(options));
}

/**
 * The filter of an app on a domain of its own as Express middleware. What it does is said at `createHandOff`.
 *
 * Mount it at the app itself, before what needs a person; a body parser may stand before or after it. The app's own
 * cookies, `Vary` and `Cache-Control` stay. What `onSignIn` throws goes to `next`.
 *
 * @throws SsoError `config_invalid` at once, listing every mistake in the options.
 * @example
 * app.use(handOff({ gateway: 'https://auth.acme.com', url: 'https://www.globex.com', clientId: 'globex', clientSecret, secret, logoutStore }))
 * app.get('/', (request, response) => response.send(`Hello ${request.sso?.person?.name}`))
 */
export function handOff(options: HandOffOptions): ExpressHandler {
  return filtering(createHandOff(options));
}

function filtering(filter: SsoFilter): ExpressHandler {
  return async (request, response, next) => {
    let decision: Awaited<ReturnType<typeof filter.decide>>;
    try {
      decision = await filter.decide(incomingOf(request));
    } catch (error) {
      next(error);
      return;
    }
    if (decision.kind === 'respond') {
      send(response, decision.answer);
      return;
    }
    request.sso = ssoOf(filter, decision);
    addBeforeHead(response, decision);
    next();
  };
}

/** Lets through who has the role; others get 403, nobody is sent to sign in. Stands after {@link autoLogin} or {@link handOff}. */
export const requireRole = (role: string): ExpressHandler => demanding({ role });

/**
 * Lets through who has the permission (`resource:action`); others get 403, nobody is sent to sign in. Stands after
 * {@link autoLogin} or {@link handOff}.
 *
 * @example app.delete('/notes/:id', requirePermission('notes:delete'), (request, response) => …)
 */
export const requirePermission = (permission: string): ExpressHandler => demanding({ permission });

function demanding(demand: Demand): ExpressHandler {
  return (request, response, next) => {
    const refused = guard(request.sso, demand, incomingOf(request));
    if (refused) send(response, refused);
    else next();
  };
}

function incomingOf(request: ExpressRequest): Incoming {
  const { method, originalUrl, headers } = request;
  return {
    body: (longest) => readBody(request, longest),
    method,
    target: originalUrl,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}

/** Reads what nobody has read yet; else it is as a parser left it. Express 4 sets `body` also where no parser felt meant. */
async function readBody(request: ExpressRequest, longest: number): Promise<Body> {
  const { body, readableDidRead, readableEnded } = request;
  if (readableDidRead === false && readableEnded === false) return await readRequest(request, longest);
  if (typeof body === 'string') return { kind: 'text', text: body };
  if (body instanceof Uint8Array) return { kind: 'text', text: Buffer.from(body).toString('utf8') };
  return { kind: 'parsed', value: body };
}

/** What is too long flows on unread: to stop it, as `for await` would, closes the connection before there is an answer. */
function readRequest(request: ExpressRequest, longest: number): Promise<Body> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk) => {
      bytes += Buffer.byteLength(chunk);
      if (bytes <= longest) chunks.push(Buffer.from(chunk));
      else {
        chunks = [];
        resolve({ kind: 'too_large' });
      }
    });
    request.on('end', () => resolve({ kind: 'text', text: Buffer.concat(chunks).toString('utf8') }));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the request was broken off')));
  });
}

function send(response: ExpressResponse, { status, headers, body }: Answer): void {
  const head = headOf(response);
  response.statusCode = status;
  for (const [name, value] of headers) {
    if (name === 'Set-Cookie') head.append(name, value);
    else head.set(name, name === 'Vary' ? mergeVary(head.get(name), value) : value);
  }
  response.end(body);
}

function headOf(response: ExpressResponse): Head {
  return {
    get(name) {
      const value = response.getHeader(name);
      return value === undefined || typeof value === 'string' ? value : String(value);
    },
    set: (name, value) => response.setHeader(name, value),
    append: (name, value) => response.appendHeader(name, value),
  };
}

/** Adds the filter's headers at the last moment, so that an app which sets the same ones afterwards doesn't lose them. */
function addBeforeHead(response: ExpressResponse, decision: SignedIn | SignedOut): void {
  const { writeHead } = response;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    response.writeHead = writeHead;
    // headers that the app gives to writeHead itself would replace ours, so they go in before
    for (const [name, values] of headersOf(rest)) response.setHeader(name, values);
    addLateHeaders(decision, headOf(response));
    const reason = rest.filter((one) => typeof one === 'string') as never[];
    return writeHead.call(response, status, ...reason);
  };
}

/** Headers among the arguments of `writeHead`: an object, or a flat list of names and values. */
function headersOf(rest: readonly unknown[]): Map<string, string | string[]> {
  const found = new Map<string, string | string[]>();
  const given = rest.find((one) => typeof one === 'object' && one !== null);
  if (Array.isArray(given)) {
    for (let i = 0; i + 1 < given.length; i += 2) {
      const name = String(given[i]).toLowerCase();
      found.set(name, [...(found.get(name) ?? []), ...[given[i + 1]].flat().map(String)]);
    }
  } else {
    for (const [name, value] of Object.entries(given ?? {}))
      if (value !== undefined) found.set(name, Array.isArray(value) ? value.map(String) : String(value));
  }
  return found;
}
