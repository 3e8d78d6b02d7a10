import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import * as oauth from 'openid-client';
import type { Seconds } from '../../../shared/clock.ts';
import type { PoolEvent, UserPoolClient, UserPoolOptions } from './settings.ts';
import { createUserPool, type UserPool } from './user-pool.ts';

/** Of everybody seeded here. */
export const password = 'correct horse battery staple';
/** In a group. */
export const ann = {
  sub: 'sub-ann',
  username: 'ann',
  email: 'ann@acme.test',
  name: 'Ann',
  password,
  groups: ['staff'],
};
/** In no group. */
export const bob = { sub: 'sub-bob', username: 'bob', email: 'bob@acme.test', name: 'Bob', password };

/** An app whose refresh tokens stay the same. */
export const gateway: UserPoolClient = {
  id: 'gateway',
  secret: 'gateway secret: with/odd%characters',
  name: 'Acme',
  callbacks: ['http://app.test/callback', 'http://app.test/callback?own=1'],
  logouts: ['http://app.test/bye'],
  scopes: ['openid', 'email', 'profile', 'api/read'],
};
/** Like {@link gateway}, with a grace of ten seconds. */
export const rotating: UserPoolClient = { ...gateway, id: 'rotating', rotation: { graceSeconds: 10 } };

/** A pool behind a real HTTP server, with a clock that only the test moves. */
export type PoolServer = {
  readonly origin: string;
  readonly pool: UserPool;
  readonly events: PoolEvent[];
  /** Moves the clock on. */
  pass(seconds: Seconds): void;
  now(): Seconds;
  stop(): Promise<void>;
};

/** Starts a pool at `http://localhost:<free port>`. */
export async function servePool(more: Partial<UserPoolOptions> = {}): Promise<PoolServer> {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const events: PoolEvent[] = [];
  let now = Math.floor(Date.now() / 1000);
  const pool = await createUserPool({
    origin,
    clients: [gateway, rotating],
    seed: [ann, bob],
    clock: () => now,
    onEvent: (event) => events.push(event),
    ...more,
  });
  server.on(
    'request',
    getRequestListener((request) => pool.fetch(request)),
  );
  return {
    origin,
    pool,
    events,
    pass: (seconds) => {
      now += seconds;
    },
    now: () => now,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a browser has in front of it: a page, or the address of an app it was sent to. */
export type View = { readonly url: string; readonly status: number; readonly html: string; readonly headers: Headers };

/** Cookies, redirects and forms; stops at addresses that aren't the pool's. */
export class Surfer {
  readonly cookies = new Map<string, string>();
  readonly origin: string;
  #view: View | undefined;

  constructor(origin: string) {
    this.origin = origin;
  }

  get view(): View {
    if (this.#view === undefined) throw new Error('nothing opened yet');
    return this.#view;
  }

  /** What the page says in its error box. */
  get error(): string | undefined {
    return /role="alert">([^<]*)</.exec(this.view.html)?.[1];
  }

  get title(): string | undefined {
    return /<h1>([^<]*)</.exec(this.view.html)?.[1];
  }

  async open(url: string, init: RequestInit = {}): Promise<View> {
    let target = new URL(url, this.#view?.url ?? this.origin);
    let request = init;
    for (let hop = 0; hop < 10; hop++) {
      if (target.origin !== this.origin)
        return this.#show({ url: target.href, status: 0, html: '', headers: new Headers() });
      const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
      const headers = { ...(request.headers as Record<string, string>), cookie };
      const response = await fetch(target, { ...request, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) this.#keep(line);
      const location = response.headers.get('location');
      if (location === null) {
        return this.#show({
          url: target.href,
          status: response.status,
          html: await response.text(),
          headers: response.headers,
        });
      }
      target = new URL(location, target);
      request = {};
    }
    throw new Error(`too many redirects: ${target}`);
  }

  /** Sends the page's form with this action. Fields left out are sent as the page has them. */
  async submit(action: string, fields: Record<string, string>, init: RequestInit = {}): Promise<View> {
    const form = [...this.view.html.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)].find(
      (found) => decodeEntities(found[1] ?? '').startsWith(action),
    );
    if (form === undefined) throw new Error(`no form ${action} on ${this.view.url}`);
    const inputs = [...(form[2] ?? '').matchAll(/<input [^>]*>/g)].map(([tag]) => [
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      decodeEntities(/value="([^"]*)"/.exec(tag)?.[1] ?? ''),
    ]);
    const body = new URLSearchParams({ ...Object.fromEntries(inputs), ...fields });
    return this.open(decodeEntities(form[1] ?? ''), {
      method: 'POST',
      body,
      headers: { origin: this.origin },
      ...init,
    });
  }

  async follow(text: string): Promise<View> {
    const link = [...this.view.html.matchAll(/<a [^>]*href="([^"]+)"[^>]*>([^<]*)</g)].find(
      (found) => found[2] === text,
    );
    if (link === undefined) throw new Error(`no link "${text}" on ${this.view.url}`);
    return this.open(decodeEntities(link[1] ?? ''));
  }

  #show(view: View): View {
    this.#view = view;
    return view;
  }

  #keep(line: string): void {
    const [name = '', value = ''] = line.split(';', 1)[0]?.split('=') ?? [];
    if (/max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

/** An app that signs people in by openid-client, as any relying party would. */
export async function relyingParty({ origin, pool }: PoolServer, client: UserPoolClient = gateway) {
  const authentication = oauth.ClientSecretBasic(client.secret);
  const config = await oauth.discovery(new URL(pool.issuer), client.id, client.secret, authentication, {
    execute: [oauth.allowInsecureRequests],
  });
  return {
    config,
    /** The authorization URL, with what is needed to answer it. */
    async begin(parameters: Record<string, string> = {}) {
      const verifier = oauth.randomPKCECodeVerifier();
      const [state, nonce] = [oauth.randomState(), oauth.randomNonce()];
      const url = oauth.buildAuthorizationUrl(config, {
        redirect_uri: 'http://app.test/callback',
        scope: 'openid email profile',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...parameters,
      });
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      return {
        url: url.href,
        redeem: (answer: string) => oauth.authorizationCodeGrant(config, new URL(answer), checks),
      };
    },
    refresh: (token: string) => oauth.refreshTokenGrant(config, token),
    revoke: (token: string) => oauth.tokenRevocation(config, token),
    /** A whole sign-in, up to the tokens. */
    async signIn(email: string, surfer = new Surfer(origin), parameters: Record<string, string> = {}) {
      const { url, redeem } = await this.begin(parameters);
      await surfer.open(url);
      await surfer.submit('/login', { username: email, password });
      const tokens = await redeem(surfer.view.url);
      return { ...tokens, claims: tokens.claims(), refreshToken: tokens.refresh_token ?? '', surfer };
    },
  };
}

/** What a token says, unverified. */
export function decode(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}
