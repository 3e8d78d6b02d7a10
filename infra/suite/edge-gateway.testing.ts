import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '../../gateway/app.ts';
import { keepingLog } from '../../gateway/runtimes/lambda-edge/check-auth.testing.ts';
import { createListener } from '../../gateway/runtimes/node/listener.ts';
import { createClientRegistry } from '../../shared/clients.ts';
import { systemClock } from '../../shared/clock.ts';
import { parseConfig } from '../../shared/config.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { runCommand } from '../cli/console.testing.ts';
import { buildEdgeFunctions } from '../release/edge-functions.ts';
import { type Browser, createBrowser } from './browser.ts';
import { distribution } from './cloudfront-server.testing.ts';
import { importFunctions } from './edge-functions.testing.ts';
import { startIndependentProvider } from './independent-provider.testing.ts';
import { type ProviderUnderTest, providerId } from './provider.testing.ts';
import { memoryRooms } from './rooms.testing.ts';

/** A site at CloudFront behind a whole gateway, both met over HTTP. Its functions come out of the zip files. */
export type EdgeBehindGateway = {
  readonly at: { readonly gateway: string; readonly docs: string };
  readonly provider: ProviderUnderTest;
  browser(): Browser;
  stop(): Promise<void>;
};

/** Starts provider, gateway and site. The functions get the gateway's keys from the gateway itself. */
export async function startEdgeBehindGateway(): Promise<EdgeBehindGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'crossgate-edge-gateway-'));
  const listeners = new Map<string, RequestListener>();
  const server = createServer({ maxHeaderSize: 32_768 }, (request, response) => {
    const listener = listeners.get((request.headers.host ?? '').split(':')[0] ?? '');
    if (listener) listener(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const at = { gateway: `http://auth.acme.localhost:${port}`, docs: `http://docs.acme.localhost:${port}` };

  const written = (provider: object) => ({
    publicUrl: at.gateway,
    keys: JSON.stringify(generateKeyFile('ES256')),
    cookie: { algorithm: 'ES256' },
    providers: [{ id: providerId, ...provider }],
    database: { url: 'postgres://not.read' },
  });
  const rooms = await memoryRooms(parseConfig(written({ issuer: at.gateway, clientId: 'not read yet' })), systemClock);
  const provider = await startIndependentProvider({
    port,
    gateway: at.gateway,
    strangers: `${at.docs}/callback`,
    users: rooms.users,
    clock: systemClock,
  });
  const config = parseConfig(written(provider.config));
  const gateway = createGateway({
    config,
    keyring: createKeyring(config.keys),
    clients: createClientRegistry(config.clients),
    users: rooms.users,
    store: rooms.store,
    clock: systemClock,
    fetch,
    log: keepingLog([]),
    isTrustedPeer: () => false,
  });
  await gateway.feed.poll();
  for (const [host, listener] of provider.listeners) listeners.set(host, listener);
  listeners.set('auth.acme.localhost', createListener(gateway));

  await buildEdgeFunctions(join(folder, 'prebuilt'));
  const edge = {
    shape: 'gateway',
    gateway: at.gateway,
    sites: [at.docs],
    rules: [
      { path: '/open/*', allow: 'public' },
      { path: '/admin/*', allow: 'role:admin' },
      { path: '/*', allow: 'signed-in' },
    ],
  };
  writeFileSync(join(folder, 'edge.json'), JSON.stringify(edge));
  const args = ['build', 'lambda-edge', '-c', 'edge.json', '-o', 'out', '--bundles', 'prebuilt'];
  const ran = await runCommand(args, { cwd: folder });
  if (ran.exit !== 0) throw new Error(ran.err);
  listeners.set('docs.acme.localhost', distribution(await importFunctions(folder)));
  return {
    at,
    provider,
    browser: () => createBrowser(systemClock),
    async stop() {
      server.closeAllConnections();
      server.close();
      await rooms.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
