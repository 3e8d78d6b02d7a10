import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './check-figures.ts';
import type { BenchReady, BenchWay } from './proxies-ways.ts';

// What asking costs: every installed proxy with the printed configuration, against itself without any check, in slices of
// one interleaved run. `npm run bench:proxies`; the last line is JSON.

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' } } });
const rounds = Number(values.rounds ?? 12);
const slice = Number(values.seconds ?? 0.5) * 1000;
const connections = 4;

type Slice = { readonly rate: number; readonly p50: number };

async function main(): Promise<void> {
  const child = fork(new URL('./proxies-world.testing.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    const [ready] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the proxies did not start'))),
    ])) as [BenchReady];
    const agents = new Map(ready.ways.map((way) => [way, new Agent({ keepAlive: true, maxSockets: connections })]));
    const slices = new Map(ready.ways.map((way): [BenchWay, Slice[]] => [way, []]));
    for (const [way, agent] of agents) await load(way, agent, ready, slice);
    for (let round = 0; round < rounds; round++) {
      for (const [way, agent] of agents) slices.get(way)?.push(await load(way, agent, ready, slice));
    }
    for (const agent of agents.values()) agent.destroy();
    report(slices);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

/** Sends for some milliseconds over a few connections. An answer other than 200 ends the run: it would be measured wrongly. */
async function load(
  { port, proxy, asks }: BenchWay,
  agent: Agent,
  { cookie, host }: BenchReady,
  milliseconds: number,
): Promise<Slice> {
  const times: number[] = [];
  const headers = { host, cookie, accept: 'text/html', 'sec-fetch-mode': 'cors' };
  const begun = performance.now();
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const sent = performance.now();
      const sending = request({ host: '127.0.0.1', port, agent, headers, path: '/a' }, (answer) => {
        answer.resume().once('end', () => {
          times.push(performance.now() - sent);
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`${proxy} ${asks ? 'with' : 'without'} the check answered ${answer.statusCode}`));
        });
      });
      sending.once('error', reject).end();
    });
  const connection = async () => {
    while (performance.now() - begun < milliseconds) await one();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { rate: (times.length / (performance.now() - begun)) * 1000, p50: median(times) };
}

function report(slices: ReadonlyMap<BenchWay, readonly Slice[]>): void {
  const summary: Record<string, { readonly share: number; readonly addedMilliseconds: number }> = {};
  for (const [way, asking] of slices) {
    if (!way.asks) continue;
    const bare = [...slices].find(([other]) => other.proxy === way.proxy && !other.asks)?.[1] ?? [];
    const share = median(asking.map(({ rate }, i) => rate / (bare[i]?.rate ?? Number.NaN)));
    const added = median(asking.map(({ p50 }, i) => p50 - (bare[i]?.p50 ?? Number.NaN)));
    const rate = (of: readonly Slice[]) => median(of.map((one) => one.rate)).toFixed(0);
    console.error(
      `${way.proxy.padEnd(8)} ${rate(bare).padStart(6)}/s without, ${rate(asking).padStart(6)}/s with the check: ${share.toFixed(2)}, ${added.toFixed(2)} ms more`,
    );
    summary[way.proxy] = { share: rounded(share), addedMilliseconds: rounded(added) };
  }
  console.log(JSON.stringify({ proxies: summary, rounds, connections, cpus: cpus().length, node: process.version }));
}

const rounded = (value: number) => Math.round(value * 1000) / 1000;

try {
  await main();
} catch (error) {
  console.error(`bench:proxies failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
