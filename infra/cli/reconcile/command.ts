import { Command, InvalidArgumentError, Option } from 'commander';
import type { Seconds } from '../../../shared/clock.ts';
import type { Console } from '../console.ts';
import { type DifferenceKind, differenceKinds } from './difference.ts';

/** Options of `crossgate reconcile`. */
export type ReconcileOptions = {
  readonly config?: string;
  readonly userPool?: string;
  readonly region?: string;
  readonly endpoint?: string;
  /** Absent: nothing is changed. */
  readonly fix?: readonly DifferenceKind[];
  readonly maxOrphans: number;
  readonly grace: Seconds;
  readonly limitRate: number;
  readonly state?: string;
  readonly json?: boolean;
  readonly progress?: boolean;
};

const kinds = Object.keys(differenceKinds) as DifferenceKind[];

const help = `
Without --fix nothing is changed. What --fix mends, and how:
  missing-rows       in the pool without a row: the row is made, or linked as users.linkLegacyRows says
  emails             the pool's verified email goes into the row
  disabled-in-pool   the row is disabled too
  disabled-in-table  the pool user is disabled too
  orphans            a row whose subject the pool does not know is marked deleted, at most --max-orphans of them

Repeating it is safe. With --state it goes on where it was stopped. Exit codes: 0 nothing is left to mend, 4 differences
were found or left, 1 something is wrong, 3 the database or 5 the user pool cannot be reached.`;

/** The command, its options read and checked. */
export function reconcileCommand(console: Console, end: (exit: number) => void): Command {
  return new Command('reconcile')
    .description('compare a Cognito user pool with the users table, and mend what differs')
    .option('-c, --config <file>', 'configuration file (default: CROSSGATE_CONFIG, else crossgate.json if it is there)')
    .option('--user-pool <id>', 'the pool (default: the one in the issuer of the provider triggers.provider)')
    .option('--region <name>', 'its region (default: the one in its id)')
    .option('--endpoint <url>', 'where its API is, if not at AWS')
    .addOption(new Option('--fix <kinds>', `what to mend, with commas: ${kinds.join(', ')}`).argParser(readKinds))
    .addOption(new Option('--max-orphans <n>', 'mend no more orphans than these').argParser(readNumber(0)).default(100))
    .addOption(
      new Option('--grace <time>', 'leave alone what changed so recently: 90s, 5m, 1h')
        .argParser(readTime)
        .default(300, '5m'),
    )
    .addOption(
      new Option('--limit-rate <n>', 'most pages of the pool a second; a page has 60 people')
        .argParser(readNumber(0.01))
        .default(10),
    )
    .option('--state <file>', 'keep here how far it is, and go on from there')
    .option('--json', 'one JSON object a difference, and a summary as the last line')
    .option('--progress', 'say how far it is, even if standard error is no screen')
    .addHelpText('after', help)
    .action(async (options: ReconcileOptions) => {
      const { runReconcile } = await import('../reconcile.ts');
      end(await runReconcile(options, console));
    });
}

function readKinds(text: string): readonly DifferenceKind[] {
  const named = text.split(',').map((kind) => kind.trim());
  const unknown = named.filter((kind) => !kinds.some((known) => known === kind));
  if (unknown.length > 0) throw new InvalidArgumentError(`There are ${kinds.join(', ')}.`);
  return kinds.filter((kind) => named.includes(kind));
}

function readNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < least) {
      throw new InvalidArgumentError(`A number from ${least} on.`);
    }
    return value;
  };
}

function readTime(text: string): Seconds {
  const [, amount, unit = 's'] = /^(\d+)([smhd])?$/.exec(text) ?? [];
  const units: Readonly<Record<string, Seconds>> = { s: 1, m: 60, h: 3600, d: 86_400 };
  if (amount === undefined) throw new InvalidArgumentError('A time such as 90s, 5m or 1h.');
  return Number(amount) * (units[unit] ?? 1);
}
