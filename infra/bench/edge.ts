import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { systemClock } from '../../shared/clock.ts';
import { anAnswer, benchKeys, ourBundles, ourCookies, pageLoad, peerBundle, peerCookies } from './edge-world.ts';
import { measureBundles, median } from './trigger-bundles.ts';

/**
 * `npm run bench:edge`: how large the CloudFront functions are, how long they take to import, and how fast they check a
 * cookie that they have seen before, beside cognito-at-edge. Progress, a table, and as the last line JSON.
 *
 * Each has a process of its own, as in Lambda, and all take turns, so that a slow moment of the machine meets all.
 */

const processes = 15;
/** Slices of each function, and how long they are, in milliseconds. */
const slices = { warmUp: 5, count: 25, length: 120 };
const firstSights = 2_000;

type Handler = (event: unknown) => Promise<unknown>;
type Runner = { readonly name: string; readonly file: string; readonly event: string };
type Sandbox = { readonly name: string; measure(): Promise<number>; stop(): void };

const handlerOf = async (file: string): Promise<Handler> =>
  ((await import(pathToFileURL(file).href)) as { handler: Handler }).handler;

/** Starts a process for one function; only one of them works at a time. */
async function openSandbox({ name, file, event }: Runner): Promise<Sandbox> {
  const child = fork(join(import.meta.dirname, 'edge-process.ts'), [file, event], { env: { PATH: process.env.PATH } });
  const next = async (): Promise<unknown> => {
    const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as unknown[];
    return message;
  };
  await next();
  return {
    name,
    async measure() {
      child.send(slices.length);
      return Number(await next());
    },
    stop: () => void child.kill(),
  };
}

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
    const ours = JSON.stringify(pageLoad(ourCookies(0, keys, now)));
    const runners: Runner[] = [
      { ...checkAuth, event: ours },
      { ...httpHeaders, event: JSON.stringify(anAnswer()) },
      { ...peer, event: JSON.stringify(pageLoad(peerCookies(keys, now))) },
    ];
    for (const { name, file, event } of runners) await assertPasses(name, await handlerOf(file), event);

    console.log(`${slices.count} slices of ${slices.length} ms each, in turn …`);
    const rates = new Map<string, number[]>(runners.map(({ name }) => [name, []]));
    const sandboxes = await Promise.all(runners.map(openSandbox));
    for (let i = -slices.warmUp; i < slices.count; i++) {
      for (const { name, measure } of sandboxes) {
        const rate = await measure();
        if (i >= 0) rates.get(name)?.push(rate);
      }
    }
    for (const { stop } of sandboxes) stop();

    const events = Array.from({ length: firstSights }, (_, i) => pageLoad(ourCookies(i + 1, keys, now)));
    const first = await handlerOf(checkAuth.file);
    const began = performance.now();
    for (const event of events) await first(event);
    const firstSightsPerSecond = Math.round((firstSights / (performance.now() - began)) * 1000);

    const rate = (name: string) => median(rates.get(name) ?? []);
    const ratio = rate('check_auth') / rate('cognito-at-edge');
    const rounded = (value: number, digits = 1) => Number(value.toFixed(digits));
    const result = Object.fromEntries(
      bundles.map(({ name }) => {
        const { zipKB = 0, importMs = 0 } = figures.get(name) ?? {};
        return [
          name,
          {
            zipKB: rounded(zipKB),
            importMs: rounded(importMs),
            ...(rates.has(name) ? { checksPerSecond: Math.round(rate(name)) } : {}),
            ...(name === 'check_auth' ? { firstSightsPerSecond, ratio: rounded(ratio) } : {}),
            ...(name === 'cognito-at-edge' ? { peer: true } : {}),
          },
        ] as const;
      }),
    );
    for (const [name, row] of Object.entries(result)) {
      const checks = 'checksPerSecond' in row ? `${row.checksPerSecond}/s` : '';
      console.log(
        `${name.padEnd(16)} ${`${row.zipKB} KB`.padStart(9)} ${`${row.importMs} ms`.padStart(9)} ${checks.padStart(12)}`,
      );
    }
    console.log(`check_auth does ${ratio.toFixed(1)} × the checks of cognito-at-edge (target 25)`);
    console.log(JSON.stringify(result));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Whoever sent the signed-in person away would be fast for the wrong reason. */
async function assertPasses(name: string, handler: Handler, event: string): Promise<void> {
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
