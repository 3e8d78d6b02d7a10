import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Milliseconds } from '../../shared/clock.ts';

/** An event on its way into a sandbox. */
export type SandboxInvocation = {
  /** JSON, as between CloudFront and Lambda. */
  readonly event: string;
  /** So far is the sandbox's clock ahead of the machine's from now on. */
  readonly offset: Milliseconds;
};

/** What a sandbox made of it: JSON, or what the function threw. */
export type SandboxAnswer = { readonly result: string } | { readonly error: string };

export type SandboxOptions = {
  readonly offset: () => Milliseconds;
  /** Told every line that the function writes. */
  readonly onLine: (line: string) => void;
};

/** A deployed function. */
export type Sandboxes = {
  /** Rejects with what the function throws, or where it takes longer than it may. */
  invoke<Event, Result>(event: Event): Promise<Result>;
  stop(): Promise<void>;
};

/** What Lambda@Edge grants a function at the events of viewers. Loading it is not part of that. */
const longest: Milliseconds = 5000;
const megabytes = 128;

/**
 * Runs a function as Lambda does: in sandboxes of its own, each with one event at a time, and a further one for who would have
 * to wait. None is there before the first event. A sandbox is a thread, whose clock the driver moves.
 *
 * @param file `file:` URL of the module, which is loaded as it is.
 */
export function createSandboxes(file: string, options: SandboxOptions): Sandboxes {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const start = async (): Promise<Worker> => {
    const thread = new Worker(new URL('./edge-sandbox-thread.testing.ts', import.meta.url), {
      workerData: { file },
      stdout: true,
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: megabytes },
    });
    createInterface({ input: thread.stdout }).on('line', options.onLine);
    all.add(thread);
    await once(thread, 'message');
    return thread;
  };
  const end = async (thread: Worker) => {
    all.delete(thread);
    await thread.terminate();
  };
  return {
    async invoke<Event, Result>(event: Event): Promise<Result> {
      const thread = idle.pop() ?? (await start());
      const answered = new AbortController();
      const late = sleep(longest, undefined, { signal: answered.signal, ref: false }).then(
        () => end(thread),
        () => {},
      );
      try {
        const invocation: SandboxInvocation = { event: JSON.stringify(event), offset: options.offset() };
        thread.postMessage(invocation);
        const first = await Promise.race([once(thread, 'message') as Promise<[SandboxAnswer]>, late]);
        if (!first) throw new Error(`Task timed out after ${longest / 1000} seconds`);
        idle.push(thread);
        if ('error' in first[0]) throw new Error(first[0].error);
        return JSON.parse(first[0].result) as Result;
      } finally {
        answered.abort();
      }
    },
    async stop() {
      await Promise.all([...all].map(end));
    },
  };
}
