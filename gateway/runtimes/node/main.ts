import closeWithGrace from 'close-with-grace';
import { createGateway } from '../../app.ts';
import { createNodeDeps } from './deps.ts';
import { createListener } from './listener.ts';
import { loadConfig, loadDatabaseAccess } from './load-config.ts';
import { createOpenStreams } from './open-streams.ts';
import { createGatewayServer } from './server.ts';
import { createUpgradeListener } from './upgrade.ts';

/** Serves a gateway until the process is told to stop: open requests finish, new ones are refused, connections close. */
export async function serve(configFile?: string): Promise<void> {
  const { config, sources } = loadConfig(configFile);
  const databaseAccess = loadDatabaseAccess(config.database, { sources });
  const { deps, close } = await createNodeDeps(config, { databaseAccess });
  const gateway = createGateway(deps);
  const unfollow = await gateway.feed.follow();
  const stopLogouts = gateway.logouts.follow();
  const { isProxied } = gateway;
  const streams = createOpenStreams(gateway);
  const listener = createListener(gateway, streams);
  const upgrade = createUpgradeListener(gateway, streams, listener);
  const server = createGatewayServer(listener, isProxied && { isProxied, upgrade });
  const { host, port } = config.listen;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  deps.log.info('listening', { host, port, publicUrl: config.publicUrl });
  const sweeper = setInterval(() => {
    deps.store?.sweep(deps.clock()).catch((error: unknown) => deps.log.warn('sweep failed', {}, error));
  }, 60_000);
  closeWithGrace({ delay: 10_000 }, async ({ err }) => {
    if (err) deps.log.error('stopping after an error', {}, err);
    clearInterval(sweeper);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeIdleConnections();
      streams.endLasting();
    });
    await unfollow();
    await stopLogouts();
    await close();
  });
}
