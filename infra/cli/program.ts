import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../../shared/config.ts';
import { configJsonSchema, settingsTable } from '../../shared/environment.ts';
import { SsoError } from '../../shared/errors.ts';
import type { ClaimsOptions } from './claims.ts';
import type { SecretOptions } from './clients.ts';
import { CliError, type Console, exits } from './console.ts';
import type { GenerateOptions } from './keys.ts';
import type { MigrateOptions } from './migrate.ts';
import { reconcileCommand } from './reconcile/command.ts';
import type { EndSessionsOptions, SessionsOptions } from './sessions.ts';

const configOption = () =>
  new Option(
    '-c, --config <file>',
    'configuration file (default: CROSSGATE_CONFIG, else crossgate.json if it is there)',
  );

const ending = `
Settings come from the configuration file and, over it, from the environment: cookie.renewWithin is
CROSSGATE_COOKIE_RENEW_WITHIN; secrets may also come from a file named by CROSSGATE_…_FILE.

Exit codes: 0 all is well, 1 something is wrong (said on standard error), 2 wrong usage, 3 the database could not do it,
4 differences were found or left, 5 the user pool cannot be reached.`;

/**
 * Runs one command line.
 *
 * @param args Without `node` and the script.
 * @returns The exit code. Never throws: what went wrong is said in one line, or a line for each mistake.
 */
export async function run(args: readonly string[], console: Console): Promise<number> {
  let exit: number = exits.fine;
  const program = createProgram(console, (code) => {
    exit = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exit;
  } catch (error) {
    return explain(error, console);
  }
}

function createProgram(console: Console, end: (exit: number) => void): Command {
  const program = new Command('crossgate')
    .description('One sign-in for many apps: runs the gateway and looks after its database, configuration and keys.')
    .addHelpText('after', ending)
    .showHelpAfterError('Try --help.')
    .configureOutput({
      writeOut: (text) => console.out(text.trimEnd()),
      writeErr: (text) => console.err(text.trimEnd()),
    })
    .exitOverride();

  program
    .command('serve')
    .description('run the gateway until it is told to stop')
    .addOption(configOption())
    .action(async ({ config }: { config?: string }) => {
      const { serve } = await import('../../gateway/runtimes/node/main.ts');
      await serve(config);
    });

  program
    .command('migrate')
    .description('bring the database up to date; needs only the settings `database` and `users`')
    .addOption(configOption())
    .option('--check', 'change nothing; exit with 1 if steps are pending')
    .option('--print-grants', 'print the GRANT statements that the gateway needs, to standard output')
    .option('--role <name>', 'database role that the gateway runs as, for --print-grants')
    .action(async (options: MigrateOptions) => {
      const { runMigrate } = await import('./migrate.ts');
      end(await runMigrate(options, console));
    });

  program
    .command('claims')
    .description("show what people's tokens and cookies would carry, and how much of their limits that takes")
    .addOption(configOption())
    .option('--user <who>', 'one person: id, email, or provider:subject')
    .option('--all', 'the 20 people with the most to carry')
    .option('--json', 'print JSON')
    .action(async (options: ClaimsOptions) => {
      const { runClaims } = await import('./claims.ts');
      end(await runClaims(options, console));
    });

  program.addCommand(reconcileCommand(console, end).copyInheritedSettings(program));

  const sessions = program.command('sessions').description('look at the sessions of a person, and end them');
  const whose = () => new Option('--user <who>', 'whose: id, email, or provider:subject').makeOptionMandatory();
  sessions
    .command('list')
    .description('show where somebody is signed in')
    .addOption(configOption())
    .addOption(whose())
    .option('--json', 'print JSON')
    .action(async (options: SessionsOptions) => {
      const { runSessionsList } = await import('./sessions.ts');
      end(await runSessionsList(options, console));
    });
  sessions
    .command('end')
    .description('sign somebody out everywhere; running gateways and apps hear of it within seconds')
    .addOption(configOption())
    .addOption(whose())
    .option('--session <sid>', 'end only this one of theirs')
    .option('--json', 'print the ended ones as JSON')
    .action(async (options: EndSessionsOptions) => {
      const { runSessionsEnd } = await import('./sessions.ts');
      end(await runSessionsEnd(options, console));
    });

  const config = program.command('config').description('look at the configuration');
  config
    .command('check')
    .description('list every mistake in the configuration, or say what was read from where')
    .addOption(configOption())
    .option('--file <file>', 'the same as --config')
    .action(async (options: { config?: string; file?: string }) => {
      const { runConfigCheck } = await import('./config.ts');
      end(runConfigCheck(options.file ?? options.config, console));
    });
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file')
    .action(() => console.out(JSON.stringify(configJsonSchema(), null, 2)));
  config
    .command('table')
    .description('print every setting as a Markdown table')
    .action(() => console.out(settingsTable()));

  const clients = program.command('clients').description('look after the registered apps');
  clients
    .command('secret')
    .description('print a fresh client secret, and the hash of it for the configuration')
    .option('--json', 'print JSON')
    .action(async (options: SecretOptions) => {
      const { runClientsSecret } = await import('./clients.ts');
      end(runClientsSecret(options, console));
    });

  const keys = program.command('keys').description('make keys');
  keys
    .command('generate')
    .description('make a key file with one fresh key of every kind; all of it is secret')
    .addOption(
      new Option('-a, --algorithm <name>', 'signature of the domain cookie, as cookie.algorithm has it')
        .choices(['RS256', 'ES256', 'EdDSA'])
        .default('RS256'),
    )
    .option('-o, --out <file>', 'write to this new file, readable by you alone, instead of standard output')
    .option('--force', 'print even to a screen')
    .action(async (options: GenerateOptions) => {
      const { runKeysGenerate } = await import('./keys.ts');
      end(runKeysGenerate(options, console));
    });
  return program;
}

function explain(error: unknown, console: Console): number {
  if (error instanceof CommanderError) {
    // commander has said it; help that was asked for is no mistake
    return error.exitCode === 0 ? exits.fine : exits.usage;
  }
  if (error instanceof CliError) {
    console.err(error.message);
    return error.exit;
  }
  if (error instanceof ConfigError) {
    const count = error.mistakes.length;
    console.err(`The configuration has ${count === 1 ? 'a mistake' : `${count} mistakes`}:`);
    for (const { where, says } of error.mistakes) console.err(`  ${where} ${says}`);
    return exits.wrong;
  }
  if (error instanceof SsoError) {
    console.err(error.reason);
    return error.code === 'directory_unavailable' || error.code === 'store_unavailable' ? exits.database : exits.wrong;
  }
  console.err(error instanceof Error ? error.message : String(error));
  return exits.wrong;
}
