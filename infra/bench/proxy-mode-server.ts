import { Agent, createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGateway } from '../../gateway/app.ts';
import { createListener } from '../../gateway/runtimes/node/listener.ts';
import { createClientRegistry } from '../../shared/clients.ts';
import { systemClock } from '../../shared/clock.ts';
import { createKeyring } from '../../shared/keys/keyring.ts';
import { createMemoryStore } from '../../shared/store/memory.ts';
import { createMemoryDirectory } from '../../shared/users/memory.ts';
import { type ProxyModeOrder, proxyModeConfig } from './proxy-mode-world.ts';

// One process of the bench: started by proxy-mode.ts, told what to be, gone when proxy-mode.ts is.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.once('message', (order: ProxyModeOrder) => void listen(order));

async function listen(order: ProxyModeOrder): Promise<void> {
  const listeners = { app: () => answer, bare: () => passOn(order.app), gateway: () => inFront(order) };
  const server = createServer({ maxHeaderSize: 32_768 }, await listeners[order.kind]());
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

const page = Buffer.alloc(8192, 'a page of some text. ');

/** Says who it was told, so that the load can see that the way was the whole way. */
const answer: RequestListener = ({ headers }, outgoing) => {
  outgoing.writeHead(200, [
    ...['Content-Type', 'text/html', 'Content-Length', String(page.length)],
    ...['X-Told', String(headers['remote-user'] ?? '')],
  ]);
  outgoing.end(page);
};

/** The least that a proxy can do with node:http: what the gateway costs is what comes on top. */
function passOn(app: number): RequestListener {
  const agent = new Agent({ keepAlive: true });
  return ({ method, url, rawHeaders }, outgoing) => {
    const options = { agent, host: '127.0.0.1', port: app, method, path: url, headers: rawHeaders };
    request(options, (incoming) => {
      outgoing.writeHead(incoming.statusCode ?? 0, incoming.rawHeaders);
      incoming.pipe(outgoing);
    }).end();
  };
}

/** What the gateway never asks on this way (people, sessions, the provider) is in memory. */
async function inFront({ keys, app }: ProxyModeOrder): Promise<RequestListener> {
  const config = proxyModeConfig(keys, app);
  const gateway = createGateway({
    config,
    keyring: createKeyring(keys),
    clients: createClientRegistry(config.clients),
    users: createMemoryDirectory(),
    store: createMemoryStore(),
    clock: systemClock,
    fetch,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    isTrustedPeer: () => false,
  });
  await gateway.feed.follow();
  return createListener(gateway);
}
