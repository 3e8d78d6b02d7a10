import { Hono } from 'hono';
import { ConfigError } from '../shared/config.ts';
import { cookieNames } from '../shared/cookies/cookie.ts';
import { SsoError } from '../shared/errors.ts';
import { createCheckCore } from './check/core.ts';
import { authRequest, extAuthz } from './check/dialects.ts';
import { createFeed, createOwnFeed, type Feed } from './check/feed.ts';
import { createIdentityMint } from './check/identity-token.ts';
import { createPeopleAfresh } from './check/people-afresh.ts';
import { createCheckRules } from './check/request.ts';
import type { GatewayDeps } from './deps.ts';
import { assertClientKeys, createClientKeys } from './hand-off/client-keys.ts';
import { createAddresses } from './http/addresses.ts';
import { addCookies, type GatewayContext, type GatewayEnv } from './http/context.ts';
import { errorResponse } from './http/error-response.ts';
import { setLoginStatus } from './http/login-status.ts';
import { createSecureHeaders } from './http/security-headers.ts';
import { createLogouts, type Logouts, noLogouts } from './logout/delivery.ts';
import { createProvider } from './provider/openid.ts';
import { createUpstreams } from './proxy/upstreams.ts';
import { callback } from './routes/callback.ts';
import { type Checker, check } from './routes/check.ts';
import { webIdentityFile } from './routes/fedcm.ts';
import { readiness } from './routes/health.ts';
import { home } from './routes/home.ts';
import { jwks } from './routes/jwks.ts';
import { login } from './routes/login.ts';
import { confirmLogout, logout, signedOut } from './routes/logout.ts';
import { createProxied, hostOf } from './routes/proxied.ts';
import { refresh } from './routes/refresh.ts';
import { renewBySession, session, sessionPreflight } from './routes/session.ts';
import { mountShared, sharedMethods } from './routes/shared.ts';
import { clearSessionCookies } from './session/end.ts';
import { hasStore, type Parts } from './session/parts.ts';
import { createRenewalsInPassing } from './session/renew-in-passing.ts';
import { sendAwayOnNews } from './session/send-away.ts';

export type { GatewayDeps, Log } from './deps.ts';

/** A gateway: a value, for a runtime to serve. */
export type Gateway = {
  /** Answers a request. Never rejects. */
  fetch(request: Request, env?: GatewayEnv['Bindings']): Response | Promise<Response>;
  /** The synchronous check, for runtimes that can ask it before a `Request` exists. */
  readonly checker: Checker;
  /** News of revocations; a runtime that lives on follows it. */
  readonly feed: Feed;
  /** News for apps of sessions that ended; a runtime that lives on follows it. */
  readonly logouts: Logouts;
  readonly parts: Parts;
  /** Is a request for an app that the gateway stands in front of? Absent: it stands in front of none. */
  readonly isProxied: ((host: string | undefined, target: string) => boolean) | undefined;
};

/**
 * Builds a gateway. Nothing is fetched, opened or begun: the first request does that, `feed.follow()` and
 * `logouts.follow()`.
 *
 * @throws ConfigError where the key file and the apps' settings don't fit together, or store and setting.
 */
export function createGateway(deps: GatewayDeps): Gateway {
  const { clients, clock, config, keyring, log, store } = deps;
  assertStoreAsConfigured(deps);
  assertClientKeys(config.clients, keyring);
  const at = createAddresses(config);
  const feed = store ? createFeed({ store, clock, log }) : createOwnFeed();
  const providers = new Map(
    config.providers.map(
      (provider) => [provider.id, createProvider(provider, at.url(`/callback/${provider.id}`), deps)] as const,
    ),
  );
  const clientKeys = createClientKeys(config.clients, deps);
  const logouts = store ? createLogouts({ ...deps, store }) : noLogouts;
  const parts: Parts = { ...deps, at, feed, providers, clientKeys, logouts, names: cookieNames(config.environment) };
  // what needs it is not there without a store
  const shared = hasStore(parts) ? parts : undefined;
  if (shared) sendAwayOnNews(shared);
  const checker: Checker = {
    core: createCheckCore({ config, keys: keyring.domainCookie.all, revocations: feed }),
    rules: createCheckRules(config.rules, deps.isTrustedPeer),
    people: createPeopleAfresh(deps.users, feed),
    mintIdentity: config.check.identityJwt ? createIdentityMint(config, keyring.identity) : undefined,
    renewals: shared && config.check.renews ? createRenewalsInPassing(shared) : undefined,
  };

  const secureHeaders = createSecureHeaders({
    formAction: () => formTargets(parts),
    https: at.origin.startsWith('https:'),
  });
  const secure = (headers: Headers) => {
    if (shared) setLoginStatus(headers, parts.names.host);
    secureHeaders(headers);
  };
  const app = new Hono<GatewayEnv>({ strict: false }).basePath(at.base || '/');
  app.use(async (c, next) => {
    await next();
    secure(c.res.headers);
  });
  // asked by machines, under whatever host name they know
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => readiness(c, parts));
  // asked for on the registrable domain, from where a proxy hands it on
  if (shared) app.get('/.well-known/web-identity', (c) => webIdentityFile(c, shared));

  // everything else answers for its own host alone
  app.use(ownHostOnly(at.host));
  app.get('/.well-known/sso-jwks.json', (c) => jwks(c, keyring.domainCookie.jwks));
  app.get('/.well-known/identity-jwks.json', (c) => jwks(c, keyring.identity.jwks));
  app.all('/login', (c) => login(c, parts));
  app.get('/callback/:provider', (c) => callback(c, parts));
  app.all('/refresh', (c) => refresh(c, parts));
  app.get('/logout', (c) => confirmLogout(c, parts));
  app.post('/logout', (c) => logout(c, parts));
  app.get('/signed-out', (c) => signedOut(c, parts));
  app.get('/session', (c) => session(c, parts));
  app.post('/session', (c) => renewBySession(c, parts));
  app.options('/session', (c) => sessionPreflight(c, parts));
  app.get('/', (c) => home(c, parts));
  if (shared) mountShared(app, shared);
  for (const [path, methods] of [...ownMethods, ...(shared ? sharedMethods : [])])
    app.all(path, (c) => refuseMethod(c, methods));

  const failed = async (error: unknown, c: GatewayContext, host?: string) => {
    // elsewhere the news of it does this: a cookie that still counts at the apps
    if (!shared && isOver(error)) addCookies(c, clearSessionCookies(c.req.header('cookie'), parts));
    const response = await errorResponse(error, c, config.publicUrl, log, host);
    secure(response.headers);
    return response;
  };
  app.notFound((c) => failed(new SsoError('not_found', 'no route'), c));
  app.onError((error, c) => failed(error, c));

  // asked for every request of every app: alone in its router it costs no middleware, which is a tenth of its time
  const front = new Hono<GatewayEnv>({ strict: false });
  front.all(`${at.base}/check`, (c) => check(c, checker, parts));
  front.all(`${at.base}/check/nginx`, (c) => check(c, checker, parts, authRequest));
  if (shared && at.base !== '') {
    // its path is fixed, whatever ours begin with
    front.get('/.well-known/web-identity', (c) => {
      const response = webIdentityFile(c, shared);
      secure(response.headers);
      return response;
    });
  }
  front.onError((error, c) => failed(error, c));
  front.notFound((c) => app.fetch(c.req.raw, c.env));
  // Envoy puts the visitor's path behind its prefix as it came: with `/../../healthz` the router would answer 200 for
  // another address. So what the request line says decides, before anything resolves it.
  const envoyPath = `${at.base}/check/envoy`;
  const envoy = extAuthz(envoyPath);
  const behindEnvoy = new Hono<GatewayEnv>({ strict: false });
  behindEnvoy.all('*', (c) => check(c, checker, parts, envoy));
  behindEnvoy.onError((error, c) => failed(error, c));
  const answers = (env: GatewayEnv['Bindings'] | undefined) =>
    env?.incoming?.url?.startsWith(envoyPath) ? behindEnvoy : front;
  const own = (request: Request, env?: GatewayEnv['Bindings']) => answers(env).fetch(request, env);

  const upstreams = createUpstreams(clients.all, at);
  if (!upstreams) return { fetch: own, checker, feed, logouts, parts, isProxied: undefined };
  const inFront = new Hono<GatewayEnv>({ strict: false });
  inFront.all('*', createProxied(upstreams, checker, parts));
  inFront.onError(async (error, c) => {
    const response = await failed(error, c, hostOf(c));
    // whether the app is reached by https alone is for the app to say
    response.headers.delete('strict-transport-security');
    return response;
  });
  const isProxied = (host: string | undefined, target: string) => upstreams(host, target) !== undefined;
  const fetch: Gateway['fetch'] = (request, env) => {
    const { host, target } = addressed(request, env?.incoming);
    return isProxied(host, target) ? inFront.fetch(request, env) : own(request, env);
  };
  return { fetch, checker, feed, logouts, parts, isProxied };
}

/** What stands at these addresses, for other methods to be told. */
const ownMethods = [
  ['/healthz', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
  ['/.well-known/sso-jwks.json', 'GET, HEAD'],
  ['/.well-known/identity-jwks.json', 'GET, HEAD'],
  ['/callback/:provider', 'GET'],
  ['/logout', 'GET, HEAD, POST'],
  ['/signed-out', 'GET, HEAD'],
  ['/session', 'GET, HEAD, POST, OPTIONS'],
  ['/', 'GET, HEAD'],
] as const;

/** @throws ConfigError where the deps are not those of the configuration: a gateway would do less than was asked, unsaid. */
function assertStoreAsConfigured({ config, store }: GatewayDeps): void {
  const { store: wanted } = config.session;
  if ((wanted === 'none') === (store === undefined)) return;
  throw new ConfigError([{ where: 'session.store', says: `is ${wanted}, and the gateway is started otherwise` }]);
}

/** Is this person no longer to be let in? */
const isOver = (error: unknown): boolean =>
  error instanceof SsoError && (error.code === 'account_disabled' || error.code === 'account_unknown');

/** Says which methods there are (RFC 9110 §15.5.6). */
function refuseMethod(c: GatewayContext, methods: string): never {
  c.header('allow', methods);
  throw new SsoError('method_not_allowed', `${c.req.method} is not among ${methods}`);
}

/** Whom a request names, and its target as it came. */
function addressed(request: Request, incoming: GatewayEnv['Bindings']['incoming']) {
  if (incoming) return { host: incoming.headers.host?.toString(), target: incoming.url ?? '' };
  const url = new URL(request.url);
  return { host: request.headers.get('host') ?? url.host, target: url.href.slice(url.origin.length) };
}

/** Refuses requests for other hosts (RFC 9110 §15.5.20): behind a careless proxy they would be somebody else's. */
function ownHostOnly(host: string) {
  return async (c: GatewayContext, next: () => Promise<void>) => {
    const asked = c.req.header('host') ?? new URL(c.req.url).host;
    if (asked.toLowerCase() !== host) throw new SsoError('wrong_host', 'asked for another host');
    await next();
  };
}

/** Where the sign-out form may lead in the end: here, the providers, the apps. */
function formTargets({ at, clients, config, providers }: Parts): string[] {
  const { protocol, port } = new URL(at.origin);
  return [
    at.origin,
    `${protocol}//*.${config.cookie.domain}${port ? `:${port}` : ''}`,
    ...[...providers.values()].flatMap((provider) => provider.logoutOrigins()),
    ...clients.all.flatMap((client) => client.origins),
  ];
}
