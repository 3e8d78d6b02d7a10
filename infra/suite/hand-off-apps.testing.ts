import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { createHandOff, createMemoryLogoutStore, type HandOffOptions, type Person } from '../../gateway/sdk/core.ts';
import * as forExpress from '../../gateway/sdk/express.ts';
import * as forHono from '../../gateway/sdk/hono.ts';
import { newClientSecret } from '../../shared/clients.ts';
import type { Clock } from '../../shared/clock.ts';

/** An app on a domain of its own that has our filter. It runs as two processes, which share a logout store. */
export type HandOffApp = {
  readonly id: string;
  readonly origin: string;
  /** Public base URL, without a slash at the end. */
  readonly url: string;
  /** Persons of its `onSignIn`, in order. */
  readonly signedIn: readonly Person[];
};

/** What a page of such an app answers. */
export type AppPage = {
  readonly app: string;
  readonly uid: string | null;
  readonly sid: string | null;
  readonly path: string;
};

export type HandOffApps = {
  /** Hono, with a client secret. */
  readonly umbrella: HandOffApp;
  /** Express, with a key; its second process parses every body before the filter sees it. */
  readonly hooli: HandOffApp;
  /** Fetch API alone, a public client, below a path that its proxy takes off; signing in is optional. */
  readonly vehement: HandOffApp;
  readonly all: readonly HandOffApp[];
  /** Their entries in the gateway's configuration. */
  readonly clients: readonly Readonly<Record<string, unknown>>[];
  readonly listeners: ReadonlyMap<string, RequestListener>;
  /** Paths that the apps asked of the gateway, in order. */
  readonly asked: string[];
  /** Whether the apps reach the gateway, and their logout stores. */
  setReachable(which: 'gateway' | 'store', reachable: boolean): void;
};

let keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;

/** Makes the three of them. */
export function createHandOffApps(port: number, gateway: string, clock: Clock): HandOffApps {
  keys ??= generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const reachable = { gateway: true, store: true };
  const asked: string[] = [];
  const { secret: clientSecret, secretHash } = newClientSecret();
  const jwk = { kid: 'hooli-1', alg: 'ES256', use: 'sig' };

  const make = (id: string, path: string, more: Partial<HandOffOptions>) => {
    const origin = `http://${id}.localhost:${port}`;
    const url = origin + path;
    const signedIn: Person[] = [];
    const memory = createMemoryLogoutStore(clock);
    const options: HandOffOptions = {
      gateway: `${gateway}/`,
      url: `${url}/`,
      clientId: id,
      secret: `the secret of ${id}, which nobody else has`,
      scope: 'openid email profile roles permissions',
      publicPaths: ['/public/*', '/bye'],
      postLogoutPath: '/bye',
      logoutStore: {
        end: (...one) => answering(reachable.store) && memory.end(...one),
        isEnded: (...one) => answering(reachable.store) && memory.isEnded(...one),
        claimOnce: (...one) => answering(reachable.store) && memory.claimOnce(...one),
      },
      onSignIn: (person) => void signedIn.push(person),
      clock,
      fetch: async (input, init) => {
        asked.push(new URL(String(input)).pathname);
        // nobody listens on the port of the discard service
        return await fetch(reachable.gateway ? String(input) : 'http://127.0.0.1:9/', init);
      },
      ...more,
    };
    return { app: { id, origin, url, signedIn } satisfies HandOffApp, options };
  };
  const umbrella = make('umbrella', '', { clientSecret });
  const hooli = make('hooli', '', { privateKey: { ...keys.privateKey.export({ format: 'jwk' }), ...jwk } });
  const vehement = make('vehement', '/shop', { optional: true });

  const entry = ({ app }: typeof umbrella, more: object) => ({
    id: app.id,
    name: app.id,
    home: `${app.url}/`,
    origins: [app.origin],
    redirectUris: [`${app.url}/sso/callback`],
    postLogoutUris: [`${app.url}/bye`],
    backchannelLogoutUri: `${app.url}/sso/backchannel-logout`,
    claims: ['email', 'name', 'roles', 'permissions'],
    ...more,
  });
  const publicJwk = { ...keys.publicKey.export({ format: 'jwk' }), ...jwk };
  const both = (make: (second: boolean) => RequestListener): RequestListener => {
    const processes = [make(false), make(true)] as const;
    return (request, response) => processes[request.headers['x-suite-process'] === 'second' ? 1 : 0](request, response);
  };
  return {
    umbrella: umbrella.app,
    hooli: hooli.app,
    vehement: vehement.app,
    all: [umbrella.app, hooli.app, vehement.app],
    clients: [
      entry(umbrella, { secretHash }),
      entry(hooli, { jwks: { keys: [publicJwk] }, tokenAlgorithm: 'ES256' }),
      entry(vehement, { public: true }),
    ],
    listeners: new Map([
      ['umbrella.localhost', both(() => honoApp(umbrella.options))],
      ['hooli.localhost', both((second) => expressApp(hooli.options, second))],
      ['vehement.localhost', both(() => fetchApp(vehement.options, '/shop'))],
    ]),
    asked,
    setReachable(which, is) {
      reachable[which] = is;
    },
  };
}

function answering(reachable: boolean): true {
  if (!reachable) throw new Error('ECONNREFUSED');
  return true;
}

const pageOf = (app: string, sso: Pick<forHono.Sso, 'person' | 'sid'> | undefined, path: string): AppPage => ({
  app,
  uid: sso?.person?.id ?? null,
  sid: sso?.sid ?? null,
  path,
});

function honoApp(options: HandOffOptions): RequestListener {
  const app = new Hono<forHono.SsoEnv>();
  app.use(forHono.handOff(options));
  app.use('/admin', forHono.requireRole('admin'));
  app.all('*', (c) => {
    c.header('Set-Cookie', 'theme=dark; Path=/');
    const { pathname, search } = new URL(c.req.url);
    return c.json(pageOf(options.clientId, c.var.sso, pathname + search));
  });
  return getRequestListener(app.fetch);
}

function expressApp(options: HandOffOptions, parsesFirst: boolean): RequestListener {
  const app = express();
  if (parsesFirst) app.use(express.json(), express.urlencoded({ extended: true }));
  app.use(forExpress.handOff(options));
  app.use('/admin', forExpress.requireRole('admin'));
  app.use((request, response) => {
    response.cookie('theme', 'dark').json(pageOf(options.clientId, request.sso, request.originalUrl));
  });
  return app;
}

function fetchApp(options: HandOffOptions, path: string): RequestListener {
  const sso = createHandOff(options);
  return getRequestListener(async (request) => {
    const { origin, pathname, search } = new URL(request.url);
    const stripped = new Request(origin + pathname.slice(path.length) + search, request);
    const outcome = await sso.handle(stripped);
    if (outcome.kind === 'respond') return outcome.response;
    if (outcome.kind === 'signed-out' && pathname === `${path}/admin`) {
      const { status, headers } = outcome.challenge();
      return new Response(null, { status, headers: headers.map(([name, value]): [string, string] => [name, value]) });
    }
    const who = outcome.kind === 'signed-in' ? outcome : { person: undefined, sid: undefined };
    const response = Response.json(
      pageOf(options.clientId, who as Pick<forHono.Sso, 'person' | 'sid'>, pathname + search),
    );
    for (const [name, value] of outcome.headers) response.headers.append(name, value);
    for (const cookie of outcome.cookies) response.headers.append('Set-Cookie', cookie);
    return response;
  });
}
