import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bareHeaders, benchConfig } from './check-world.ts';

/** What a server process of the bench serves. */
export type ServerKind = 'bare' | 'door' | 'route';

// One server in a process of its own: started by check.ts, told what to be, gone when check.ts is.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => {});
process.once('message', ({ kind, keys }: { kind: ServerKind; keys: string }) => {
  void listen(kind, keys);
});

async function listen(kind: ServerKind, keys: string): Promise<void> {
  const server = createServer({ maxHeaderSize: 32_768 }, kind === 'bare' ? bare : await gatewayListener(kind, keys));
  // a slice of load for every other case may lie between two requests of a connection
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

const bare: RequestListener = (_, response) => {
  response.writeHead(204, [...bareHeaders]);
  response.end();
};

/** The real gateway; what it never asks on this path (people, sessions, the provider) is in memory. */
async function gatewayListener(kind: 'door' | 'route', keys: string): Promise<RequestListener> {
  const { getRequestListener } = await import('@hono/node-server');
  const { createGateway } = await import('../../gateway/app.ts');
  const { trustedPeers } = await import('../../gateway/runtimes/trusted-peers.ts');
  const { createListener } = await import('../../gateway/runtimes/node/listener.ts');
  const { createClientRegistry } = await import('../../shared/clients.ts');
  const { systemClock } = await import('../../shared/clock.ts');
  const { createKeyring } = await import('../../shared/keys/keyring.ts');
  const { createMemoryStore } = await import('../../shared/store/memory.ts');
  const { createMemoryDirectory } = await import('../../shared/users/memory.ts');
  const config = benchConfig(keys);
  const gateway = createGateway({
    config,
    keyring: createKeyring(keys),
    clients: createClientRegistry(config.clients),
    users: createMemoryDirectory(),
    store: createMemoryStore(),
    clock: systemClock,
    fetch,
    log: { debug() {}, info() {}, warn: console.warn, error: console.error },
    isTrustedPeer: trustedPeers(config.check.trustedProxies),
  });
  await gateway.feed.follow();
  if (kind === 'door') return createListener(gateway);
  const ordinary = getRequestListener((request, env) => gateway.fetch(request, { incoming: env.incoming }));
  return (request, response) => void ordinary(request, response);
}
