import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTriggers } from '../local/bundles.ts';
import { startPostgres } from '../local/postgres.ts';
import { type BundleFigures, measureBundles } from './trigger-bundles.ts';
import { eventOf, type LatencyResult, measureLatency } from './trigger-latency.ts';
import { measureWaiting, type WaitingTimes } from './trigger-world.ts';

/**
 * `npm run bench:triggers`: how fast the Lambda triggers are. Progress, a table, and as the last line JSON. Everything
 * runs on this machine, and ends within two minutes or fails.
 */

const rounds = 3000;
const processes = 9;
const people = 20;
const limit = 120_000;

const targets = { ratio: 1.5, importMs: 40, zipKB: 60 };
const mark = (value: number, most: number): string => (value <= most ? '' : ` (over ${most})`);

async function main(): Promise<void> {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  // inside the repository, where `@aws-sdk/*` is found as in Lambda's own runtime
  const dir = mkdtempSync(path.join(home, 'bench-triggers-'));
  try {
    console.log(`Node ${process.version}, ${availableParallelism()} cores`);
    const postgres = await startPostgres();
    let latency: LatencyResult;
    let bundles: ReadonlyMap<string, BundleFigures>;
    try {
      console.log(`pre-token-generation and a bare SELECT, ${rounds} of each in turn …`);
      latency = await measureLatency(postgres.url, rounds);
      const built = await buildTriggers({ outDir: path.join(dir, 'bundles') });
      console.log(`${built.length} bundles, ${processes} fresh processes each …`);
      const env = { CROSSGATE_DATABASE_URL: postgres.url };
      bundles = await measureBundles(built, processes, env, events(), dir);
    } finally {
      await postgres.stop();
    }
    console.log(`${people} people sign up and sign in, in the whole local world …`);
    const waiting = await measureWaiting(path.join(dir, 'world'), people);
    for (const line of table(latency, bundles, waiting)) console.log(line);
    console.log(JSON.stringify(summary(latency, bundles, waiting)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What the bundles are sent a hundred times. The first event of a person makes their row. */
function events(): Readonly<Record<string, readonly object[]>> {
  const person = (i: number) => eventOf(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
  const tokens = Array.from({ length: 10 }, (_, i) => person(i));
  const as = (triggerSource: string) =>
    tokens.map((event) => ({ ...event, version: '1', triggerSource, response: {} }));
  return {
    'pre-token-generation': tokens,
    'post-confirmation': as('PostConfirmation_ConfirmSignUp'),
    'post-authentication': as('PostAuthentication_Authentication'),
  };
}

const ms = (value: number): string => `${value < 1 ? value.toFixed(3) : value.toFixed(1)} ms`;

function* table(
  { select, cached, uncached, ratio, uncachedRatio }: LatencyResult,
  bundles: ReadonlyMap<string, BundleFigures>,
  { signUp, signIn }: WaitingTimes,
): Generator<string> {
  const row = (...cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(46) : cell.padStart(12))).join(' ');
  yield '';
  yield row('warm, on one connection', 'p50', 'p99', 'to SELECT');
  yield row('SELECT of a row by primary key', ms(select.p50), ms(select.p99), '1');
  const cachedRatio = `${ratio.toFixed(2)}${mark(ratio, targets.ratio)}`;
  yield row('pre-token-generation, as configured by default', ms(cached.p50), ms(cached.p99), cachedRatio);
  yield row('pre-token-generation, nothing remembered', ms(uncached.p50), ms(uncached.p99), uncachedRatio.toFixed(2));
  yield '';
  yield row('cold, a fresh process', 'import', 'quickest', 'zip', 'memory', 'after 100');
  for (const [name, { importMs, quickestMs, zipKB, rssMB, rssAfterMB }] of bundles) {
    yield row(
      name,
      `${ms(importMs)}${mark(importMs, targets.importMs)}`,
      ms(quickestMs),
      `${zipKB.toFixed(1)} KB${mark(zipKB, targets.zipKB)}`,
      `${rssMB.toFixed(0)} MB`,
      rssAfterMB === undefined ? '' : `${rssAfterMB.toFixed(0)} MB`,
    );
  }
  yield '';
  yield row('what a person waits for, all of it', 'median');
  yield row('sign-up: SignUp and ConfirmSignUp', ms(signUp));
  yield row('sign-in: InitiateAuth with a password', ms(signIn));
}

function summary(latency: LatencyResult, bundles: ReadonlyMap<string, BundleFigures>, waiting: WaitingTimes): object {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  const figures = [...bundles].map(([name, figures]) => [
    name,
    Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)])),
  ]);
  const { select, cached, uncached } = latency;
  return {
    ratio: round(latency.ratio),
    uncachedRatio: round(latency.uncachedRatio),
    p50: { select: round(select.p50), cached: round(cached.p50), uncached: round(uncached.p50) },
    p99: { select: round(select.p99), cached: round(cached.p99), uncached: round(uncached.p99) },
    signUpMs: round(waiting.signUp),
    signInMs: round(waiting.signIn),
    bundles: Object.fromEntries(figures) as object,
  };
}

const watchdog = setTimeout(() => {
  console.error(`bench:triggers gave up after ${limit / 1000} s`);
  process.exit(1);
}, limit);
await main();
clearTimeout(watchdog);
