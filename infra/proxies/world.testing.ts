import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { createGateway } from '../../gateway/app.ts';
import { createListener } from '../../gateway/runtimes/node/listener.ts';
import { trustedPeers } from '../../gateway/runtimes/trusted-peers.ts';
import { createClientRegistry } from '../../shared/clients.ts';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { createKeyring, generateKeyFile, type Keyring } from '../../shared/keys/keyring.ts';
import { serverCertificate, serverKey } from '../../shared/store/tls.testing.ts';
import { type Browser, createBrowser, type Tab } from '../suite/browser.ts';
import { ask } from '../suite/exchange.ts';
import { startIndependentProvider } from '../suite/independent-provider.testing.ts';
import { people, type SuitePerson } from '../suite/people.testing.ts';
import { providerId } from '../suite/provider.testing.ts';
import { memoryRooms } from '../suite/rooms.testing.ts';
import { startUpstream, type Upstream } from './upstream.testing.ts';

/** A gateway over HTTP, an app behind a proxy that is yet to be started, and people. */
export type ProxyWorld = {
  /** Origins as browsers know them. */
  readonly app: string;
  readonly gateway: string;
  readonly ports: { readonly proxy: number; readonly gateway: number; readonly gatewayTls: number };
  readonly upstream: Upstream;
  readonly config: Config;
  readonly keyring: Keyring;
  readonly now: () => Seconds;
  /** Moves the gateway's clock on. */
  pass(seconds: Seconds): Promise<void>;
  browser(): Browser;
  /** Signs somebody in, beginning at the app or at another origin, and comes back there. */
  signIn(person?: SuitePerson, path?: string, origin?: string): Promise<{ browser: Browser; tab: Tab }>;
  /** `Cookie` that a browser sends to the app. */
  cookieOf(browser: Browser): string;
  uid(person: SuitePerson): string;
  giveRoles(person: SuitePerson, roles: readonly string[]): Promise<void>;
  finishSignOut(tab: Tab): Promise<unknown>;
  setGateway(up: boolean): Promise<void>;
  stop(): Promise<void>;
};

const keyFile = JSON.stringify(generateKeyFile());

/**
 * Starts everything but the proxy. `/check` is answered by a gateway of its own, which hears of what the other one did by
 * the feed alone.
 *
 * @param check Of the gateway's configuration, beside `trustedProxies`.
 */
export async function startProxyWorld(check: Readonly<Record<string, unknown>> = {}): Promise<ProxyWorld> {
  const [proxyPort = 0, port = 0] = await freePorts(2);
  const app = `http://notes.acme.localhost:${proxyPort}`;
  const gateway = `http://auth.acme.localhost:${port}`;
  let offset: Seconds = 0;
  const now = () => systemClock() + offset;
  const configure = (provider: Readonly<Record<string, unknown>>) =>
    parseConfig({
      publicUrl: gateway,
      keys: keyFile,
      providers: [{ id: providerId, ...provider }],
      database: { url: 'postgres://not.read' },
      clients: [{ id: 'notes', name: 'Notes', home: `${app}/`, origins: [app] }],
      check: { trustedProxies: ['127.0.0.1'], ...check },
      rules: [
        { host: 'notes.acme.localhost', path: '/public/*', allow: 'public' },
        { host: 'notes.acme.localhost', path: '/admin/*', allow: 'role:admin' },
        { host: 'notes.acme.localhost', path: '/write/*', methods: ['POST'], allow: 'role:admin' },
        { host: 'notes.acme.localhost', allow: 'signed-in' },
      ],
    });
  const rooms = await memoryRooms(configure({ issuer: gateway, clientId: 'not read yet' }), now);
  const provider = await startIndependentProvider({
    port,
    gateway,
    strangers: `${app}/callback`,
    users: rooms.users,
    clock: now,
  });
  const config = configure(provider.config);
  const keyring = createKeyring(config.keys);
  const make = () =>
    createGateway({
      config,
      keyring,
      clients: createClientRegistry(config.clients),
      users: rooms.users,
      store: rooms.store,
      clock: now,
      fetch,
      log: { debug() {}, info() {}, warn() {}, error: (...line) => console.error(...line) },
      isTrustedPeer: trustedPeers(config.check.trustedProxies),
    });
  const [signsIn, checks] = [make(), make()];
  const follow = [await signsIn.feed.follow(), await checks.feed.follow()];
  const listeners = [createListener(signsIn), createListener(checks)];
  const everything: RequestListener = (request, response) => {
    const host = (request.headers.host ?? '').split(':')[0] ?? '';
    const listener = provider.listeners.get(host) ?? listeners[request.url?.startsWith('/check') ? 1 : 0];
    listener?.(request, response);
  };
  const server = createServer({ maxHeaderSize: 32_768 }, everything);
  // what ends TLS in front of the gateway, and hands on whom it was asked for
  const tls = createTlsServer({ cert: serverCertificate, key: serverKey }, (request, response) => {
    ask(`${gateway}${request.url}`, { method: request.method ?? 'GET' }).then(
      ({ status, headers, body }) =>
        response.writeHead(status, { 'content-type': headers.get('content-type') ?? 'text/plain' }).end(body),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  tls.listen(0, '127.0.0.1');
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen();
  const upstream = await startUpstream();
  const close = () => {
    server.closeAllConnections();
    server.close();
  };

  const browser = () => createBrowser(now);
  return {
    app,
    gateway,
    ports: { proxy: proxyPort, gateway: port, gatewayTls: (tls.address() as AddressInfo).port },
    upstream,
    config,
    keyring,
    now,
    async pass(seconds) {
      offset += seconds;
      for (const { feed } of [signsIn, checks]) await feed.poll();
    },
    browser,
    async signIn(person = people.bob, path = '/', origin = app) {
      const fresh = browser();
      const tab = fresh.tab();
      await tab.goto(`${origin}${path}`);
      if (origin === gateway) await tab.goto(`${gateway}/login`);
      await provider.signIn(tab, person);
      return { browser: fresh, tab };
    },
    cookieOf: (of) => of.jar.header(new URL(app)) ?? '',
    uid: (person) => String(rooms.ids.get(person.sub)),
    async giveRoles(person, roles) {
      const id = rooms.ids.get(person.sub);
      if (id === undefined) throw new Error('no row');
      await rooms.giveRoles(id, roles);
      for (const { feed } of [signsIn, checks]) await feed.poll();
    },
    finishSignOut: (tab) => provider.finishSignOut(tab),
    async setGateway(up) {
      if (up) return await listen();
      close();
      await once(server, 'close');
    },
    async stop() {
      close();
      tls.closeAllConnections();
      tls.close();
      upstream.stop();
      for (const end of follow) await end();
      await rooms.close();
    },
  };
}

/** Ports of this machine that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createSocketServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
