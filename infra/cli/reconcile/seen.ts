import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { CliError, exits } from '../console.ts';

/**
 * Who was seen, by the first 8 bytes of a hash of each: a million take 16 MB. That two people share one happens once in
 * thirty million runs over a million people; it would hide a row without a pool user, and nothing worse.
 */
export class Seen {
  #slots = new BigUint64Array(1 << 12);
  #size = 0;
  #added: bigint[] = [];

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  add(who: string): void {
    const print = fingerprint(who);
    if (this.#put(print)) this.#added.push(print);
  }

  has(who: string): boolean {
    const print = fingerprint(who);
    return this.#slots[this.#slotOf(print)] === print;
  }

  clear(): void {
    this.#slots = new BigUint64Array(1 << 12);
    this.#size = 0;
    this.#added = [];
  }

  /** Those who were added since the last time, for a file. */
  takeAdded(): Buffer {
    const added = BigUint64Array.from(this.#added);
    this.#added = [];
    return Buffer.from(added.buffer);
  }

  /** Puts back what {@link takeAdded} gave. */
  restore(bytes: Buffer): void {
    for (let at = 0; at + 8 <= bytes.length; at += 8) this.#put(bytes.readBigUInt64LE(at));
  }

  #put(print: bigint): boolean {
    const slot = this.#slotOf(print);
    if (this.#slots[slot] === print) return false;
    this.#slots[slot] = print;
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new BigUint64Array(old.length * 2);
    for (const print of old) if (print !== 0n) this.#slots[this.#slotOf(print)] = print;
  }

  /** Its slot, or the free one where it would go. */
  #slotOf(print: bigint): number {
    const mask = this.#slots.length - 1;
    let slot = Number(print & BigInt(mask));
    while (this.#slots[slot] !== 0n && this.#slots[slot] !== print) slot = (slot + 1) & mask;
    return slot;
  }
}

/** Never 0, which marks a free slot. */
function fingerprint(who: string): bigint {
  return createHash('sha256').update(who).digest().readBigUInt64LE() || 1n;
}

/** The part of who was seen that is in a file, 8 bytes each. */
export type SeenFile = {
  /** Adds to the file what is new. */
  append(seen: Seen): void;
  /** Reads the first `count` back; what a crash left behind them is cut off. @throws CliError where some are missing. */
  restore(seen: Seen, count: number): void;
  clear(): void;
};

/** @param path Absent: nothing is kept. */
export function seenFile(path: string | undefined): SeenFile {
  return {
    append(seen) {
      const added = seen.takeAdded();
      if (path !== undefined && added.length > 0) appendFileSync(path, added, { mode: 0o600 });
    },
    restore(seen, count) {
      if (path === undefined || count === 0) return;
      const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      if (bytes.length < count * 8) {
        throw new CliError(exits.wrong, `${path} is not whole. Remove it and the file beside it to begin anew.`);
      }
      truncateSync(path, count * 8);
      seen.restore(bytes.subarray(0, count * 8));
    },
    clear() {
      if (path !== undefined) writeFileSync(path, '', { mode: 0o600 });
    },
  };
}
