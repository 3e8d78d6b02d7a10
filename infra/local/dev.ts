import path from 'node:path';
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { Command, InvalidArgumentError, Option } from 'commander';
import { seedAccounts } from './seed.ts';
import { startWorld } from './world.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

const command = new Command('npm run dev --')
  .description('Runs all of Crossgate on this machine: gateway, user pool, Postgres, Lambda triggers, demo apps.')
  .addOption(
    new Option('--port <number>', 'port that everything listens on, told apart by host')
      .env('PORT')
      .default(4180)
      .argParser(portNumber),
  )
  .option('--fresh', 'start over: forget people, sessions and keys of the local world', false)
  .option('--dir <folder>', 'where the local world keeps its data', path.join(repository, '.crossgate'))
  .addHelpText('after', '\nDATABASE_URL: use this Postgres instead of the one that comes with npm install.')
  .showHelpAfterError('(--help lists the options)')
  .allowExcessArguments(false);
command.parse();
const options = command.opts<{ port: number; fresh: boolean; dir: string }>();

const began = performance.now();
const say = (line: string) => process.stdout.write(`${line}\n`);
const fail = (error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
};

// from the first moment on: an interrupted start leaves nothing running either
const world = startWorld({
  ...options,
  databaseUrl: process.env.DATABASE_URL,
  progress: (what) => say(`  ✓ ${what}  ${((performance.now() - began) / 1000).toFixed(1)} s`),
});
closeWithGrace({ delay: 10_000, logger: false }, async ({ err, signal }) => {
  if (err) fail(err);
  if (signal) say('\nStopping…');
  await world.then((one) => one.stop()).catch(() => {});
});

try {
  const { at } = await world;
  say(`
Crossgate is running.

  Start here      ${at.start}/
  What happened   ${at.start}/what-happened

  Notes           ${at.notes}/
  Photos          ${at.photos}/
  Wiki            ${at.wiki}/    (no code for signing in: behind the gateway itself)
  Docs            ${at.docs}/    (a static site behind CloudFront’s functions)
  Globex          ${at.globex}/    (another company, another domain)
  Gateway         ${at.gateway}/
  Mail outbox     ${at.userPool}/outbox

  Sign in as      ${seedAccounts.map(({ email }) => email).join(', ')}
  Password        ${seedAccounts[0]?.password}

  Ctrl-C stops everything.
`);
} catch (error) {
  fail(error);
  process.exit();
}
