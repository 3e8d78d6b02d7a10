import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type postgres from 'postgres';
import { createGateway, type Gateway } from '../../gateway/app.ts';
import type { GatewayDeps } from '../../gateway/deps.ts';
import { createNodeDeps } from '../../gateway/runtimes/node/deps.ts';
import { createListener } from '../../gateway/runtimes/node/listener.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { createGlobexApp } from './apps/globex.ts';
import { createNotesApp } from './apps/notes.ts';
import { createPhotosApp } from './apps/photos.ts';
import { createStartPage } from './apps/what-happened.ts';
import { buildTriggers } from './bundles.ts';
import { type EventSourceOptions, startEventSource } from './event-source.ts';
import { createJournal, type Journal } from './journal.ts';
import { invocationStep, poolStep, queueStep } from './journal-steps.ts';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from './lambda-host.ts';
import { observe } from './observe.ts';
import { overhear } from './overhear.ts';
import { startPostgres } from './postgres.ts';
import { type Queue, type QueueOptions, startQueue } from './queue.ts';
import { seedAccounts, seedPeople } from './seed.ts';
import type { PoolEvent } from './user-pool/settings.ts';
import { createUserPool, type UserPool } from './user-pool/user-pool.ts';
import { clientId, globexId, type WorldAddresses, worldAddresses, worldConfig, worldSecrets } from './world-config.ts';
import { poolTriggers, queueConsumer, worldFunctions } from './world-functions.ts';

export type WorldOptions = {
  /** 0: any free one. */
  readonly port: number;
  /** Folder for everything that outlives a restart. */
  readonly dir: string;
  /** Forget what the folder holds. */
  readonly fresh?: boolean;
  /** An own Postgres instead of the one that comes along. */
  readonly databaseUrl?: string | undefined;
  /** How long the queue hides a message that was taken, and how often it gives it out. */
  readonly queue?: Pick<QueueOptions, 'visibilityTimeout' | 'maxReceiveCount'>;
  /** How the queue is emptied. Default: as AWS has it, one batch at a time. */
  readonly eventSource?: Pick<EventSourceOptions, 'concurrency' | 'duplicateEvery'>;
  /** What a password costs in the user pool: see its own options. */
  readonly passwordCost?: number;
  /** More environment for every function, such as `CROSSGATE_TRIGGERS_COMPENSATION`. */
  readonly functionEnv?: Readonly<Record<string, string>>;
  /** Told of each part as it is ready. */
  readonly progress?: (what: string) => void;
  /** Told of what happens in the user pool, beside the journal. */
  readonly onPoolEvent?: (event: PoolEvent) => void;
  /** Told of every invocation of a function, beside the journal. */
  readonly onInvoke?: (record: InvocationRecord) => void;
  /** Where the gateway's log goes. Default: standard output, from warnings on. */
  readonly gatewayLog?: GatewayDeps['log'];
  readonly clock?: Clock;
};

/** What a world leaves in its folder. */
const kept = ['postgres', 'queue', 'user-pool.json', 'secrets.json', 'triggers'];

/** Everything on one machine, running. */
export type World = {
  readonly at: WorldAddresses;
  readonly gateway: Gateway;
  readonly userPool: UserPool;
  readonly queue: Queue;
  readonly lambda: LambdaHost;
  readonly journal: Journal;
  /** Connection to the world's database. */
  readonly sql: postgres.Sql;
  /** Stops every part; resolves once nothing is left running. */
  stop(): Promise<void>;
};

/**
 * Brings up the local world: Postgres, user pool, queue, Lambda host with the real trigger bundles, gateway and demo apps,
 * all that a browser sees behind one port.
 *
 * @throws Error in one line where the port is taken or a part can't start; what was started by then is stopped.
 */
export async function startWorld(options: WorldOptions): Promise<World> {
  const progress = options.progress ?? (() => {});
  const clock = options.clock ?? systemClock;
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    // last things first: nobody asks what is gone already
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    const hosts = new Map<string, RequestListener>();
    const server = createServer({ maxHeaderSize: 32_768 }, dispatch(hosts));
    const port = await listen(server, options.port);
    stops.push(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    const at = worldAddresses(port);
    // by name: whoever points --dir at a folder of their own keeps what else is in it
    for (const one of options.fresh ? kept : []) rmSync(path.join(options.dir, one), { recursive: true, force: true });
    const secrets = worldSecrets(options.dir);
    const journal = createJournal({ clock });

    const [bundles, databaseUrl, queue] = await Promise.all([
      buildTriggers({ outDir: path.join(options.dir, 'triggers') }).then((built) => {
        progress(
          `Lambda bundles: ${built.map(({ name, bytes }) => `${name} (${Math.round(bytes / 1024)} KB)`).join(', ')}`,
        );
        return built;
      }),
      startDatabase(options, stops, progress),
      startSignInQueue(options, stops, progress, journal),
    ]);
    const config = worldConfig(at, secrets, databaseUrl);
    const sql = connectDatabase(config.database);
    stops.push(() => sql.end({ timeout: 1 }));
    const { ran } = await migrate(sql, config.users);
    await seedPeople(sql);
    progress(ran.length > 0 ? `Database: ${ran.length} migrations, people and roles` : 'Database: up to date');

    const lambda = await startLambdaHost({
      functions: worldFunctions(bundles, {
        databaseUrl,
        queue,
        userPool: at.userPool,
        ...(options.functionEnv && { more: options.functionEnv }),
      }),
      onInvoke: (record) => {
        journal.record(invocationStep(record));
        options.onInvoke?.(record);
      },
      clock,
    });
    stops.push(() => lambda.stop());
    await lambda.warm();
    const source = startEventSource({
      ...options.eventSource,
      queue,
      lambda: { endpoint: lambda.endpoint, functionName: queueConsumer },
      onBatch: ({ failures }) => {
        for (const { messageId, reason } of failures) queue.noteFailure(messageId, reason);
      },
    });
    stops.push(() => source.stop());
    progress('Lambda host: triggers loaded, queue attached');

    const userPool = await createUserPool({
      origin: at.userPool,
      clients: [
        {
          id: clientId,
          secret: secrets.clientSecret,
          name: 'Acme apps',
          callbacks: [`${at.gateway}/callback/cognito`],
          logouts: [`${at.gateway}/signed-out`],
          scopes: ['openid', 'email', 'profile'],
          rotation: { graceSeconds: 10 },
        },
      ],
      lambda: { endpoint: lambda.endpoint, triggers: poolTriggers },
      file: path.join(options.dir, 'user-pool.json'),
      seed: seedAccounts,
      ...(options.passwordCost !== undefined && { passwordCost: options.passwordCost }),
      onEvent: (event) => {
        journal.record(poolStep(event));
        options.onPoolEvent?.(event);
      },
      clock,
    });
    progress('User pool');

    const { deps, close } = await createNodeDeps(config, {
      clock,
      ...(options.gatewayLog && { log: options.gatewayLog }),
    });
    stops.push(close);
    const gateway = createGateway(deps);
    stops.push(await gateway.feed.follow());
    stops.push(gateway.logouts.follow());
    progress('Gateway');

    const links = [{ name: 'What happened', href: `${at.start}/what-happened` }];
    const common = { sql, gateway: at.gateway, clock, links };
    const notes = createNotesApp({ ...common, url: at.notes, secret: secrets.notes, photos: at.photos });
    const photos = createPhotosApp({ ...common, url: at.photos, secret: secrets.photos, notes: at.notes });
    const globex = createGlobexApp({
      ...common,
      url: at.globex,
      clientId: globexId,
      clientSecret: secrets.globexClient.secret,
      secret: secrets.globex,
    });
    await Promise.all([notes.ensureSchema(), photos.ensureSchema(), globex.ensureSchema()]);
    const start = createStartPage({ journal, sql, at });
    progress('Demo apps: Notes, Photos, Globex');

    const serve = (url: string, listener: RequestListener) =>
      hosts.set(new URL(url).host, observe(listener, new URL(url).hostname, journal));
    const atGateway = createListener({ ...gateway, fetch: overhear(gateway.fetch, journal) });
    serve(at.gateway, atGateway);
    serve(
      at.userPool,
      getRequestListener((request) => userPool.fetch(request)),
    );
    serve(at.notes, getRequestListener(notes.fetch));
    serve(at.photos, photos.listener);
    serve(at.globex, getRequestListener(globex.fetch));
    const atStart = getRequestListener(start.fetch);
    // what a proxy would do on the registrable domain, where browsers look for it
    const forFedcm = observe(atGateway, new URL(at.gateway).hostname, journal);
    hosts.set(new URL(at.start).host, (request, response) =>
      (request.url === '/.well-known/web-identity' ? forFedcm : atStart)(request, response),
    );
    return { at, gateway, userPool, queue, lambda, journal, sql, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDatabase(
  options: WorldOptions,
  stops: (() => Promise<unknown>)[],
  progress: (what: string) => void,
): Promise<string> {
  if (options.databaseUrl) {
    progress('Postgres: yours (DATABASE_URL)');
    return options.databaseUrl;
  }
  const server = await startPostgres({ dir: path.join(options.dir, 'postgres') });
  stops.push(() => server.stop());
  progress('Postgres');
  return server.url;
}

async function startSignInQueue(
  { dir, queue: settings }: WorldOptions,
  stops: (() => Promise<unknown>)[],
  progress: (what: string) => void,
  journal: Journal,
): Promise<Queue> {
  const queue = await startQueue({
    dir: path.join(dir, 'queue'),
    ...settings,
    onEvent: (event) => {
      if (event.type !== 'deleted') journal.record(queueStep(event)); // its function has just said that it is done
    },
  });
  stops.push(() => queue.stop());
  progress('Queue');
  return queue;
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} is taken. Stop what listens there, or choose another: npm run dev -- --port ${port + 1}`,
    );
  }
  const address = server.address();
  return address && typeof address === 'object' ? address.port : port;
}

/** One port for all: the `Host` header says who is meant. */
function dispatch(hosts: ReadonlyMap<string, RequestListener>): RequestListener {
  return (request, response) => {
    const listener = hosts.get(request.headers.host?.toLowerCase() ?? '');
    if (listener) return listener(request, response);
    const starting = hosts.size === 0;
    response.writeHead(starting ? 503 : 421, {
      'content-type': 'text/plain; charset=utf-8',
      ...(starting ? { 'retry-after': '2' } : {}),
    });
    response.end(
      starting
        ? 'The local world is starting.\n'
        : `Nobody here is called ${JSON.stringify(request.headers.host ?? '')}. These are: ${[...hosts.keys()].join(', ')}\n`,
    );
  };
}
