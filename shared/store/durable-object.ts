import { createHash } from 'node:crypto';
import { type Clock, type Milliseconds, type Seconds, systemClock } from '../clock.ts';
import { SsoError } from '../errors.ts';
import { createSqliteStore, type SyncStore } from './sqlite.ts';
import type { Sqlite } from './sqlite-schema.ts';

/** What of a Durable Object's state the store uses. */
export type DurableObjectState = {
  readonly storage: {
    readonly sql: Sqlite;
    transactionSync<T>(work: () => T): T;
    getAlarm(): Promise<Milliseconds | null>;
    setAlarm(at: Milliseconds): Promise<void>;
  };
};

/** What a call to the object is answered with: a value (absent: `undefined`), or why there is none. */
export type StoreAnswer = { readonly value?: unknown } | { readonly refused: string };

/** Methods that a gateway may call, and whether something that expires may be written. */
const methods: Readonly<Record<keyof Omit<SyncStore, 'newest' | 'isEmpty'>, 'reads' | 'writes'>> = {
  createSession: 'writes',
  findSessionByHandle: 'reads',
  findSession: 'reads',
  touchSession: 'writes',
  swapProviderTokens: 'writes',
  endSession: 'writes',
  endSessionsOf: 'writes',
  sessionsOf: 'reads',
  claimOnce: 'writes',
  readFeed: 'reads',
  sweep: 'writes',
  ping: 'reads',
  createCode: 'writes',
  redeemCode: 'writes',
  findGrant: 'reads',
  takeLogouts: 'writes',
  noteLogout: 'writes',
  logoutsOf: 'reads',
};

/** Is this one of the methods by which nothing changes? They may be asked again. */
export const isReading = (method: string): boolean =>
  Object.entries(methods).some(([name, does]) => name === method && does === 'reads');

/** Between two sweeps while there is something left. */
const sweepEvery: Seconds = 600;
/** A question for news is answered by then, news or not. */
const newsWithin: Milliseconds = 20_000;

/**
 * The sessions of a gateway in one Durable Object: whatever one call writes is one transaction, calls come one after the
 * other, and nothing is answered before it is on disk. Bind it with SQLite storage (`new_sqlite_classes`).
 *
 * It sweeps by its own alarm, which rests while nothing is kept. It has no address of its own: whoever has the binding is
 * the gateway.
 *
 * @see https://developers.cloudflare.com/durable-objects/best-practices/access-durable-objects-storage/
 */
export class CrossgateStore {
  readonly #state: DurableObjectState;
  readonly #store: SyncStore;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #sweeping: Promise<void> | undefined;

  constructor(state: DurableObjectState) {
    this.#state = state;
    this.#clock = systemClock;
    this.#store = state.storage.transactionSync(() =>
      createSqliteStore(state.storage.sql, (text) => createHash('sha256').update(text).digest('base64url')),
    );
  }

  /** `POST /<method>` with the arguments as a JSON list; `POST /news` with a cursor waits until the feed is further. */
  async fetch(request: Request): Promise<Response> {
    const method = new URL(request.url).pathname.slice(1);
    // JSON knows no `undefined`
    const parameters = ((await request.json()) as readonly unknown[]).map((one) => one ?? undefined);
    if (method === 'news')
      return Response.json({ value: await this.#news(String(parameters[0])) } satisfies StoreAnswer);
    if (!Object.hasOwn(methods, method)) return Response.json({ refused: 'no such method' } satisfies StoreAnswer);
    const before = this.#store.newest();
    const answer = this.#call(method as keyof typeof methods, parameters);
    if (this.#store.newest() !== before) for (const wake of this.#waiting) wake();
    if (!isReading(method)) await this.#sweepLater();
    return Response.json(answer);
  }

  /** Called by the runtime. */
  async alarm(): Promise<void> {
    const now = this.#clock();
    while (this.#state.storage.transactionSync(() => this.#store.sweep(now)) > 0);
    this.#sweeping = undefined;
    if (!this.#store.isEmpty()) await this.#sweepLater();
  }

  #call(method: keyof typeof methods, parameters: readonly unknown[]): StoreAnswer {
    try {
      const run = this.#store[method] as (...args: readonly unknown[]) => unknown;
      return { value: this.#state.storage.transactionSync(() => run(...parameters)) };
    } catch (error) {
      // what SQLite says names tables and columns, never values
      return { refused: error instanceof SsoError ? error.reason : String(error) };
    }
  }

  async #sweepLater(): Promise<void> {
    this.#sweeping ??= this.#state.storage.getAlarm().then(async (at) => {
      if (at === null) await this.#state.storage.setAlarm((this.#clock() + sweepEvery) * 1000);
    });
    await this.#sweeping;
  }

  async #news(cursor: string): Promise<string> {
    if (this.#store.newest() !== cursor) return this.#store.newest();
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, newsWithin);
      this.#waiting.add(done);
    });
    return this.#store.newest();
  }
}
