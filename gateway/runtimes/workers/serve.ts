import type { Seconds } from '../../../shared/clock.ts';
import { ConfigError } from '../../../shared/config.ts';
import { failures, SsoError } from '../../../shared/errors.ts';
import { createGateway, type Gateway } from '../../app.ts';
import type { GatewayDeps } from '../../deps.ts';
import { describeError } from '../describe-error.ts';
import type { WorkerEnv } from './config.ts';
import { background, inScope, type WorkerContext } from './scope.ts';

/** The handlers of a Worker module. */
export type Worker = {
  fetch(request: Request, env: WorkerEnv, context: WorkerContext): Promise<Response>;
  /** By a cron trigger: tells apps of ended sessions and sweeps, also while nobody asks for anything. */
  scheduled(event: unknown, env: WorkerEnv, context: WorkerContext): Promise<void>;
};

/** News older than this are asked for while a request is answered. */
const asksAfter: Seconds = 10;
/** A request waits for news that are older than this: an isolate may have slept since. */
const waitsAfter: Seconds = 20;
/** After a failure nobody waits for so long: with the store down each request would pay its deadline. */
const coolDown: Seconds = 5;

/** Deps, and perhaps a look at what stands between the Worker and Postgres, taken on schedule. */
export type ServedDeps = GatewayDeps & { readonly assertUncached?: () => Promise<void> };

/** Handlers, and the gateway that they serve. */
export type ServedGateway = Worker & { gatewayOf(env: WorkerEnv): Gateway };

/**
 * Serves a gateway from Worker handlers. It is made with the first request and then serves all of this isolate's.
 *
 * @param depsOf Makes its deps; asked again after it threw.
 */
export function serveWorker(depsOf: (env: WorkerEnv) => ServedDeps): ServedGateway {
  let assertUncached: ServedDeps['assertUncached'];
  let gateway: Gateway | undefined;
  let failedAt = Number.NEGATIVE_INFINITY;
  const gatewayOf = (env: WorkerEnv): Gateway => {
    if (!gateway) {
      const deps = depsOf(env);
      gateway = createGateway(deps);
      assertUncached = deps.assertUncached;
    }
    return gateway;
  };

  const freshen = async ({ feed, parts: { clock, log } }: Gateway): Promise<void> => {
    const now = clock();
    const age = feed.age(now);
    if (age <= asksAfter || (now >= failedAt && now - failedAt < coolDown)) return;
    const reading = feed.poll().catch((error: unknown) => {
      failedAt = now;
      log.warn('revocation feed cannot be read', {}, error);
    });
    background(reading);
    if (age > waitsAfter) await reading;
  };

  return {
    gatewayOf,

    fetch: (request, env, context) =>
      inScope(context, async () => {
        let served: Gateway;
        try {
          served = gatewayOf(env);
        } catch (error) {
          return misconfigured(error);
        }
        await freshen(served);
        // Cloudflare sets it, whatever the client sent
        return await served.fetch(request, { peer: request.headers.get('cf-connecting-ip') ?? undefined });
      }),

    scheduled: (_, env, context) =>
      inScope(context, async () => {
        const { logouts, parts } = gatewayOf(env);
        const { clock, log, store } = parts;
        const failing = (step: string) => (error: unknown) => log.warn('scheduled work failed', { step }, error);
        await Promise.all([
          logouts.deliver().catch(failing('deliver')),
          store?.sweep(clock()).catch(failing('sweep')),
          assertUncached?.().catch(failing('look for a cache')),
        ]);
      }),
  };
}

/** Says to the log what is wrong, each mistake in a line, and to whoever asked only that something is. */
function misconfigured(error: unknown): Response {
  const mistakes = error instanceof ConfigError ? error.mistakes : [{ where: 'start', ...describeError(error) }];
  for (const mistake of mistakes) {
    // biome-ignore lint/suspicious/noConsole: there is no configuration to make a log of
    console.error(JSON.stringify({ level: 'error', event: 'not configured', ...mistake }));
  }
  const code = error instanceof SsoError ? error.code : 'internal';
  const { status, says } = failures[code];
  return Response.json(
    { type: 'about:blank', title: says, status, code },
    { status, headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' } },
  );
}
