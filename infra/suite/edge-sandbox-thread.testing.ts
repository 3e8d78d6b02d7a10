import '../local/localhost-names.ts';
import { parentPort, workerData } from 'node:worker_threads';
import type { Milliseconds } from '../../shared/clock.ts';
import type { SandboxAnswer, SandboxInvocation } from './edge-sandbox.testing.ts';

/** So far is the clock of this thread ahead of the machine's. */
let offset: Milliseconds = 0;

const now = (): Milliseconds => realDate.now() + offset;
const realDate = Date;
// before the function is loaded, which is not to notice
globalThis.Date = new Proxy(realDate, {
  construct: (target, parameters, made) =>
    Reflect.construct(target, parameters.length === 0 ? [now()] : parameters, made) as object,
  apply: () => new realDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

const { file } = workerData as { readonly file: string };
const { handler } = (await import(file)) as { readonly handler: (event: unknown) => Promise<unknown> };

parentPort?.postMessage('ready');
parentPort?.on('message', async ({ event, offset: ahead }: SandboxInvocation) => {
  offset = ahead;
  let answer: SandboxAnswer;
  try {
    answer = { result: JSON.stringify(await handler(JSON.parse(event))) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort?.postMessage(answer);
});
