import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What was learnt from tokens, once each was verified. */
export type VerifiedTokens<Learnt> = {
  /** `undefined`: never seen, or so long ago that it was forgotten. */
  get(token: string): Learnt | undefined;
  /** @param token A JWT whose signature was found good. */
  set(token: string, learnt: Learnt): void;
};

type Entry<Learnt> = {
  /** Header and claims. */
  readonly signed: string;
  readonly learnt: Learnt;
};

/**
 * Remembers tokens without keeping any: the key is the SHA-256 of the signature, and what it signed stands beside it to be
 * compared, for without the signature that is nobody's credential. Hashing the whole would say no more, and take longer.
 *
 * @param most Tokens remembered; beyond it those go that nobody has shown for longest.
 */
export function createVerifiedTokens<Learnt>(most: number): VerifiedTokens<Learnt> {
  const cache = new LRUCache<string, Entry<Learnt>>({ max: most });
  return {
    get(token) {
      const dot = lastDot(token);
      const entry = cache.get(keyOf(token, dot));
      return entry !== undefined && entry.signed === token.slice(0, dot) ? entry.learnt : undefined;
    },
    set(token, learnt) {
      const dot = lastDot(token);
      // a copy: V8's slice would keep the whole header alive that it was cut from
      const signed = Buffer.from(token.slice(0, dot), 'latin1').toString('latin1');
      cache.set(keyOf(token, dot), { signed, learnt });
    },
  };
}

/** Place of the second dot, which a token has no more of; searched from the front, where the engine is quicker. */
const lastDot = (token: string): number => token.indexOf('.', token.indexOf('.') + 1);

const keyOf = (token: string, dot: number): string => hash('sha256', token.slice(dot + 1), 'base64');
