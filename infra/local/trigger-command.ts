import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { migrate } from '../../shared/migrations/migrate.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { CliError, type Console, exits } from '../cli/console.ts';
import { triggers } from './bundles.ts';
import { overrideEvent } from './event-overrides.ts';
import { startPostgres } from './postgres.ts';
import { replay } from './replay.ts';
import { replayReport } from './replay-report.ts';
import { runningDatabase } from './running-database.ts';
import { seedPeople } from './seed.ts';

type Options = {
  readonly databaseUrl?: string;
  readonly set: readonly string[];
  readonly env: readonly string[];
  readonly repeat: number;
  readonly dir: string;
};

const names = triggers.map(({ name }) => name);
const collected = (value: string, before: readonly string[]) => [...before, value];

const ending = `
Functions: ${names.join(', ')}

Examples:
  npm run trigger -- pre-token-generation triggers/events/token-hosted-auth-v2.json
  npm run trigger -- pre-token-generation triggers/events/token-hosted-auth-v2.json \\
    --set request.userAttributes.sub=a0000000-0000-4000-8000-00000000a111 --repeat 50
  npm run trigger -- profile-update triggers/events/sqs-sign-ins.json

It prints the answer, the latency, the SQL that went to the server, what was sent to the queue and the log. The queue is one
of its own. Rows that the function writes are written.

Exit codes: 0 the function answered, 1 it failed or something else is wrong, 2 wrong usage.`;

/**
 * Runs `npm run trigger -- <function> <event.json>`: replays a recorded event against the real bundle.
 *
 * @param args Without `node` and the script.
 * @param worldDir Where the local world keeps its data: its database is taken if it runs.
 * @returns The exit code. Never throws: what went wrong is said in one line.
 */
export async function runTrigger(args: readonly string[], console: Console, worldDir: string): Promise<number> {
  let exit: number = exits.fine;
  const command = new Command('npm run trigger --')
    .description('Replays a recorded event against the real bundle of a Lambda function, on this machine.')
    .argument('<function>', 'one of those below')
    .argument('<event>', 'JSON file, see triggers/events')
    .option(
      '--database-url <url>',
      'Postgres to use (default: DATABASE_URL, else that of a running npm run dev, else a new one)',
    )
    .option('--set <path=value>', 'change the event: request.userAttributes.email=x (repeatable)', collected, [])
    .option('--env <NAME=value>', 'more environment: CROSSGATE_TRIGGERS_ON_FAILURE=degrade (repeatable)', collected, [])
    .option('--repeat <times>', 'calls in all; the first is a cold start', wholeNumber, 10)
    .option('--dir <folder>', 'where the local world keeps its data', worldDir)
    .addHelpText('after', ending)
    .showHelpAfterError('(--help says more)')
    .configureOutput({
      writeOut: (text) => console.out(text.trimEnd()),
      writeErr: (text) => console.err(text.trimEnd()),
    })
    .allowExcessArguments(false)
    .exitOverride()
    .action(async (functionName: string, file: string, options: Options) => {
      exit = await act(functionName, file, options, console);
    });
  try {
    await command.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.fine : exits.usage;
    console.err(error instanceof Error ? error.message : String(error));
    return error instanceof CliError ? error.exit : exits.wrong;
  }
}

async function act(functionName: string, file: string, options: Options, console: Console): Promise<number> {
  if (!names.includes(functionName)) {
    throw new CliError(exits.usage, `There is no function ${functionName}. There are: ${names.join(', ')}`);
  }
  const event = overrideEvent(readEvent(file, console), options.set);
  const env = Object.fromEntries(options.env.map(assignment));
  const given = options.databaseUrl ?? console.env.DATABASE_URL;
  const running = given ?? runningDatabase(path.resolve(console.cwd, options.dir));
  if (running !== undefined) {
    const where = given === undefined ? 'that of the running local world' : shown(given);
    const done = await replay({ functionName, event, databaseUrl: running, repeat: options.repeat, env });
    return replayReport({ functionName, file, event, database: where }, done, console);
  }
  const server = await startPostgres();
  try {
    await prepare(server.url);
    const done = await replay({ functionName, event, databaseUrl: server.url, repeat: options.repeat, env });
    return replayReport({ functionName, file, event, database: 'a new one, migrated and seeded' }, done, console);
  } finally {
    await server.stop();
  }
}

async function prepare(url: string): Promise<void> {
  const sql = connectDatabase({ url, poolSize: 2, connectTimeout: 3, statementTimeout: 60 });
  try {
    await migrate(sql, { table: undefined });
    await seedPeople(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Where the recorded events lie: `events/x.json` names one from wherever the command is given. */
const recorded = fileURLToPath(new URL('../../triggers', import.meta.url));

function readEvent(file: string, { cwd }: Console): unknown {
  let text: string;
  try {
    const here = path.resolve(cwd, file);
    text = readFileSync(existsSync(here) ? here : path.resolve(recorded, file), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(exits.usage, `${file} ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CliError(exits.wrong, `${file} is no JSON: ${(error as Error).message}`);
  }
}

function assignment(text: string): [name: string, value: string] {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new CliError(exits.usage, `--env ${text}: is written NAME=value`);
  return [name, value];
}

function wholeNumber(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 10_000) throw new InvalidArgumentError('it is 1 to 10000.');
  return count;
}

/** Host and name alone: user and query may hold secrets too. */
function shown(url: string): string {
  if (!URL.canParse(url)) throw new CliError(exits.usage, 'The database URL is none.');
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
