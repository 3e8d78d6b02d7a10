import { type JsonWebKey, randomBytes } from 'node:crypto';
import type { Seconds } from '../clock.ts';
import { generateSigningKey, newKid } from './keyring.ts';
import type { SigningAlgorithm } from './signing.ts';

/** When a key came into the file, and when it stopped signing. Keys from before this was kept have neither. */
type Times = { created?: Seconds; retired?: Seconds };

/**
 * A gateway's key file, or a site's: lists of keys by what they are for. In each the first key of its algorithm is current.
 * The file was checked already.
 */
export type RotatableFile = Readonly<Record<string, readonly Key[]>>;

/** One key of a file, without its secret. */
export type KeyEntry = {
  /** What it is for: the name of its list. */
  readonly use: string;
  readonly kid: string;
  /** `A256GCM` for sealing. */
  readonly algorithm: string;
  /** `current` signs and seals; `next` is only published; `previous` still verifies and opens. */
  readonly state: 'current' | 'next' | 'previous';
  readonly created?: Seconds;
  readonly retired?: Seconds;
};

/** What a rotation did to one key. */
export type RotationStep = Omit<KeyEntry, 'state'> & {
  readonly done: 'removed' | 'promoted' | 'added' | 'waits';
  /** When a key that waits may be promoted. */
  readonly until?: Seconds;
};

/** How a rotation goes. */
export type RotationPlan = {
  readonly now: Seconds;
  /** Which lists. Absent: all. */
  readonly uses?: readonly string[];
  /** Seconds for which a key must have been published before it signs: longer than anybody keeps a JWK Set. */
  readonly settle: Seconds;
  /** Seconds for which a key stays after it last signed: longer than anything lives that it made. */
  readonly keep: Seconds;
  /** Drop every present key at once: what they made is worth nothing from now on. */
  readonly leaked?: boolean;
};

type Key = (JsonWebKey & Times) | ({ kid: string; k: string } & Times);

/** Says what each key of a file is for now. */
export function listKeys(file: RotatableFile): readonly KeyEntry[] {
  return Object.entries(file).flatMap(([use, keys]) =>
    keys.map((key, i) => ({ ...describe(use, key), state: stateOf(keys, i) })),
  );
}

/**
 * Takes a key file one step on. Of each use and algorithm: keys that signed last longer than `keep` ago go; the next key
 * signs, if it was published for `settle`; and if there is no next key, one is added. So a run now and then is all there is
 * to do, and every key is known to all who verify before it signs.
 *
 * @returns The new file, and what was done in words for an operator. The file that was given stays as it is.
 */
export function rotateKeys<File extends RotatableFile>(
  file: File,
  plan: RotationPlan,
): { file: File; steps: readonly RotationStep[] } {
  const steps: RotationStep[] = [];
  const next: Record<string, Key[]> = Object.fromEntries(
    Object.entries(file).map(([use, keys]) => [use, structuredClone([...keys])]),
  );
  for (const use of plan.uses ?? Object.keys(next)) {
    const keys = next[use] ?? [];
    const algorithms = [...new Set(keys.map(algorithmOf))];
    const rotated = algorithms.map((algorithm) =>
      rotate(
        use,
        keys.filter((key) => algorithmOf(key) === algorithm),
        plan,
        steps,
      ),
    );
    // the first of all signs what asks for no algorithm
    const current = rotated.flatMap((keys) => keys.slice(0, 1));
    next[use] = [...current, ...rotated.flatMap((keys) => keys.slice(1))];
  }
  return { file: next as unknown as File, steps };
}

/** Rotates the keys of one use and algorithm. */
function rotate(use: string, keys: readonly Key[], plan: RotationPlan, steps: RotationStep[]): Key[] {
  const { now, settle, keep, leaked } = plan;
  const step = (done: RotationStep['done'], key: Key, until?: Seconds) =>
    steps.push({ ...describe(use, key), done, ...(until === undefined ? {} : { until }) });
  const made = (): Key => {
    const key = { ...fresh(use, algorithmOf(keys[0])), created: now };
    step('added', key);
    return key;
  };
  if (leaked) {
    for (const key of keys) step('removed', key);
    return [made()];
  }
  // of a clock that was ahead once: else nothing would be next until that time has come
  for (const key of keys) {
    if (key.created !== undefined) key.created = Math.min(key.created, now);
    if (key.retired !== undefined) key.retired = Math.min(key.retired, now);
  }
  const left = keys.filter((key, i) => {
    const goes = stateOf(keys, i) === 'previous' && (key.retired ?? now) + keep <= now;
    if (goes) step('removed', key);
    return !goes;
  });
  // one from before times were kept is given its time now, and goes when that is over
  for (const [i, key] of left.entries()) if (stateOf(left, i) === 'previous') key.retired ??= now;
  const [current, ...others] = left;
  if (!current) return left;
  const next = others.find((_, i) => stateOf(left, i + 1) === 'next');
  if (!next) return [...left, made()];
  const settled = (next.created ?? now) + settle;
  if (settled > now) {
    step('waits', next, settled);
    return left;
  }
  step('promoted', next);
  current.retired = now;
  return [next, ...left.filter((key) => key !== next), made()];
}

/** The first of its algorithm is current; of the others those are next that came later. */
function stateOf(keys: readonly Key[], i: number): KeyEntry['state'] {
  const key = keys[i];
  const current = keys.find((other) => algorithmOf(other) === algorithmOf(key));
  if (key === current) return 'current';
  if (key?.created === undefined || key.retired !== undefined) return 'previous';
  return key.created < (current?.created ?? 0) ? 'previous' : 'next';
}

function describe(use: string, key: Key): Omit<KeyEntry, 'state'> {
  return {
    use,
    kid: String(key.kid),
    algorithm: algorithmOf(key),
    ...(key.created === undefined ? {} : { created: key.created }),
    ...(key.retired === undefined ? {} : { retired: key.retired }),
  };
}

const algorithmOf = (key: Key | undefined): string =>
  key && 'alg' in key && typeof key.alg === 'string' ? key.alg : 'A256GCM';

function fresh(use: string, algorithm: string): Key {
  return use === 'sealing'
    ? { kid: newKid(), k: randomBytes(32).toString('base64url') }
    : generateSigningKey(algorithm as SigningAlgorithm);
}
