import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runChaos } from './run.ts';
import { createTimeline } from './timeline.ts';

/**
 * `npm run chaos`: everything breaks while people sign up and sign in, on this machine alone. The last line is JSON. Exit
 * code 1 where something that was promised doesn't hold; the world's folder stays then.
 */

const sizes = {
  small: { signUps: 60, signIns: 200, limit: 100_000 },
  full: { signUps: 500, signIns: 2_000, limit: 225_000 },
} as const;

function count(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('a number from 1 to 99999.');
  return Number(text);
}

const command = new Command('npm run chaos --')
  .description('Breaks the local world while people sign up and sign in, and looks whether anything was lost.')
  .addOption(
    new Option('--size <size>', 'how much: half a minute, or one and a half')
      .choices(['small', 'full'])
      .default('full'),
  )
  .addOption(new Option('--seed <number>', 'what breaks when (default: another one each time)').argParser(count))
  .addOption(new Option('--sign-ups <number>', 'people (default: 60 or 500)').argParser(count))
  .addOption(new Option('--sign-ins <number>', 'sign-ins (default: 200 or 2000)').argParser(count))
  .addHelpText(
    'after',
    '\nThe same seed breaks the same things at the same times; how requests overlap is up to the machine.',
  )
  .showHelpAfterError('(--help lists the options)')
  .allowExcessArguments(false);
command.parse();
const given = command.opts<{ size: keyof typeof sizes; seed?: number; signUps?: number; signIns?: number }>();
const { limit: usual, ...size } = sizes[given.size];
const options = { ...size, seed: Math.floor(Math.random() * 99_999) + 1, ...given };
const limit = usual * Math.max(1, (options.signUps + options.signIns) / (size.signUps + size.signIns));

const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
mkdirSync(home, { recursive: true });
const dir = mkdtempSync(path.join(home, 'chaos-'));

const stopping = new AbortController();
const watchdog = setTimeout(() => stopping.abort(new Error(`not done after ${Math.round(limit / 1000)} s`)), limit);
let interrupted: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted ??= signal;
    stopping.abort(new Error('interrupted'));
  });
}
stopping.signal.addEventListener('abort', () => {
  // what doesn't stop by then is bound to this process, and ends with it
  setTimeout(() => process.exit(interrupted ? 130 : 1), 12_000).unref();
});

const timeline = createTimeline((line) => console.log(line));
timeline.say(`${options.size}, ${options.signUps} sign-ups, ${options.signIns} sign-ins, --seed ${options.seed}`);
let violations: readonly string[];
let summary: object = {};
try {
  ({ summary, violations } = await runChaos({ ...options, dir }, timeline, stopping.signal));
} catch (error) {
  const cause: unknown = stopping.signal.aborted ? stopping.signal.reason : error;
  violations = [cause instanceof Error ? cause.message : String(cause)];
}
clearTimeout(watchdog);
const shown = 40;
for (const line of violations.slice(0, shown)) console.error(`FAILED: ${line}`);
if (violations.length > shown) console.error(`… and ${violations.length - shown} more`);
if (violations.length > 0 && interrupted === undefined) {
  const { size, seed, signUps, signIns } = options;
  const same = `--size ${size} --seed ${seed} --sign-ups ${signUps} --sign-ins ${signIns}`;
  console.error(`The world is kept in ${dir}; the same again: npm run chaos -- ${same}`);
} else {
  rmSync(dir, { recursive: true, force: true });
}
console.log(JSON.stringify({ ...summary, violations: violations.length }));
process.exit(violations.length > 0 ? (interrupted ? 130 : 1) : 0);
