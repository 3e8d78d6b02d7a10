import { cpus } from 'node:os';
import { Command } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { ask } from '../suite/exchange.ts';
import { type Case, figures, type Measured, median, table } from './check-figures.ts';
import type { LoadEvent, LoadOrder, LoadResult, LoadTarget } from './check-load.ts';
import { next, pinned, start, stopAll } from './check-round.ts';
import { benchConfig, checkRequest, signIn, type Visitor } from './check-world.ts';
import { type Peer, peerApps } from './peers-apps.ts';
import type { PeerReady } from './peers-server.ts';

type Row = Pick<Case, 'name' | 'says' | 'against'> & { readonly peer?: Peer; readonly fresh?: true };

const against = 'bare';
const peers = Object.keys(peerApps) as Peer[];
const rows: readonly Row[] = [
  { name: 'bare', says: 'bare node:http, the same answer', against },
  { name: 'check', says: 'crossgate /check', against },
  { name: 'check, first sight', says: 'crossgate /check, no cookie seen before', against, fresh: true },
  ...peers.map((peer): Row => ({ name: peer, says: peer, against, peer })),
];

/** Seconds of a slice; all take turns. */
const slice = 0.2;
const connections = 32;
/** Cookies that are shown once: to warm up, and to be measured with in a second. */
const fresh = { warmUp: 1500, perSecond: 5000 };

const { quick = false } = new Command('npm run bench:peers --')
  .description(
    'How fast /check tells who is signed in, beside libraries of others that do so in an app of their own, and against a ' +
      'bare node:http server, in one run. Everybody signs in for real first, and nobody else may pass.',
  )
  .option('--quick', 'one short round, to see that all of it works')
  .parse()
  .opts<{ quick?: boolean }>();
const plan = quick ? { rounds: 1, seconds: 0.4 } : { rounds: 4, seconds: 1 };

const keys = JSON.stringify(generateKeyFile('RS256'));

/** Fresh processes, everybody signed in, loaded in turn, gone. */
async function measureRound(order: readonly Row[], visitors: readonly Visitor[]): Promise<LoadResult[]> {
  try {
    const load = start('check-load.ts', 1);
    const targets = await Promise.all(order.map((row) => startTarget(row, visitors)));
    const sweeps = Math.round(plan.seconds / slice);
    load.send({ targets, connections, slice, sweeps, allThreads: true } satisfies LoadOrder);
    const event = await next<LoadEvent>(load);
    if ('wrong' in event) throw new Error(event.wrong);
    return event.results;
  } finally {
    stopAll();
  }
}

async function startTarget({ name, peer, fresh: once }: Row, visitors: readonly Visitor[]): Promise<LoadTarget> {
  const server = start(peer ? 'peers-server.ts' : 'check-server.ts', 0);
  server.send(peer ? { peer } : { kind: name === 'bare' ? 'bare' : 'door', keys });
  const ready = await next<PeerReady | { readonly port: number }>(server);
  if ('failed' in ready) throw new Error(ready.failed);
  const [first] = visitors;
  const one =
    'cookie' in ready
      ? { uid: ready.uid, cookie: `_ga=GA1.1.1203984712.1790000000; ${ready.cookie}; theme=dark` }
      : first;
  if (!one) throw new Error('nobody is signed in');
  if (!peer && name !== 'bare') await assertGuards(ready.port, one);
  const shown = once ? visitors.slice(1) : [one];
  return {
    port: ready.port,
    pid: server.pid ?? 0,
    requests: shown.map((visitor) => ({ bytes: checkRequest(visitor, true), uid: visitor.uid })),
    once: once === true,
    warmUp: once ? { seconds: 0, requests: fresh.warmUp } : { seconds: 0.5, requests: 1000 },
  };
}

/** Our own has to refuse what the peers have to refuse. */
async function assertGuards(port: number, { cookie }: Visitor): Promise<void> {
  const forwarded = {
    host: 'auth.acme.test',
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'notes.acme.test',
    'x-forwarded-uri': '/documents/2026/plan',
  };
  const middle = cookie.length >> 1;
  const forged = cookie.slice(0, middle) + (cookie[middle] === 'A' ? 'B' : 'A') + cookie.slice(middle + 1);
  for (const wrong of ['', forged]) {
    const { status } = await ask(`http://127.0.0.1:${port}/check`, { headers: { ...forwarded, cookie: wrong } });
    if (status !== 401) throw new Error(`/check answered ${status} to ${wrong || 'no cookie'}`);
  }
}

async function main(): Promise<void> {
  const [cpu] = cpus();
  const machine = { node: process.version, cpu: cpu?.model.trim() ?? '', cores: cpus().length, pinned };
  const cores = pinned ? ', one core for the servers, one for the load' : '';
  console.log(`node ${machine.node}, ${machine.cores} × ${machine.cpu}${cores}`);
  const keyring = createKeyring(keys);
  const count = fresh.warmUp + Math.ceil(fresh.perSecond * plan.seconds);
  console.log(`signing ${count} cookies`);
  const now = systemClock();
  const visitors = Array.from({ length: count + 1 }, (_, i) => signIn(i, keyring, benchConfig(keys), now));

  const rounds: ReadonlyMap<string, LoadResult>[] = [];
  for (let i = 0; i < plan.rounds; i++) {
    // each round begins with another one, so that none always follows the same
    const order = rows.map((_, k) => rows[(k + i) % rows.length]).filter((row) => row !== undefined);
    const results = await measureRound(order, visitors);
    const round = new Map(order.flatMap(({ name }, k) => (results[k] ? [[name, results[k]] as const] : [])));
    rounds.push(round);
    const rates = rows.map(({ name }) => `${name} ${median(round.get(name)?.rates ?? []).toFixed(0)}/s`);
    console.log(`round ${i + 1} of ${plan.rounds}: ${rates.join(', ')}`);
  }

  const measured = rows.map((row) => figures(row, rounds));
  console.log(`\n${table(measured)}\n`);
  console.log(JSON.stringify(Object.fromEntries(measured.map((row) => [row.name, figuresOf(row)]))));
}

/** `ratio`: requests a second over the bare server's; `cpuRatio`: processor time for a request over its. */
function figuresOf({ share, cost, costShare, rate, p50, p99, peer }: Row & Measured): Record<string, number | true> {
  const rounded = (value: number) => Number(value.toFixed(3));
  return {
    ratio: rounded(share),
    cpuMicroseconds: rounded(cost),
    cpuRatio: rounded(1 / costShare),
    rate: Math.round(rate),
    p50: rounded(p50),
    p99: rounded(p99),
    ...(peer ? { peer: true } : {}),
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopAll();
    process.exit(130);
  });
}
try {
  await main();
} catch (error) {
  stopAll();
  console.error(`bench:peers failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
