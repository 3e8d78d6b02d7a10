import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemClock } from '../../shared/clock.ts';
import { type Added, measureAdded } from './edge-latency.ts';
import { openSandbox } from './edge-sandbox.ts';
import {
  anAnswer,
  benchKeys,
  type EdgeBundle,
  ourBundles,
  ourCookies,
  pageLoad,
  passThrough,
  peerBundle,
  peerCookies,
} from './edge-world.ts';
import { measureBundles, median } from './trigger-bundles.ts';

/**
 * `npm run bench:edge`: how large the CloudFront functions are, how long they take to import, how fast they check a cookie
 * that they have seen before, and what they add to one event, beside cognito-at-edge. Progress, a table, and as the last
 * line JSON.
 *
 * Each has a process of its own, as in Lambda, and all take turns, so that a slow moment of the machine meets all.
 */

const processes = 15;
/** Slices of each function, and how long they are, in milliseconds. */
const slices = { warmUp: 5, count: 25, length: 120 };
/** Cookies never seen before; events of each other kind too, where they are sent one at a time. */
const firstSights = 2_000;

type Handler = (event: unknown) => Promise<unknown>;
/** `event` is JSON: functions write into what they get, so each call has one of its own. */
type Runner = EdgeBundle & { readonly event: string };

const handlerOf = async (file: string): Promise<Handler> =>
  ((await import(pathToFileURL(file).href)) as { handler: Handler }).handler;

async function main(): Promise<void> {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  const dir = mkdtempSync(join(home, 'bench-edge-'));
  try {
    const now = systemClock();
    const keys = benchKeys();
    const bundles = [...(await ourBundles(dir, keys, now)), await peerBundle(dir, keys)];
    console.log(`Node ${process.version}, ${availableParallelism()} cores; ${processes} fresh processes each …`);
    const figures = await measureBundles(
      bundles.map((bundle) => ({ ...bundle, bytes: 0, metafile: { inputs: {}, outputs: {} } })),
      processes,
      {},
      {},
      dir,
    );

    const [checkAuth, httpHeaders, , , , peer] = bundles;
    if (!checkAuth || !httpHeaders || !peer) throw new Error('a bundle is missing');
    const runners: Runner[] = [
      { ...checkAuth, event: JSON.stringify(pageLoad(ourCookies(0, keys, now))) },
      { ...httpHeaders, event: JSON.stringify(anAnswer()) },
      { ...peer, event: JSON.stringify(pageLoad(peerCookies(keys, now))) },
    ];
    for (const runner of runners) await assertPasses(runner);

    console.log(`${slices.count} slices of ${slices.length} ms each, in turn …`);
    const rates = await measureRates(runners);
    const unseen = Array.from({ length: firstSights }, (_, i) =>
      JSON.stringify(pageLoad(ourCookies(i + 1, keys, now))),
    );
    const firstSightsPerSecond = Math.round(await rateOf(await handlerOf(checkAuth.file), unseen));

    console.log(`${firstSights} events each, one at a time and in turn …`);
    const ways = runners.map(({ name, file, event }) => ({ name, file, events: [event] }));
    ways.push({ name: 'first sight', file: checkAuth.file, events: unseen });
    const added = await measureAdded(ways, passThrough(dir), firstSights);

    const rate = (name: string) => rates.get(name) ?? [];
    // slice by slice: a moment that was slow for both says nothing
    const ratio = median(rate('check_auth').map((one, i) => one / (rate('cognito-at-edge')[i] ?? Number.NaN)));
    const { addedP50Ms, addedP99Ms } = added.get('first sight') ?? unmeasured;
    const ofCheckAuth = {
      firstSightsPerSecond,
      firstSightAddedP50Ms: rounded(addedP50Ms, 3),
      firstSightAddedP99Ms: rounded(addedP99Ms, 3),
      ratio: rounded(ratio),
    };
    const result = Object.fromEntries(
      bundles.map(({ name }) => {
        const { zipKB = 0, importMs = 0 } = figures.get(name) ?? {};
        const one = added.get(name);
        const row: Row = {
          zipKB: rounded(zipKB),
          importMs: rounded(importMs),
          ...(rates.has(name) && { checksPerSecond: Math.round(median(rate(name))) }),
          ...(one && { addedP50Ms: rounded(one.addedP50Ms, 3), addedP99Ms: rounded(one.addedP99Ms, 3) }),
          ...(name === 'check_auth' && ofCheckAuth),
          ...(name === 'cognito-at-edge' && { peer: true as const }),
        };
        return [name, row] as const;
      }),
    );
    for (const [name, row] of Object.entries(result)) {
      console.log(lineOf(name, row));
      if (name === 'check_auth')
        console.log(lineOf('  first sight', { checksPerSecond: firstSightsPerSecond, addedP50Ms, addedP99Ms }));
    }
    console.log(`check_auth does ${ratio.toFixed(1)} × the checks of cognito-at-edge (target 25)`);
    console.log(JSON.stringify(result));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

type Row = Partial<Added> & {
  readonly zipKB?: number;
  readonly importMs?: number;
  readonly checksPerSecond?: number;
  readonly peer?: true;
};

const unmeasured: Added = { addedP50Ms: Number.NaN, addedP99Ms: Number.NaN };

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** One line of the table. */
function lineOf(name: string, { zipKB, importMs, checksPerSecond, addedP50Ms, addedP99Ms }: Row): string {
  const added =
    addedP50Ms === undefined || addedP99Ms === undefined
      ? ''
      : `adds ${addedP50Ms.toFixed(3)} ms (p99 ${addedP99Ms.toFixed(3)})`;
  const cell = (value: number | undefined, unit: string, width: number) =>
    (value === undefined ? '' : `${value}${unit}`).padStart(width);
  return `${name.padEnd(16)} ${cell(zipKB, ' KB', 9)} ${cell(importMs, ' ms', 9)} ${cell(checksPerSecond, '/s', 12)}   ${added}`;
}

/** Events in a second, in each slice, by the function's name. */
async function measureRates(runners: readonly Runner[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const rates = new Map<string, number[]>(runners.map(({ name }) => [name, []]));
  const sandboxes = await Promise.all(
    runners.map(async ({ name, file, event }) => ({ name, sandbox: await openSandbox(file, event) })),
  );
  for (let i = -slices.warmUp; i < slices.count; i++) {
    for (const { name, sandbox } of sandboxes) {
      const rate = await sandbox.rate(slices.length);
      if (i >= 0) rates.get(name)?.push(rate);
    }
  }
  for (const { sandbox } of sandboxes) sandbox.stop();
  return rates;
}

/** Events in a second, each of them once. */
async function rateOf(handler: Handler, events: readonly string[]): Promise<number> {
  const parsed = events.map((event) => JSON.parse(event) as unknown);
  const began = performance.now();
  for (const event of parsed) await handler(event);
  return (events.length / (performance.now() - began)) * 1000;
}

/** Whoever sent the signed-in person away would be fast for the wrong reason. */
async function assertPasses({ name, file, event }: Runner): Promise<void> {
  const handler = await handlerOf(file);
  const result = (await handler(JSON.parse(event))) as { uri?: string; status?: string };
  if (name === 'http_headers' ? result.status !== '200' : result.uri === undefined)
    throw new Error(`${name} answered ${JSON.stringify(result).slice(0, 200)}`);
}

try {
  await main();
} catch (error) {
  console.error(`bench:edge failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
