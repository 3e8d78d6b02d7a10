import type { Milliseconds } from '../clock.ts';
import { within } from '../deadline.ts';
import { SsoError } from '../errors.ts';
import { isReading, type StoreAnswer } from './durable-object.ts';
import type { Store } from './store.ts';

/** A binding to the class `CrossgateStore`. */
export type StoreNamespace = {
  idFromName(name: string): unknown;
  get(id: never): { fetch(url: string, init: RequestInit): Promise<Response> };
};

/** Name of the one object that holds everything: a redemption, a sign-out and the feed have to be of one piece. */
const objectName = 'crossgate';

const deadline: Milliseconds = 4000;
const newsDeadline: Milliseconds = 30_000;
const pauseAfterFailure: Milliseconds = 1000;

/**
 * The store in a Durable Object, as a Worker reaches it. Each call gets a stub of its own: one that failed once, or that
 * another request made, is of no use any more.
 *
 * @see https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
export function createDurableObjectStore(namespace: StoreNamespace): Store {
  const post = async (path: string, parameters: readonly unknown[], signal?: AbortSignal): Promise<unknown> => {
    const stub = namespace.get(namespace.idFromName(objectName) as never);
    const response = await stub.fetch(`https://store/${path}`, {
      method: 'POST',
      body: JSON.stringify(parameters),
      ...(signal && { signal }),
    });
    const answer = (await response.json()) as StoreAnswer;
    if ('refused' in answer) throw new SsoError('store_unavailable', `${path}: ${answer.refused}`);
    return answer.value;
  };

  const asked = async (method: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await post(method, parameters);
    } catch (error) {
      // the object moved or was replaced by its next version: it is there again at once
      if (isReading(method) && (error as { retryable?: unknown }).retryable === true)
        return await post(method, parameters);
      throw error;
    }
  };

  const call =
    <Name extends keyof Store>(method: Name) =>
    async (...parameters: Parameters<Store[Name]>): Promise<Awaited<ReturnType<Store[Name]>>> => {
      const late = () => new SsoError('store_unavailable', `${method}: no answer within ${deadline} ms`);
      try {
        return (await within(deadline, asked(method, parameters), late)) as Awaited<ReturnType<Store[Name]>>;
      } catch (cause) {
        throw cause instanceof SsoError ? cause : new SsoError('store_unavailable', `${method}: no answer`, { cause });
      }
    };

  const readFeed = call('readFeed');
  return {
    createSession: call('createSession'),
    findSessionByHandle: call('findSessionByHandle'),
    findSession: call('findSession'),
    touchSession: call('touchSession'),
    swapProviderTokens: call('swapProviderTokens'),
    endSession: call('endSession'),
    endSessionsOf: call('endSessionsOf'),
    sessionsOf: call('sessionsOf'),
    claimOnce: call('claimOnce'),
    readFeed,
    sweep: call('sweep'),
    ping: call('ping'),
    createCode: call('createCode'),
    redeemCode: call('redeemCode'),
    findGrant: call('findGrant'),
    takeLogouts: call('takeLogouts'),
    noteLogout: call('noteLogout'),
    logoutsOf: call('logoutsOf'),

    watchFeed: async (wake) => {
      const stopped = new AbortController();
      // nothing ends that late: only the cursor is wanted
      let { cursor } = await readFeed(Number.MAX_SAFE_INTEGER);
      const watch = async (): Promise<void> => {
        while (!stopped.signal.aborted) {
          try {
            const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(newsDeadline)]);
            const now = String(await post('news', [cursor], signal));
            if (now !== cursor && !stopped.signal.aborted) wake();
            cursor = now;
          } catch {
            // whoever watches also polls, and is told there that the store is down
            await new Promise((resolve) => setTimeout(resolve, pauseAfterFailure));
          }
        }
      };
      const watching = watch();
      return async () => {
        stopped.abort();
        await watching;
      };
    },
  };
}
