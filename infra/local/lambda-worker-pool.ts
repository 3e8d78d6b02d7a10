import {
  type FunctionError,
  type Invocation,
  type LambdaFunction,
  type Outcome,
  startWorker,
  type Worker,
} from './lambda-worker.ts';

/** The child processes of one function, and the events that wait for one. */
export type WorkerPool = {
  /** Resolves with how the event ended, errors included. Rejects only when the pool is stopped. */
  run(invocation: Invocation): Promise<Outcome>;
  /** The live worker with this key. */
  worker(key: string): Worker | undefined;
  /** Ends, by SIGKILL, those that are handling an event just now, and says how many there were. */
  killBusy(): Promise<number>;
  /** Starts all workers. @throws Error naming the function whose handler can't be loaded. */
  warm(): Promise<void>;
  stop(): Promise<void>;
};

/** @param size Most workers at once. They are started when an event needs one, and stay. */
export function createWorkerPool(fn: LambdaFunction, address: string, size: number): WorkerPool {
  const workers = new Map<string, Worker>();
  const busy = new Set<Worker>();
  const waiting: (() => void)[] = [];
  const halted = Promise.withResolvers<never>();
  halted.promise.catch(() => {});
  let stopped = false;

  function start(): Worker {
    const worker = startWorker(fn, address);
    workers.set(worker.key, worker);
    return worker;
  }

  function sweep(): void {
    for (const worker of workers.values()) if (worker.dead) workers.delete(worker.key);
  }

  /** An idle worker, now taken. */
  async function take(): Promise<Worker> {
    for (;;) {
      if (stopped) throw new Error(`${fn.name}: the Lambda host has stopped`);
      sweep();
      const idle = [...workers.values()].find((worker) => !busy.has(worker));
      const worker = idle ?? (workers.size < size ? start() : undefined);
      if (worker !== undefined) {
        busy.add(worker);
        return worker;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  async function handle(invocation: Invocation): Promise<Outcome> {
    const worker = await take();
    try {
      await worker.loaded;
      return await worker.run(invocation);
    } catch (cause) {
      await worker.kill();
      if (cause instanceof Error) throw cause;
      return { failed: true, body: JSON.stringify(cause), log: [] };
    } finally {
      busy.delete(worker);
      waiting.shift()?.();
    }
  }

  return {
    run: (invocation) => Promise.race([handle(invocation), halted.promise]),
    worker: (key) => workers.get(key),
    async killBusy() {
      const working = [...busy];
      await Promise.all(working.map((worker) => worker.kill()));
      return working.length;
    },
    async warm() {
      sweep();
      while (workers.size < size) start();
      for (const worker of workers.values()) {
        await worker.loaded.catch((cause: FunctionError) => {
          throw new Error(`Lambda function ${fn.name} can't be loaded: ${cause.errorType}: ${cause.errorMessage}`);
        });
      }
    },
    async stop() {
      stopped = true;
      halted.reject(new Error(`${fn.name}: the Lambda host has stopped`));
      for (const wake of waiting.splice(0)) wake();
      await Promise.all([...workers.values()].map((worker) => worker.kill()));
    },
  };
}
