import { rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
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
import { createWikiApp } from './apps/wiki.ts';
import { buildTriggers } from './bundles.ts';
import { type EventSourceOptions, startEventSource } from './event-source.ts';
import { dispatch, listenLocally } from './front-door.ts';
import { createJournal, type Journal } from './journal.ts';
import { edgeStep } from './journal-edge-step.ts';
import { invocationStep, poolStep, queueStep } from './journal-steps.ts';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from './lambda-host.ts';
import { observe } from './observe.ts';
import { overhear } from './overhear.ts';
import { overhearPassages } from './overhear-passage.ts';
import { startPostgres } from './postgres.ts';
import { type Queue, type QueueOptions, startQueue } from './queue.ts';
import { seedAccounts, seedPeople } from './seed.ts';
import type { PoolEvent } from './user-pool/settings.ts';
import { createUserPool, type UserPool } from './user-pool/user-pool.ts';
import { clientId, globexId, type WorldAddresses, worldAddresses, worldConfig, worldSecrets } from './world-config.ts';
import { buildDocsFunctions, startDocs } from './world-docs.ts';
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
const kept = ['postgres', 'queue', 'user-pool.json', 'secrets.json', 'triggers', 'edge'];

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
    const door = await listenLocally(dispatch(hosts), options.port);
    stops.push(() => door.stop());
    const at = worldAddresses(door.port);
    // on a port that nobody is told but the gateway
    let behindTheGateway: RequestListener = dispatch(new Map());
    const wikiDoor = await listenLocally((request, response) => behindTheGateway(request, response), 0);
    stops.push(() => wikiDoor.stop());
    // by name: whoever points --dir at a folder of their own keeps what else is in it
    for (const one of options.fresh ? kept : []) rmSync(path.join(options.dir, one), { recursive: true, force: true });
    const secrets = worldSecrets(options.dir);
    const journal = createJournal({ clock });

    const edge = path.join(options.dir, 'edge');
    const [bundles, databaseUrl, queue] = await Promise.all([
      buildTriggers({ outDir: path.join(options.dir, 'triggers') }).then((built) => {
        progress(
          `Lambda bundles: ${built.map(({ name, bytes }) => `${name} (${Math.round(bytes / 1024)} KB)`).join(', ')}`,
        );
        return built;
      }),
      startDatabase(options, stops, progress),
      startSignInQueue(options, stops, progress, journal),
      buildDocsFunctions(edge).then((built) => {
        const sizes = built.map(({ name, bytes }) => `${name} (${Math.round(bytes / 1024)} KB)`);
        progress(`Functions at the edge: ${sizes.join(', ')}`);
      }),
    ]);
    const config = worldConfig(at, secrets, databaseUrl, `http://127.0.0.1:${wikiDoor.port}`);
    const sql = connectDatabase(config.database);
    stops.push(() => sql.end({ timeout: 1 }));
    const { ran } = await migrate(sql, config.users);
    const people = await seedPeople(sql);
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
    const unguarded = [
      { name: 'Wiki', href: at.wiki },
      { name: 'Docs', href: at.docs },
    ];
    const common = { sql, gateway: at.gateway, clock, links };
    const acme = { ...common, links: [...unguarded, ...links] };
    const notes = createNotesApp({ ...acme, url: at.notes, secret: secrets.notes, photos: at.photos });
    const photos = createPhotosApp({ ...acme, url: at.photos, secret: secrets.photos, notes: at.notes });
    const globex = createGlobexApp({
      ...common,
      url: at.globex,
      clientId: globexId,
      clientSecret: secrets.globexClient.secret,
      secret: secrets.globex,
    });
    const wiki = createWikiApp({
      sql,
      gateway: at.gateway,
      url: at.wiki,
      links: [{ name: 'Notes', href: at.notes }, { name: 'Docs', href: at.docs }, ...links],
    });
    stops.push(async () => wiki.close());
    behindTheGateway = getRequestListener(wiki.fetch);
    const writer = (email: string) => {
      const name = seedAccounts.find((one) => one.email === email)?.name ?? email;
      return { id: people.get(email) ?? '', name };
    };
    const docs = await startDocs({
      at,
      folder: edge,
      jwks: deps.keyring.domainCookie.jwks,
      clock,
      onCall: (call) => journal.recordWithin(edgeStep(call)),
    });
    stops.push(() => docs.stop());
    await Promise.all([
      ...[notes, photos, globex].map((app) => app.ensureSchema()),
      wiki.ensureSchema(writer('ann@acme.test'), writer('bob@acme.test')),
    ]);
    const start = createStartPage({ journal, sql, at });
    progress('Demo apps: Notes, Photos, Wiki, Docs, Globex');

    const serve = (url: string, listener: RequestListener, what: 'everything' | 'page-loads' = 'everything') =>
      hosts.set(new URL(url).host, observe(listener, new URL(url).hostname, journal, what));
    const overheard = overhearPassages(overhear(gateway.fetch, journal), new URL(at.gateway).hostname, journal);
    const atGateway = createListener({ ...gateway, fetch: overheard });
    serve(at.gateway, atGateway);
    serve(at.wiki, atGateway, 'page-loads');
    serve(at.docs, docs.listener, 'page-loads');
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
