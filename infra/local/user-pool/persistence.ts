import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { JWK } from 'jose';
import type { Milliseconds } from '../../../shared/clock.ts';
import type { Account } from './accounts.ts';
import type { BrowserSession } from './browser.ts';
import type { RefreshFamily } from './grants.ts';
import type { Message } from './outbox.ts';

/** All that a pool remembers. Authorization codes aren't in it: they live for five minutes. */
export type PoolState = {
  readonly format: 1;
  /** Private keys: the first signs ID tokens, the second access tokens. Empty until they are made. */
  keys: JWK[];
  accounts: Account[];
  families: RefreshFamily[];
  sessions: BrowserSession[];
  outbox: Message[];
};

/** The memory of a pool. */
export type Storage = {
  readonly state: PoolState;
  /**
   * Writes the state as it now is. Call it after every change. A large state is written a moment later, once for all the
   * changes of that moment, and when the process ends.
   */
  save(): void;
};

/** Up to so many accounts, browsers and refresh tokens together, the state is written at every change. */
const small = 500;
/** Writing takes no more than this part of the time. */
const share = 0.1;

/**
 * Opens the pool's memory. The file is replaced as a whole, so that a crash leaves either the old or the new one; only
 * its owner may read it.
 *
 * @param file Absent: nothing is written.
 * @throws Error where the file is there but not one of ours.
 */
export function openStorage(file: string | undefined): Storage {
  const empty: PoolState = { format: 1, keys: [], accounts: [], families: [], sessions: [], outbox: [] };
  if (file === undefined) return { state: empty, save: () => {} };
  const state = fs.existsSync(file) ? read(file) : empty;
  let timer: NodeJS.Timeout | undefined;
  let pause: Milliseconds = 0;

  const writeNow = () => {
    clearTimeout(timer);
    timer = undefined;
    process.off('exit', writeNow);
    const began = performance.now();
    replace(file, JSON.stringify(state, undefined, 1));
    pause = (performance.now() - began) / share;
  };

  return {
    state,
    save() {
      if (state.accounts.length + state.sessions.length + state.families.length <= small) return writeNow();
      if (timer !== undefined) return;
      timer = setTimeout(writeNow, pause);
      process.once('exit', writeNow);
    },
  };
}

function replace(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  fs.writeFileSync(draft, text, { mode: 0o600 });
  fs.renameSync(draft, file);
}

function read(file: string): PoolState {
  try {
    const state = JSON.parse(fs.readFileSync(file, 'utf8')) as PoolState;
    if (state.format === 1) return state;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new Error(`${file} holds no user pool that this version can read: remove it to start over.`);
}
