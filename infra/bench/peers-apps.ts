import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { appOrigin, askApp, client, headerOf, keep, person, scope, startProvider } from './peers-sign-in.ts';

/** A peer as its documentation has it: an app that says at `/check` who is signed in. */
export type PeerApp = {
  readonly listener: RequestListener;
  /** Signs somebody in over HTTP. Answers with the `Cookie` header. */
  signIn(port: number): Promise<string>;
};

const secret = 'signs and encrypts the cookies of this app, for the bench alone';

/** What all of them answer with, so that the same is measured. */
const answer = (response: ServerResponse, uid: string | undefined): void => {
  if (uid === undefined) response.writeHead(401).end();
  else response.writeHead(204, { 'Remote-User': uid, 'Cache-Control': 'no-store' }).end();
};

/** Each in a process of its own, so that none loads what another needs. */
export const peerApps = {
  'express-openid-connect': async (): Promise<PeerApp> => {
    const { default: express } = await import('express');
    const { default: openid } = await import('express-openid-connect');
    const { issuer, signIn } = await startProvider();
    const app = express();
    app.use(
      openid.auth({
        issuerBaseURL: issuer,
        baseURL: appOrigin,
        clientID: client.id,
        clientSecret: client.secret,
        secret,
        authorizationParams: { response_type: 'code', scope },
        authRequired: false,
      }),
    );
    app.get('/check', (request, response) => {
      answer(response, request.oidc.isAuthenticated() ? String(request.oidc.user?.sub) : undefined);
    });
    app.get('/', (_, response) => void response.end());
    return { listener: app, signIn };
  },

  '@hono/oidc-auth': async (): Promise<PeerApp> => {
    const { getRequestListener } = await import('@hono/node-server');
    const { Hono } = await import('hono');
    const { getAuth, initOidcAuthMiddleware, oidcAuthMiddleware, processOAuthCallback } = await import(
      '@hono/oidc-auth'
    );
    const { issuer, signIn } = await startProvider();
    const app = new Hono();
    app.use(
      initOidcAuthMiddleware({
        OIDC_AUTH_SECRET: secret,
        OIDC_ISSUER: issuer,
        OIDC_CLIENT_ID: client.id,
        OIDC_CLIENT_SECRET: client.secret,
        OIDC_REDIRECT_URI: client.callback,
        OIDC_SCOPES: scope,
        OIDC_AUTH_EXTERNAL_URL: appOrigin,
      }),
    );
    app.get('/check', async (c) => {
      const auth = await getAuth(c);
      if (!auth) return c.body(null, 401);
      return c.body(null, 204, { 'Remote-User': String(auth.sub), 'Cache-Control': 'no-store' });
    });
    app.get('/callback', (c) => processOAuthCallback(c));
    app.get('/login', oidcAuthMiddleware(), (c) => c.text('signed in'));
    return { listener: getRequestListener(app.fetch), signIn };
  },

  'better-auth': () => betterAuthApp(false),
  'better-auth, cookie cache': () => betterAuthApp(true),

  'iron-session': async (): Promise<PeerApp> => {
    const { getIronSession } = await import('iron-session');
    const options = { password: secret, cookieName: 'session' };
    const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const session = await getIronSession<{ uid: string; email: string; name: string }>(request, response, options);
      if (request.url !== '/login') return answer(response, session.uid);
      Object.assign(session, { uid: person.sub, email: person.email, name: person.name });
      await session.save();
      response.end();
    };
    return {
      listener: (request, response) => void handle(request, response),
      async signIn(port) {
        const jar = new Map<string, string>();
        keep((await askApp(port, '/login')).cookies, jar);
        return headerOf(jar);
      },
    };
  },
} as const;

export type Peer = keyof typeof peerApps;

/** @param cached Whether it may believe its own signed cookie for five minutes, in place of looking the session up. */
async function betterAuthApp(cached: boolean): Promise<PeerApp> {
  const { betterAuth } = await import('better-auth');
  const { memoryAdapter } = await import('better-auth/adapters/memory');
  const { fromNodeHeaders, toNodeHandler } = await import('better-auth/node');
  const auth = betterAuth({
    baseURL: appOrigin,
    secret,
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true },
    session: { cookieCache: { enabled: cached, maxAge: 300 } },
    telemetry: { enabled: false },
    // of its own endpoints, of which the bench uses the sign-up alone
    rateLimit: { enabled: false },
  });
  const own = toNodeHandler(auth);
  const check = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    answer(response, session?.user.id);
  };
  return {
    listener: (request, response) =>
      void (request.url === '/check' ? check(request, response) : own(request, response)),
    async signIn(port) {
      const { email, name, password } = person;
      const signedUp = await askApp(port, '/api/auth/sign-up/email', '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: appOrigin },
        body: JSON.stringify({ email, name, password }),
      });
      if (signedUp.status !== 200) throw new Error(`better-auth answered ${signedUp.status}: ${signedUp.body}`);
      const jar = new Map<string, string>();
      keep(signedUp.cookies, jar);
      return headerOf(jar);
    },
  };
}
