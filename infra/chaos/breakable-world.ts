import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '../../shared/clock.ts';
import type { InvocationRecord } from '../local/lambda-host.ts';
import { startPostgres } from '../local/postgres.ts';
import { startWorld, type World } from '../local/world.ts';
import { queueConsumer } from '../local/world-functions.ts';
import { type DatabaseProxy, startDatabaseProxy } from './database-proxy.ts';

/** A local world whose parts can be broken while it runs. */
export type BreakableWorld = {
  readonly world: World;
  /** The database itself, with nothing before it. */
  readonly databaseUrl: string;
  /** What is between the functions and the database. The gateway and the checks do without. */
  readonly proxy: DatabaseProxy;
  /** Stops the database server, and starts it on the same data and port after a pause. */
  restartDatabase(away: Milliseconds): Promise<void>;
  /** Kills the consumer of the queue by SIGKILL while it is at a batch. `false`: it was not within the time. */
  killConsumer(within: Milliseconds): Promise<boolean>;
  stop(): Promise<void>;
};

/** How often a message is handed out before it is a dead letter, and how long one that failed is hidden. */
export const queueSettings = { maxReceiveCount: 6, visibilityTimeout: 2 };

/**
 * Starts everything of `npm run dev` on a free port. Every seventh batch of messages is delivered twice at once. A sign-up
 * that the users table refuses is taken back in the pool.
 *
 * @param onInvoke Told of every invocation of a function.
 * @param onWarning Told what the gateway's log would say.
 */
export async function startBreakableWorld(
  dir: string,
  onInvoke: (record: InvocationRecord) => void,
  onWarning: (event: string) => void,
): Promise<BreakableWorld> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const postgres = { dir: path.join(dir, 'postgres') };
    let server = await startPostgres(postgres);
    stops.push(() => server.stop());
    const { url: databaseUrl } = server;
    const proxy = await startDatabaseProxy(databaseUrl);
    stops.push(() => proxy.stop());
    const world = await startWorld({
      port: 0,
      dir,
      databaseUrl,
      queue: queueSettings,
      eventSource: { concurrency: 2, duplicateEvery: 7 },
      passwordCost: 2,
      functionEnv: { CROSSGATE_DATABASE_URL: proxy.url, CROSSGATE_TRIGGERS_COMPENSATION: 'delete' },
      onInvoke,
      gatewayLog: { debug: () => {}, info: () => {}, warn: onWarning, error: onWarning },
    });
    stops.push(() => world.stop());
    return {
      world,
      databaseUrl,
      proxy,
      async restartDatabase(away) {
        await server.stop();
        await sleep(away);
        server = await startPostgres({ ...postgres, port: Number(new URL(databaseUrl).port) });
      },
      async killConsumer(within) {
        const until = performance.now() + within;
        while (performance.now() < until) {
          if ((await world.lambda.kill(queueConsumer)) > 0) return true;
          await sleep(1);
        }
        return false;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
