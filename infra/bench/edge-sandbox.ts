import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Milliseconds } from '../../shared/clock.ts';

/** One event that a function was sent. */
export type Invocation = {
  /** From the event's JSON to that of the answer. */
  readonly took: Milliseconds;
  /** JSON. */
  readonly answer: string;
};

/** One function in a process of its own, as a sandbox of Lambda has it. Only one of them may work at a time. */
export type Sandbox = {
  /** Events in a second, measured for so long. */
  rate(length: Milliseconds): Promise<number>;
  /** @param event JSON. */
  invoke(event: string): Promise<Invocation>;
  stop(): void;
};

/**
 * @param file The module with the handler.
 * @param event JSON of what {@link Sandbox.rate} goes by.
 */
export async function openSandbox(file: string, event: string): Promise<Sandbox> {
  const child = fork(join(import.meta.dirname, 'edge-process.ts'), [file, event], { env: { PATH: process.env.PATH } });
  const next = async (): Promise<unknown> => {
    const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as unknown[];
    return message;
  };
  const ask = async (message: number | string): Promise<unknown> => {
    const answer = next();
    child.send(message);
    return await answer;
  };
  await next();
  return {
    rate: async (length) => Number(await ask(length)),
    invoke: async (event) => (await ask(event)) as Invocation,
    stop: () => void child.kill(),
  };
}
