import type { Clock, Milliseconds, Seconds } from '../clock.ts';
import { SsoError } from '../errors.ts';
import { readJwks, type SigningAlgorithm, type VerificationKeys } from './signing.ts';

/** Somebody else's keys, fetched from one fixed URL and remembered. */
export type RemoteJwks = {
  /** The keys as last fetched, however old they are up to 24 hours; fetches first where there are none yet. */
  keys(): Promise<VerificationKeys>;
  /**
   * The same after an unknown `kid` was seen: fetches again, at most once per cool-down, so that made-up `kid`s cause no
   * traffic.
   */
  keysAfterUnknownKid(): Promise<VerificationKeys>;
  /** The keys as last fetched, without waiting; `undefined` while there are none. */
  readonly known: VerificationKeys | undefined;
};

const coolDown: Seconds = 10;
const freshFor: Seconds = 600;
const servesFor: Seconds = 24 * 3600;
const timeout: Milliseconds = 3000;

/**
 * Follows a JWK Set at a fixed URL. While its server is down the last good one serves for 24 hours.
 *
 * @param options.url Never taken from a token.
 * @throws SsoError `provider_unavailable` (from the methods) where no set can be had and none is remembered.
 */
export function createRemoteJwks(options: {
  readonly url: string;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}): RemoteJwks {
  let last: { keys: VerificationKeys; at: Seconds } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let underWay: { readonly loading: Promise<void>; readonly since: Seconds } | undefined;

  const load = async (): Promise<void> => {
    triedAt = options.clock();
    // a redirect is answered as a failure; `redirect: 'error'` says so too, but workerd refuses that value
    const response = await options.fetch(options.url, { signal: AbortSignal.timeout(timeout), redirect: 'manual' });
    if (!response.ok) throw new Error(`JWKS answered ${response.status}`);
    const keys = readJwks(await response.json(), options.algorithms);
    if (keys.size === 0) throw new Error('JWKS holds no usable key');
    last = { keys, at: options.clock() };
  };

  const loadOnce = async (): Promise<void> => {
    const since = options.clock();
    // one that takes longer than it may has ended without a word: on Workers, with the request that began it
    if (!underWay || (since - underWay.since) * 1000 > 2 * timeout) {
      const loading = load().finally(() => {
        if (underWay?.loading === loading) underWay = undefined;
      });
      underWay = { loading, since };
    }
    await underWay.loading;
  };

  const known = () => (last && options.clock() - last.at < servesFor ? last.keys : undefined);

  const remembered = (cause?: unknown): VerificationKeys => {
    const keys = known();
    if (keys) return keys;
    throw new SsoError('provider_unavailable', `no JWKS from ${options.url}`, { cause });
  };

  const orRemembered = async (): Promise<VerificationKeys> => {
    try {
      await loadOnce();
    } catch (cause) {
      return remembered(cause);
    }
    return remembered();
  };

  const coolingDown = () => options.clock() - triedAt < coolDown;

  return {
    get known() {
      return known();
    },
    async keys() {
      if (underWay && !known()) return orRemembered();
      if (coolingDown()) return remembered();
      return last && options.clock() - last.at < freshFor ? last.keys : orRemembered();
    },
    async keysAfterUnknownKid() {
      if (underWay) return orRemembered();
      return coolingDown() ? remembered() : orRemembered();
    },
  };
}
