import type { Context, MiddlewareHandler } from 'hono';
import { toResponse } from './answer.ts';
import { createAutoLogin } from './core.ts';
import type { SsoFilter } from './decision.ts';
import { createHandOff } from './hand-off/hand-off.ts';
import type { HandOffOptions } from './hand-off/options.ts';
import { type Body, type Incoming, readStream } from './incoming.ts';
import { addLateHeaders } from './late-headers.ts';
import type { AutoLoginOptions } from './options.ts';
import { type Demand, guard, type Sso, ssoOf } from './sso.ts';

export { createMemoryLogoutStore, type LogoutStore } from './hand-off/logout-store.ts';
export type { HandOffOptions } from './hand-off/options.ts';
export type { AutoLoginOptions } from './options.ts';
export { hasPermission, hasRole, type Person } from './person.ts';
export type { Sso } from './sso.ts';

/** What the filter puts into a Hono context: `c.var.sso`. */
export type SsoEnv = { Variables: { sso: Sso } };

/**
 * The auto-login filter as Hono middleware. What it does is said at `createAutoLogin`.
 *
 * Mount it before what needs a person; the app's own cookies, `Vary` and `Cache-Control` stay.
 *
 * @throws SsoError `config_invalid` at once, listing every mistake in the options.
 * @example
 * app.use(autoLogin({ gateway: 'https://auth.acme.com', url: 'https://notes.acme.com', secret }))
 * app.get('/', (c) => c.text(`Hello ${c.var.sso.person?.name}`))
 */
export function autoLogin(options: AutoLoginOptions): MiddlewareHandler<SsoEnv> {
  return filtering(createAutoLogin(options));
}

/**
 * The filter of an app on a domain of its own as Hono middleware. What it does is said at `createHandOff`.
 *
 * Mount it before what needs a person; the app's own cookies, `Vary` and `Cache-Control` stay.
 *
 * @throws SsoError `config_invalid` at once, listing every mistake in the options.
 * @example
 * app.use(handOff({ gateway: 'https://auth.acme.com', url: 'https://www.globex.com', clientId: 'globex', clientSecret, secret, logoutStore }))
 * app.get('/', (c) => c.text(`Hello ${c.var.sso.person?.name}`))
 */
export function handOff(options: HandOffOptions): MiddlewareHandler<SsoEnv> {
  return filtering(createHandOff(options));
}

function filtering(filter: SsoFilter): MiddlewareHandler<SsoEnv> {
  return async (c, next) => {
    const decision = await filter.decide(incomingOf(c));
    if (decision.kind === 'respond') return toResponse(decision.answer);
    c.set('sso', ssoOf(filter, decision));
    await next();
    // a protocol switch is no answer of a page, and can't be copied to get other headers
    if (c.res.status === 101) return undefined;
    addLateHeaders(decision, {
      get: (name) => c.res.headers.get(name) ?? undefined,
      set: (name, value) => c.header(name, value),
      append: (name, value) => c.header(name, value, { append: true }),
    });
    return undefined;
  };
}

/** Lets through who has the role; others get 403, nobody is sent to sign in. Stands after {@link autoLogin} or {@link handOff}. */
export const requireRole = (role: string): MiddlewareHandler<SsoEnv> => demanding({ role });

/**
 * Lets through who has the permission (`resource:action`); others get 403, nobody is sent to sign in. Stands after
 * {@link autoLogin} or {@link handOff}.
 *
 * @example app.delete('/notes/:id', requirePermission('notes:delete'), (c) => …)
 */
export const requirePermission = (permission: string): MiddlewareHandler<SsoEnv> => demanding({ permission });

function demanding(demand: Demand): MiddlewareHandler<SsoEnv> {
  return async (c, next) => {
    const refused = guard(c.get('sso'), demand, incomingOf(c));
    if (refused) return toResponse(refused);
    return await next();
  };
}

function incomingOf(c: Context): Incoming {
  return {
    method: c.req.method,
    target: c.req.url,
    header: (name) => c.req.header(name),
    body: (longest) => readBody(c, longest),
  };
}

/** Reads what nobody has read yet; else Hono still has what was made of it. */
async function readBody({ req }: Context, longest: number): Promise<Body> {
  if (!req.raw.bodyUsed) return await readStream(req.raw.body, longest);
  const isForm = /^\s*application\/x-www-form-urlencoded/i.test(req.header('content-type') ?? '');
  return isForm ? { kind: 'parsed', value: await req.parseBody() } : { kind: 'text', text: await req.text() };
}
