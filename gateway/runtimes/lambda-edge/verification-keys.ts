import { Buffer } from 'node:buffer';
import type { Milliseconds, Seconds } from '../../../shared/clock.ts';
import { readJwks, type SigningAlgorithm, type VerificationKeys } from '../../../shared/keys/signing.ts';
import type { EdgeDeps } from './deps.ts';
import type { BakedKeys } from './settings.ts';

/** Public keys, those of the build at first and then whatever their owner publishes. */
export type EdgeKeys = {
  /** The same map for as long as the keys are the same; `undefined`: a day old, so nobody may be let in by them. */
  current(now: Seconds): VerificationKeys | undefined;
  /** Asks for newer ones where it is time to, and does not wait. */
  freshen(now: Seconds): void;
  /** Asks for newer ones, unless that was done just now. Never rejects. */
  fetch(now: Seconds): Promise<void>;
};

const algorithms: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA'];
const freshFor: Seconds = 3600;
const servesFor: Seconds = 24 * 3600;
const coolDown: Seconds = 10;
const timeout: Milliseconds = 2000;

/** Makes the keys of one sandbox. */
export function createEdgeKeys({ jwks, from }: BakedKeys, { clock, fetch, log }: EdgeDeps): EdgeKeys {
  const baked = readJwks(jwks, algorithms);
  if (from === undefined) return { current: () => baked, freshen: () => {}, fetch: async () => {} };
  const { url } = from;
  // the machine that built this may have been ahead
  let last = { keys: baked, text: JSON.stringify(jwks), at: Math.min(from.at, clock()) };
  let triedAt = Number.NEGATIVE_INFINITY;
  let underWay = Promise.resolve();

  const load = async (startedAt: Seconds): Promise<void> => {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'manual' });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const found: unknown = await response.json();
    const keys = readJwks(found, algorithms);
    if (keys.size === 0) throw new Error(`${url} holds no usable key`);
    // a sandbox may have been frozen meanwhile: the answer is as old as the question
    if (startedAt < last.at && last.at <= clock()) return;
    const text = JSON.stringify(found);
    last = { keys: text === last.text ? last.keys : keys, text, at: startedAt };
  };

  const ask = (now: Seconds): Promise<void> => {
    // after the cool-down another one starts, even if this one has not ended: frozen in the middle it never might
    if (Math.abs(now - triedAt) < coolDown) return underWay;
    triedAt = now;
    underWay = load(clock()).catch((error: unknown) => log.warn('keys not fetched', { url }, error));
    return underWay;
  };

  return {
    current: (now) => (now - last.at < servesFor ? last.keys : undefined),
    freshen(now) {
      if (now - last.at >= freshFor) void ask(now);
    },
    fetch: ask,
  };
}

/** The `kid` that a token claims, which proves nothing; `undefined` for what is no token. */
export function kidOf(token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString());
    const kid = (header as { kid?: unknown } | null)?.kid;
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    // not JSON: somebody else's cookie
    return undefined;
  }
}
