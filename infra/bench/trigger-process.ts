/**
 * One fresh process, as a cold start of Lambda: imports a bundle, then calls its handler. Prints one line of JSON.
 *
 * @example node infra/bench/trigger-process.ts /…/pre-token-generation.mjs 100 < event.json
 */
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const [file = '', times = '0'] = process.argv.slice(2);
const began = performance.now();
const { handler } = (await import(pathToFileURL(file).href)) as { handler: (event: unknown) => Promise<unknown> };
const importMs = performance.now() - began;
const megabytes = () => process.memoryUsage().rss / 1024 / 1024;
const imported = megabytes();
let invoked: number | undefined;
if (Number(times) > 0) {
  const events = JSON.parse(await text(process.stdin)) as unknown[];
  for (let i = 0; i < Number(times); i++) await handler(events[i % events.length]);
  invoked = megabytes();
}
process.stdout.write(`\n${JSON.stringify({ importMs, imported, invoked })}\n`);
process.exit(0);
