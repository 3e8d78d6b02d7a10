import { AsyncLocalStorage } from 'node:async_hooks';

/** What a Worker's handlers are given beside the environment. */
export type WorkerContext = { waitUntil(work: Promise<unknown>): void };

type Scope = {
  readonly underWay: Set<Promise<unknown>>;
  /** What belongs to this request, by its maker. */
  readonly own: Map<object, object>;
  readonly endings: (() => Promise<void>)[];
};

const scopes = new AsyncLocalStorage<Scope>();

/**
 * Runs the work of one request or event. It goes on where whoever asked hangs up, since others may be waiting for the same
 * answer; what it opened is closed when all of it is over.
 */
export function inScope<T>(context: WorkerContext, work: () => Promise<T>): Promise<T> {
  const scope: Scope = { underWay: new Set(), own: new Map(), endings: [] };
  const done = scopes.run(scope, work);
  context.waitUntil(closing(scope, done));
  return done;
}

/** Keeps the request that this is called in open for work that nobody waits for. */
export function background(work: Promise<unknown>): void {
  const { underWay } = current();
  const settled = work
    .catch(() => {}) // whoever began it has been told
    .finally(() => underWay.delete(settled));
  underWay.add(settled);
}

/**
 * A value of which each request has its own, made when it is first used: sockets belong to the request that opened them.
 *
 * @param make Makes it, and what closes it again.
 * @see https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/#considerations
 */
export function perRequest<T extends object>(make: () => { readonly value: T; close(): Promise<void> }): T {
  const own = (): T => {
    const scope = current();
    const known = scope.own.get(make) as T | undefined;
    if (known) return known;
    const { value, close } = make();
    scope.own.set(make, value);
    scope.endings.push(close);
    return value;
  };
  return new Proxy({} as T, { get: (_, name) => Reflect.get(own(), name) });
}

function current(): Scope {
  const scope = scopes.getStore();
  if (!scope) throw new Error('outside of any request');
  return scope;
}

async function closing({ underWay, endings }: Scope, done: Promise<unknown>): Promise<void> {
  await Promise.allSettled([done]);
  while (underWay.size > 0) await Promise.allSettled(underWay);
  await Promise.allSettled(endings.map((end) => end()));
}
