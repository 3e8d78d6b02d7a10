/**
 * One process with one function, as a sandbox of Lambda has it. A number as a message: it checks fresh events for so many
 * milliseconds, and says how many it would do in a second. A text is the JSON of an event, and that of the answer comes back.
 *
 * @example fork('infra/bench/edge-process.ts', ['/…/check-auth.mjs', '{"Records":[…]}'])
 */
import { pathToFileURL } from 'node:url';
import type { Invocation } from './edge-sandbox.ts';

/**
 * Events of a batch, made right before: Lambda gives a function a fresh one, just parsed, and parsing it is not the
 * function's work. So few that they are still in the processor's cache, as one would be.
 */
const batch = 40;

const [file = '', event = ''] = process.argv.slice(2);
const { handler } = (await import(pathToFileURL(file).href)) as { handler: (event: unknown) => Promise<unknown> };

async function measure(milliseconds: number): Promise<number> {
  const until = performance.now() + milliseconds;
  let took = 0;
  let done = 0;
  while (performance.now() < until) {
    const events = Array.from({ length: batch }, () => JSON.parse(event) as unknown);
    const began = performance.now();
    for (const one of events) await handler(one);
    took += performance.now() - began;
    done += batch;
  }
  return (done / took) * 1000;
}

/** As Lambda's runtime does it. The time is taken here, where waiting for the processor's other work is the least of it. */
async function invoke(text: string): Promise<Invocation> {
  const began = performance.now();
  const answer = JSON.stringify(await handler(JSON.parse(text)));
  return { took: performance.now() - began, answer };
}

process.on('message', async (message: number | string) => {
  process.send?.(typeof message === 'number' ? await measure(message) : await invoke(message));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
