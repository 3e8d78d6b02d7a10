import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { median } from './check-figures.ts';
import { signIn } from './check-world.ts';
import { type ProxyModeOrder, proxyModeConfig } from './proxy-mode-world.ts';

const options = new Command('npm run bench:proxy-mode --')
  .description('What the gateway in front of an app costs, against the app itself and against a bare node:http proxy.')
  .option('--rounds <number>', 'rounds, each a turn for every way', Number, 40)
  .option('--requests <number>', 'requests of a turn', Number, 150)
  .parse()
  .opts<{ rounds: number; requests: number }>();

const ways = ['direct', 'bare', 'gateway'] as const;
type Way = (typeof ways)[number];

const keys = JSON.stringify(generateKeyFile('RS256'));
const children: ChildProcess[] = [];

async function start(order: Omit<ProxyModeOrder, 'keys'>): Promise<number> {
  const child = fork(`${import.meta.dirname}/proxy-mode-server.ts`);
  children.push(child);
  child.send({ ...order, keys });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return port;
}

/** One turn: requests one after the other on each of some connections. Answers milliseconds each. */
async function turn(port: number, way: Way, cookie: string, uid: string, connections: number): Promise<number[]> {
  const agent = agents[way];
  const latencies: number[] = [];
  let left = options.requests;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const begun = performance.now();
      const headers = { host: 'notes.acme.test', cookie, accept: 'text/html' };
      get({ host: '127.0.0.1', port, path: '/documents/2026?tab=notes', agent, headers }, (incoming) => {
        const told = incoming.headers['x-told'];
        if (incoming.statusCode !== 200 || told !== (way === 'gateway' ? uid : ''))
          return reject(new Error(`wrong answer: ${incoming.statusCode} ${told}`));
        incoming.resume().once('end', () => {
          latencies.push(performance.now() - begun);
          resolve();
        });
      }).once('error', reject);
    });
  const connection = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return latencies;
}

const agents = {
  direct: new Agent({ keepAlive: true }),
  bare: new Agent({ keepAlive: true }),
  gateway: new Agent({ keepAlive: true }),
};

async function main(): Promise<void> {
  const app = await start({ kind: 'app', app: 0 });
  const ports = {
    direct: app,
    bare: await start({ kind: 'bare', app }),
    gateway: await start({ kind: 'gateway', app }),
  };
  const { cookie, uid } = signIn(0, createKeyring(keys), proxyModeConfig(keys, app), systemClock());
  const alone: Record<Way, number[]> = { direct: [], bare: [], gateway: [] };
  const crowd: Record<Way, number[]> = { direct: [], bare: [], gateway: [] };
  const p99s: Record<Way, number[]> = { direct: [], bare: [], gateway: [] };
  const warm = 5;
  for (let round = 0; round < options.rounds + warm; round++) {
    // each round begins with another way, so that none always follows the same one
    for (const way of ways.map((_, i) => ways[(i + round) % ways.length] ?? 'direct')) {
      const latencies = (await turn(ports[way], way, cookie, uid, 1)).sort((a, b) => a - b);
      const begun = performance.now();
      const { length } = await turn(ports[way], way, cookie, uid, 16);
      if (round < warm) continue;
      alone[way].push(median(latencies));
      p99s[way].push(latencies[Math.floor(0.99 * (latencies.length - 1))] ?? Number.NaN);
      crowd[way].push((length / (performance.now() - begun)) * 1000);
    }
  }
  const rows = ways.map((way) => ({
    way,
    p50: round3(median(alone[way])),
    p99: round3(median(p99s[way])),
    perSecond: Math.round(median(crowd[way])),
  }));
  console.table(rows);
  const added = (way: Way, than: Way) => round3(median(alone[way].map((value, i) => value - (alone[than][i] ?? 0))));
  const [cpu] = cpus();
  console.log(
    JSON.stringify({
      addedMs: added('gateway', 'direct'),
      addedByBareProxyMs: added('bare', 'direct'),
      addedOverBareProxyMs: added('gateway', 'bare'),
      ways: Object.fromEntries(rows.map(({ way, ...figures }) => [way, figures])),
      ...options,
      node: process.version,
      cpu: cpu?.model.trim() ?? '',
      cores: cpus().length,
    }),
  );
}

const round3 = (value: number) => Math.round(value * 1000) / 1000;

try {
  await main();
} finally {
  for (const child of children) child.kill();
  for (const agent of Object.values(agents)) agent.destroy();
}
