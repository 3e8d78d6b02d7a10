import { cpus } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../shared/clock.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { type Case, figures, median, summary, table } from './check-figures.ts';
import type { LoadResult } from './check-load.ts';
import { measureRound, pinned, stopAll } from './check-round.ts';
import { benchConfig, checkRequest, signIn } from './check-world.ts';

const bare = { server: 'bare', kind: 'bare', visitors: 'one' } as const;
const door = { server: 'door', kind: 'door' } as const;
const freshDoor = { server: 'fresh door', kind: 'door', visitors: 'fresh' } as const;
const route = { server: 'route', kind: 'route', visitors: 'one' } as const;
const asNginx = { forwarded: true, against: 'bare' } as const;
const asItself = { forwarded: false, against: 'bareSelf' } as const;
const cases: readonly Case[] = [
  { name: 'bare', says: 'bare node:http, the same answer', ...bare, ...asNginx },
  { name: 'ratio', says: 'the door, one session', ...door, visitors: 'one', ...asNginx, target: 0.9 },
  { name: 'rotating', says: 'the door, 2,000 sessions in turn', ...door, visitors: 'many', ...asNginx },
  { name: 'firstSight', says: 'the door, no cookie seen before', ...freshDoor, ...asNginx, target: 0.27 },
  { name: 'route', says: 'the Hono route, one session', ...route, ...asNginx, target: 0.7 },
  { name: 'bareSelf', says: 'bare node:http, nothing forwarded', ...bare, ...asItself },
  { name: 'self', says: 'the door, nothing forwarded', ...door, visitors: 'one', ...asItself },
];

/** Every case gets its seconds in slices, in turn with all the others, so that a slow moment of the machine meets all. */
const slice = 0.2;
const connections = 32;
/** Cookies of `firstSight`: those that only warm the server up, and those that it may use up in a second. */
const fresh = { warmUp: 12_000, perSecond: 12_000 };

const number = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value <= 60)) throw new InvalidArgumentError('Must be above 0 and at most 60.');
  return value;
};
const program = new Command('npm run bench:check --')
  .description('How fast /check lets a signed-in person through, against a bare node:http server in the same run.')
  .option('--rounds <number>', 'rounds, each with fresh processes', number, 5)
  .option('--seconds <number>', 'seconds of load for each case in each round', number, 1.2)
  .option('--only <names>', `cases, separated by commas: ${cases.map(({ name }) => name).join(', ')}`)
  .option('--json', 'print nothing but the last line')
  .parse();
const options = program.opts<{ rounds: number; seconds: number; only?: string; json?: boolean }>();

const say = (text: string): void => {
  if (!options.json) console.log(text);
};

function chosenCases(): readonly Case[] {
  const asked = options.only?.split(',');
  const unknown = asked?.filter((name) => !cases.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) program.error(`error: no such case: ${unknown.join(', ')}`);
  const kept = cases.filter(({ name }) => !asked || asked.includes(name));
  const bases = new Set(kept.map(({ against }) => against));
  return cases.filter((one) => kept.includes(one) || bases.has(one.name));
}

/** Signs everybody in and writes their requests. A cookie is new to each server process: one set serves all rounds. */
function prepare(chosen: readonly Case[], keys: string) {
  const keyring = createKeyring(keys);
  const config = benchConfig(keys);
  const now = systemClock();
  const many = 2000;
  const count = chosen.some(({ visitors }) => visitors === 'fresh')
    ? Math.ceil(fresh.warmUp + options.seconds * fresh.perSecond)
    : many;
  say(`signing ${count} cookies`);
  const people = Array.from({ length: count }, (_, i) => signIn(i, keyring, config, now));
  const sets = { one: people.slice(0, 1), many: people.slice(0, many), fresh: people };
  return chosen.map(({ server, kind, visitors, forwarded }) => ({
    server,
    kind,
    requests: sets[visitors].map((visitor) => ({ bytes: checkRequest(visitor, forwarded), uid: visitor.uid })),
    once: visitors === 'fresh',
    warmUp:
      visitors === 'fresh' ? { seconds: 0, requests: fresh.warmUp } : { seconds: 0.4, requests: sets[visitors].length },
  }));
}

async function main(): Promise<void> {
  const chosen = chosenCases();
  const [cpu] = cpus();
  const machine = { node: process.version, cpu: cpu?.model.trim() ?? '', cores: cpus().length, pinned };
  say(
    `node ${machine.node}, ${machine.cores} × ${machine.cpu}${pinned ? ', one core for the server, one for the load' : ''}`,
  );
  const keys = JSON.stringify(generateKeyFile('RS256'));
  const prepared = prepare(chosen, keys);
  const rounds: ReadonlyMap<string, LoadResult>[] = [];
  const how = { connections, slice, sweeps: Math.max(1, Math.round(options.seconds / slice)) };
  for (let i = 0; i < options.rounds; i++) {
    // each round begins with another case, so that none always follows the same one
    const turned = [...chosen.keys()].map((k) => (k + i) % chosen.length);
    const results = await measureRound(
      turned.flatMap((k) => prepared[k] ?? []),
      keys,
      how,
    );
    rounds.push(
      new Map(
        turned.flatMap((k, at) => {
          const [name, result] = [chosen[k]?.name, results[at]];
          return name && result ? [[name, result] as const] : [];
        }),
      ),
    );
    const [round] = rounds.slice(-1);
    const rates = chosen.map(({ name }) => `${name} ${median(round?.get(name)?.rates ?? []).toFixed(0)}/s`);
    say(`round ${i + 1} of ${options.rounds}: ${rates.join(', ')}`);
  }

  const rows = chosen.map((one) => figures(one, rounds));
  say(`\n${table(rows)}\n`);
  console.log(JSON.stringify({ ...summary(rows), rounds: options.rounds, seconds: options.seconds, ...machine }));
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
  console.error(`bench:check failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
