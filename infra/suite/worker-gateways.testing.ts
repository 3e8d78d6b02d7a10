import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import type { GatewaysWorld, LogLine, StartGateways } from './gateways.testing.ts';
import { proxyAddress } from './guarded-app.testing.ts';
import { createWorkerWorld, edgeBefore, type WorkerState } from './worker-world.testing.ts';
import { bundleWorker, startWorkerd } from './workerd.testing.ts';

/** Made once a process. */
let script: Promise<string> | undefined;

/** On Cloudflare's runtime, in two isolates. Rooms that other processes come to are theirs too; else they have a Durable Object. */
export const startWorkers: StartGateways = async (world) => {
  script ??= bundleWorker(join(import.meta.dirname, 'worker-entry.testing.ts'));
  const outside = await createWorkerWorld(world);
  let [isStoreDown, isDeaf] = [false, false];
  const state = (): WorkerState => ({ offset: world.now() - systemClock(), isStoreDown, isDeaf });
  const { urls } = world.rooms;
  const workerd = await startWorkerd({
    script: await script,
    isolates: [0, 1].map(() => ({ CROSSGATE_CONFIG: JSON.stringify(configFor(world)) })),
    world: outside.port,
    ...(urls
      ? { databases: { HYPERDRIVE: urls.store, DIRECTORY: urls.directory } }
      : { durableObject: 'CrossgateStore' }),
    onLine: (line) => world.log.push(lineOf(line)),
  });
  const control = async (port: number, what: 'hear' | 'deliver') => {
    const headers = { 'x-suite-control': what, 'x-suite-state': JSON.stringify(state()) };
    const sending = request({ host: '127.0.0.1', port, headers }).end();
    const [answer] = (await once(sending, 'response')) as [import('node:http').IncomingMessage];
    answer.resume();
    if (answer.statusCode !== 200) throw new Error(`a Worker could not ${what}`);
  };
  const [, second = 0] = workerd.ports;
  return {
    listeners: workerd.ports.map((port) => edgeBefore(port, state)),
    async hear() {
      isDeaf = false;
      for (const port of workerd.ports) await control(port, 'hear');
    },
    deafen() {
      isDeaf = true;
    },
    deliver: () => control(second, 'deliver'),
    setAvailable(which, available) {
      if (which === 'store') isStoreDown = !available;
    },
    async stop() {
      await workerd.stop();
      outside.close();
    },
  };
};

/** Node's gateways are handed what a Worker reads from its configuration: whose headers count, how long Postgres may take. */
function configFor({ written, rooms }: Pick<GatewaysWorld, 'written' | 'rooms'>): object {
  const database = rooms.urls ? { connectTimeout: 1, statementTimeout: 3 } : written.database;
  return { ...written, database, check: { trustedProxies: [proxyAddress] } };
}

/** What is no line of ours is the runtime's: an exception that nobody caught, a promise that never settled. */
function lineOf(text: string): LogLine {
  try {
    const { level, event } = JSON.parse(text) as LogLine;
    return { level, event, text };
  } catch {
    // the runtime notes that a database is gone, and where in itself it noticed; the gateway's own line says the rest
    if (/hyperdrive\.c\+\+:\d+: warning: failed to connect|^stack: /.test(text))
      return { level: 'debug', event: 'workerd', text };
    return { level: 'error', event: 'workerd', text: `"code":"internal" ${text}` };
  }
}
