import { Hono } from 'hono';
import { cookieNames } from '../shared/cookies/cookie.ts';
import { SsoError } from '../shared/errors.ts';
import { createCheckCore } from './check/core.ts';
import { authRequest, extAuthz } from './check/dialects.ts';
import { createFeed, type Feed } from './check/feed.ts';
import { createIdentityMint } from './check/identity-token.ts';
import { createPeopleAfresh } from './check/people-afresh.ts';
import { createCheckRules } from './check/request.ts';
import type { GatewayDeps } from './deps.ts';
import { assertClientKeys, createClientKeys } from './hand-off/client-keys.ts';
import { createAddresses } from './http/addresses.ts';
import type { GatewayContext, GatewayEnv } from './http/context.ts';
import { errorResponse } from './http/error-response.ts';
import { setLoginStatus } from './http/login-status.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createSecureHeaders } from './http/security-headers.ts';
import { createIntrospection } from './introspection/introspection.ts';
import { createLogouts, type Logouts } from './logout/delivery.ts';
import { createProvider } from './provider/openid.ts';
import { createUpstreams } from './proxy/upstreams.ts';
import { authorize, postAuthorize } from './routes/authorize.ts';
import { browserScriptFile } from './routes/browser-script.ts';
import { callback } from './routes/callback.ts';
import { type Checker, check } from './routes/check.ts';
import { discovery } from './routes/discovery.ts';
import { endSessionEndpoint, postEndSession } from './routes/end-session.ts';
import {
  fedcmAccounts,
  fedcmAssertion,
  fedcmClientMetadata,
  fedcmConfigFile,
  fedcmDisconnect,
  fedcmLogin,
  fedcmSignedIn,
  webIdentityFile,
} from './routes/fedcm.ts';
import { checkSession, frame } from './routes/frame.ts';
import { frameCheck } from './routes/frame-check.ts';
import { frameSessionState } from './routes/frame-session-state.ts';
import { frameWatch } from './routes/frame-watch.ts';
import { readiness } from './routes/health.ts';
import { home } from './routes/home.ts';
import { introspect } from './routes/introspect.ts';
import { jwks } from './routes/jwks.ts';
import { login } from './routes/login.ts';
import { confirmLogout, logout, signedOut } from './routes/logout.ts';
import { createProxied } from './routes/proxied.ts';
import { refresh } from './routes/refresh.ts';
import { renewBySession, session, sessionPreflight } from './routes/session.ts';
import { endSessions, sessions } from './routes/sessions.ts';
import { token, tokenPreflight } from './routes/token.ts';
import { userinfo, userinfoPreflight } from './routes/userinfo.ts';
import type { Parts } from './session/parts.ts';
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
 * @throws ConfigError where the key file and the apps' settings don't fit together.
 */
export function createGateway(deps: GatewayDeps): Gateway {
  const { clients, config, keyring, log } = deps;
  assertClientKeys(config.clients, keyring);
  const at = createAddresses(config);
  const feed = createFeed(deps);
  const providers = new Map(
    config.providers.map(
      (provider) => [provider.id, createProvider(provider, at.url(`/callback/${provider.id}`), deps)] as const,
    ),
  );
  const clientKeys = createClientKeys(config.clients, deps);
  const logouts = createLogouts(deps);
  const parts: Parts = { ...deps, at, feed, providers, clientKeys, logouts, names: cookieNames(config.environment) };
  sendAwayOnNews(parts);
  const checker: Checker = {
    core: createCheckCore({ config, keys: keyring.domainCookie.all, revocations: feed }),
    rules: createCheckRules(config.rules, deps.isTrustedPeer),
    people: createPeopleAfresh(deps.users, feed),
    mintIdentity: config.check.identityJwt ? createIdentityMint(config, keyring.identity) : undefined,
  };

  const introspection = createIntrospection(parts);
  const introspections = createRateLimit(60);

  const secureHeaders = createSecureHeaders({
    formAction: () => formTargets(parts),
    https: at.origin.startsWith('https:'),
  });
  const secure = (headers: Headers) => {
    setLoginStatus(headers, parts.names.host);
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
  app.get('/.well-known/web-identity', (c) => webIdentityFile(c, parts));

  // everything else answers for its own host alone
  app.use(ownHostOnly(at.host));
  app.get('/.well-known/sso-jwks.json', (c) => jwks(c, keyring.domainCookie.jwks));
  app.get('/.well-known/identity-jwks.json', (c) => jwks(c, keyring.identity.jwks));
  app.get('/.well-known/jwks.json', (c) => jwks(c, keyring.openid.jwks));
  app.get('/.well-known/openid-configuration', (c) => discovery(c, parts));
  app.get('/authorize', (c) => authorize(c, parts));
  app.post('/authorize', (c) => postAuthorize(c, parts));
  app.post('/token', (c) => token(c, parts));
  app.options('/token', (c) => tokenPreflight(c, parts));
  app.on(['GET', 'POST'], '/userinfo', (c) => userinfo(c, parts));
  app.options('/userinfo', (c) => userinfoPreflight(c, parts));
  app.post('/introspect', (c) => introspect(c, introspection, introspections, parts));
  app.get('/end-session', (c) => endSessionEndpoint(c, parts));
  app.post('/end-session', (c) => postEndSession(c, parts));
  app.get('/browser.js', (c) => browserScriptFile(c));
  app.get('/frame', (c) => frame(c, parts));
  app.get('/check-session', (c) => checkSession(c, parts));
  app.post('/frame/check', (c) => frameCheck(c, parts));
  app.post('/frame/watch', (c) => frameWatch(c, parts));
  app.post('/frame/session-state', (c) => frameSessionState(c, parts));
  app.all('/login', (c) => login(c, parts));
  app.get('/callback/:provider', (c) => callback(c, parts));
  app.all('/refresh', (c) => refresh(c, parts));
  app.get('/logout', (c) => confirmLogout(c, parts));
  app.post('/logout', (c) => logout(c, parts));
  app.get('/signed-out', (c) => signedOut(c, parts));
  app.get('/session', (c) => session(c, parts));
  app.post('/session', (c) => renewBySession(c, parts));
  app.options('/session', (c) => sessionPreflight(c, parts));
  app.get('/sessions', (c) => sessions(c, parts));
  app.post('/sessions/end', (c) => endSessions(c, parts));
  app.get('/fedcm/config.json', (c) => fedcmConfigFile(c, parts));
  app.get('/fedcm/accounts', (c) => fedcmAccounts(c, parts));
  app.get('/fedcm/client-metadata', (c) => fedcmClientMetadata(c, parts));
  app.post('/fedcm/assertion', (c) => fedcmAssertion(c, parts));
  app.post('/fedcm/disconnect', (c) => fedcmDisconnect(c, parts));
  app.get('/fedcm/login', (c) => fedcmLogin(c, parts));
  app.get('/fedcm/signed-in', (c) => fedcmSignedIn(c, parts));
  app.get('/', (c) => home(c, parts));
  for (const [path, methods] of otherwiseRefused) app.all(path, (c) => refuseMethod(c, methods));

  const failed = async (error: unknown, c: GatewayContext) => {
    const response = await errorResponse(error, c, config.publicUrl, log);
    secure(response.headers);
    return response;
  };
  app.notFound((c) => failed(new SsoError('not_found', 'no route'), c));
  app.onError(failed);

  // asked for every request of every app: alone in its router it costs no middleware, which is a tenth of its time
  const front = new Hono<GatewayEnv>({ strict: false });
  front.all(`${at.base}/check`, (c) => check(c, checker, parts));
  front.all(`${at.base}/check/nginx`, (c) => check(c, checker, parts, authRequest));
  if (at.base !== '') {
    // its path is fixed, whatever ours begin with
    front.get('/.well-known/web-identity', (c) => {
      const response = webIdentityFile(c, parts);
      secure(response.headers);
      return response;
    });
  }
  front.onError(failed);
  front.notFound((c) => app.fetch(c.req.raw, c.env));
  // Envoy puts the visitor's path behind its prefix as it came: with `/../../healthz` the router would answer 200 for
  // another address. So what the request line says decides, before anything resolves it.
  const envoyPath = `${at.base}/check/envoy`;
  const envoy = extAuthz(envoyPath);
  const behindEnvoy = new Hono<GatewayEnv>({ strict: false });
  behindEnvoy.all('*', (c) => check(c, checker, parts, envoy));
  behindEnvoy.onError(failed);
  const answers = (env: GatewayEnv['Bindings'] | undefined) =>
    env?.incoming?.url?.startsWith(envoyPath) ? behindEnvoy : front;
  const own = (request: Request, env?: GatewayEnv['Bindings']) => answers(env).fetch(request, env);

  const upstreams = createUpstreams(clients.all, at);
  if (!upstreams) return { fetch: own, checker, feed, logouts, parts, isProxied: undefined };
  const inFront = new Hono<GatewayEnv>({ strict: false });
  inFront.all('*', createProxied(upstreams, checker, parts));
  inFront.onError(async (error, c) => {
    const response = await failed(error, c);
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
const otherwiseRefused = [
  ['/healthz', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
  ['/.well-known/sso-jwks.json', 'GET, HEAD'],
  ['/.well-known/identity-jwks.json', 'GET, HEAD'],
  ['/.well-known/jwks.json', 'GET, HEAD'],
  ['/.well-known/openid-configuration', 'GET, HEAD'],
  ['/authorize', 'GET, POST'],
  ['/token', 'POST, OPTIONS'],
  ['/userinfo', 'GET, POST, OPTIONS'],
  ['/introspect', 'POST'],
  ['/end-session', 'GET, POST'],
  ['/browser.js', 'GET, HEAD'],
  ['/frame', 'GET, HEAD'],
  ['/check-session', 'GET, HEAD'],
  ['/frame/check', 'POST'],
  ['/frame/watch', 'POST'],
  ['/frame/session-state', 'POST'],
  ['/callback/:provider', 'GET'],
  ['/logout', 'GET, HEAD, POST'],
  ['/signed-out', 'GET, HEAD'],
  ['/session', 'GET, HEAD, POST, OPTIONS'],
  ['/sessions', 'GET, HEAD'],
  ['/sessions/end', 'POST'],
  ['/.well-known/web-identity', 'GET, HEAD'],
  ['/fedcm/config.json', 'GET, HEAD'],
  ['/fedcm/accounts', 'GET'],
  ['/fedcm/client-metadata', 'GET'],
  ['/fedcm/assertion', 'POST'],
  ['/fedcm/disconnect', 'POST'],
  ['/fedcm/login', 'GET'],
  ['/fedcm/signed-in', 'GET'],
  ['/', 'GET, HEAD'],
] as const;

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
