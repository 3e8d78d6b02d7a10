import { loadConfig, type WorkerEnv } from '../../gateway/runtimes/workers/config.ts';
import { workersDeps } from '../../gateway/runtimes/workers/deps.ts';
import { inScope, type WorkerContext } from '../../gateway/runtimes/workers/scope.ts';
import { serveWorker } from '../../gateway/runtimes/workers/serve.ts';
import { type Seconds, systemClock } from '../../shared/clock.ts';
import { SsoError } from '../../shared/errors.ts';
import { createDurableObjectStore, type StoreNamespace } from '../../shared/store/durable-object-client.ts';
import { withNewsOf } from '../../shared/store/joined-feed.ts';
import type { Store } from '../../shared/store/store.ts';
import type { UserDirectory } from '../../shared/users/directory.ts';
import type { WorkerState, WorldAnswer } from './worker-world.testing.ts';

export { CrossgateStore } from '../../shared/store/durable-object.ts';

type SuiteEnv = WorkerEnv & {
  readonly WORLD: { fetch: typeof fetch };
  /** A second way to Postgres, for people alone: the suite cuts one and not the other. */
  readonly DIRECTORY?: NonNullable<WorkerEnv['HYPERDRIVE']>;
};

/** What the suite says of the world with every request. */
let state: WorkerState = { offset: 0, isStoreDown: false, isDeaf: false };

/**
 * The Worker as it is deployed, with a clock that the suite moves. Where sessions are in a Durable Object, people and the
 * news of their permissions are in the suite's own memory; else all of it is in Postgres.
 */
const worker = serveWorker((env) => {
  const { DIRECTORY, WORLD } = env as SuiteEnv;
  const deps = workersDeps(loadConfig(env), env);
  const clock = (): Seconds => systemClock() + state.offset;
  const world: typeof fetch = (input, init) => WORLD.fetch(input, init);
  if (!env.STORE) {
    const { users } = DIRECTORY ? workersDeps(loadConfig({ ...env, HYPERDRIVE: DIRECTORY }), env) : deps;
    return { ...deps, clock, fetch: world, users, store: deps.store && hearing(deps.store) };
  }
  const users = bridge<UserDirectory>('directory', world);
  const news = bridge<Store>('news', world);
  const store = withNewsOf(news, createDurableObjectStore(breakable(env.STORE)));
  return { ...deps, clock, fetch: world, users, store: hearing(store) };
});

export default {
  async fetch(request: Request, env: SuiteEnv, context: WorkerContext): Promise<Response> {
    const headers = new Headers(request.headers);
    state = JSON.parse(headers.get('x-suite-state') ?? '{}') as WorkerState;
    const control = headers.get('x-suite-control');
    headers.delete('x-suite-state');
    headers.delete('x-suite-control');
    if (control === null) return await worker.fetch(new Request(request, { headers }), env, context);
    return await inScope(context, async () => {
      const { feed, logouts } = worker.gatewayOf(env);
      try {
        await (control === 'hear' ? feed.poll() : logouts.deliver());
        return new Response('done');
      } catch (error) {
        return new Response(String(error), { status: 500 });
      }
    });
  },
  scheduled: worker.scheduled,
};

/** Something in the suite's process, each method by a request. */
function bridge<T extends object>(name: string, world: typeof fetch): T {
  const ask =
    (method: string) =>
    async (...parameters: readonly unknown[]) => {
      const body = JSON.stringify(parameters);
      const response = await world(`http://${name}.suite/${method}`, { method: 'POST', body });
      const answer = (await response.json()) as WorldAnswer;
      if ('code' in answer) throw new SsoError(answer.code, answer.reason);
      return answer.value;
    };
  return new Proxy({} as T, { get: (_, method) => ask(String(method)) });
}

/** A Durable Object that can't be reached while the suite says so. */
function breakable(namespace: StoreNamespace): StoreNamespace {
  return {
    idFromName: (name) => namespace.idFromName(name),
    get: (id) => {
      const stub = namespace.get(id);
      return {
        fetch: async (url, init) => {
          if (state.isStoreDown) throw new Error('Network connection lost.');
          return await stub.fetch(url, init);
        },
      };
    },
  };
}

/** A store whose feed can't be read while the suite says so. */
function hearing(store: Store): Store {
  const readFeed: Store['readFeed'] = async (now, cursor) => {
    if (state.isDeaf) throw new SsoError('store_unavailable', 'no news');
    return await store.readFeed(now, cursor);
  };
  return new Proxy(store, {
    get: (_, name) => (name === 'readFeed' ? readFeed : Reflect.get(store, name)),
  });
}
