import closeWithGrace from 'close-with-grace';
import { createGateway, type Gateway } from '../../app.ts';
import { createNodeDeps } from './deps.ts';
import { listen } from './listen.ts';
import { createListener } from './listener.ts';
import { loadConfig, loadDatabaseAccess } from './load-config.ts';
import { createLog } from './log.ts';
import { createOpenStreams } from './open-streams.ts';
import { createGatewayServer } from './server.ts';
import { createUpgradeListener } from './upgrade.ts';
import { crossgateVersion } from './version.ts';

/**
 * Serves a gateway until the process is told to stop: open requests finish, new ones are refused, connections close.
 *
 * @throws ConfigError, SsoError `migrations_pending`, or Error in words where it can't listen. Nothing is left open then.
 */
export async function serve(configFile?: string): Promise<void> {
  const { config, sources, file } = loadConfig(configFile);
  const log = createLog(config.log);
  log.info('starting', { version: crossgateVersion, node: process.version, config: file });
  const databaseAccess = loadDatabaseAccess(config.database, { sources });
  const { deps, close } = await createNodeDeps(config, { databaseAccess, log });
  let gateway: Gateway;
  try {
    gateway = createGateway(deps);
  } catch (error) {
    await close();
    throw error;
  }
  const unfollow = await gateway.feed.follow();
  const stopLogouts = gateway.logouts.follow();
  const stopWorking = async () => {
    await unfollow();
    await stopLogouts();
    await close();
  };
  const { isProxied } = gateway;
  const streams = createOpenStreams(gateway);
  const listener = createListener(gateway, streams);
  const upgrade = createUpgradeListener(gateway, streams, listener);
  const server = createGatewayServer(listener, isProxied && { isProxied, upgrade });
  try {
    await listen(server, config.listen);
  } catch (error) {
    await stopWorking();
    throw error;
  }
  log.info('listening', { ...config.listen, publicUrl: config.publicUrl });
  const sweeper = setInterval(() => {
    deps.store?.sweep(deps.clock()).catch((error: unknown) => log.warn('sweep failed', {}, error));
  }, 60_000);
  closeWithGrace({ delay: 10_000 }, async ({ err, signal }) => {
    if (err) log.error('stopping after an error', {}, err);
    else log.info('stopping', { signal });
    clearInterval(sweeper);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeIdleConnections();
      streams.endLasting();
    });
    await stopWorking();
    log.info('stopped');
  });
}
