import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { crossgateVersion } from '../../gateway/runtimes/node/version.ts';
import { ConfigError } from '../../shared/config.ts';
import { configJsonSchema, settingsTable } from '../../shared/environment.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { databaseAdvice } from '../../shared/store/database-advice.ts';
import type { BuildEdgeOptions } from './build-edge.ts';
import type { ClaimsOptions } from './claims.ts';
import type { SecretOptions } from './clients.ts';
import { CliError, type Console, exits } from './console.ts';
import type { CostOptions } from './cost.ts';
import type { DoctorOptions } from './doctor.ts';
import type { GenerateOptions, ListOptions, RotateOptions } from './keys.ts';
import type { MigrateOptions } from './migrate.ts';
import { proxyConfigCommand } from './proxy-config/command.ts';
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
    .version(crossgateVersion, '-V, --version', 'print the version')
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
    .command('doctor')
    .description(
      'look at all that a gateway needs, and say what is wrong and what to do; exit with 1 if something failed',
    )
    .addOption(configOption())
    .option('--before-start', 'no gateway runs yet: leave the public URL out')
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor.ts');
      end(await runDoctor(options, console));
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
  program.addCommand(proxyConfigCommand(console, end).copyInheritedSettings(program));

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

  const build = program.command('build').description('make what is deployed');
  build
    .command('lambda-edge')
    .description('the CloudFront functions for a site, as zip files for Lambda@Edge')
    .requiredOption('-c, --config <file>', 'what is to be guarded, and how: edge.json')
    .requiredOption('-o, --out <folder>', 'where the zip files go')
    .option('--bundles <folder>', 'prebuilt functions to fill (default: those of this package)')
    .action(async (options: BuildEdgeOptions) => {
      const { runBuildEdge } = await import('./build-edge.ts');
      end(await runBuildEdge(options, console));
    });

  const keys = program.command('keys').description('make, rotate and list keys');
  keys
    .command('generate')
    .description('make a key file with one fresh key of every kind; all of it is secret')
    .addOption(
      new Option('-a, --algorithm <name>', 'signature of the domain cookie, as cookie.algorithm has it')
        .choices(['RS256', 'ES256', 'EdDSA'])
        .default('RS256'),
    )
    .addOption(
      new Option('--for <what>', 'a gateway, or a site at CloudFront that signs people in by itself (ES256 always)')
        .choices(['gateway', 'edge'])
        .default('gateway'),
    )
    .option('-o, --out <file>', 'write to this new file, readable by you alone, instead of standard output')
    .option('--force', 'print even to a screen')
    .action(async (options: GenerateOptions) => {
      const { runKeysGenerate } = await import('./keys.ts');
      end(runKeysGenerate(options, console));
    });
  keys
    .command('rotate')
    .description(
      'take a key file one step on: remove what is old, let the next key sign, add one for the next time. Run it now and ' +
        'then, and restart the gateways after it',
    )
    .requiredOption('-f, --file <file>', 'key file; replaced as a whole')
    .addOption(
      new Option('-u, --use <name...>', 'only these keys').choices([
        'domainCookie',
        'openid',
        'identity',
        'signing',
        'sealing',
      ]),
    )
    .option('--settle <seconds>', 'for how long a key is published before it signs', seconds, 3600)
    .option(
      '--keep <seconds>',
      'for how long a key stays after it last signed; at least session.lifetime and the time that restarting all gateways takes',
      seconds,
      86_400,
    )
    .option('--leaked', 'drop all present keys at once; with sealing keys among them everybody signs in again')
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print JSON')
    .action(async (options: RotateOptions) => {
      const { runKeysRotate } = await import('./keys.ts');
      end(runKeysRotate(options, console));
    });
  keys
    .command('list')
    .description('show the keys of a file and what each is for now; nothing secret')
    .requiredOption('-f, --file <file>', 'key file')
    .option('--json', 'print JSON')
    .action(async (options: ListOptions) => {
      const { runKeysList } = await import('./keys.ts');
      end(runKeysList(options, console));
    });

  program
    .command('cost')
    .description('what a month costs, part by part, for each way to run it side by side')
    .requiredOption('-r, --requests <count>', 'requests a month to all apps', count)
    .requiredOption('-u, --users <count>', 'people who sign in during the month', count)
    .option('--sign-ins <count>', 'how often each of them signs in a month', count, 22)
    .option('--active-hours <count>', 'hours for which a sign-in is used', count, 6)
    .addOption(
      new Option('--plan <name>', 'plan of the user pool')
        .choices(['lite', 'essentials', 'plus'])
        .default('essentials'),
    )
    .option('--federated', 'people come by SAML or another OpenID provider', false)
    .option('--json', 'print JSON')
    .action(async (options: CostOptions) => {
      const { runCost } = await import('./cost.ts');
      end(runCost(options, console));
    });
  return program;
}

function count(text: string): number {
  const amount = Number(text.replace(/[_,]/g, ''));
  if (!/^[\d_,]{1,18}$/.test(text) || !Number.isSafeInteger(amount) || amount < 1)
    throw new InvalidArgumentError('It has to be a whole number above 0, such as 1000000 or 1,000,000.');
  return amount;
}

function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number of seconds.');
  return Number(text);
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
    const todo = error.code === 'migrations_pending' ? failures.migrations_pending.says : databaseAdvice(error);
    if (todo !== undefined) console.err(todo);
    return error.code === 'directory_unavailable' || error.code === 'store_unavailable' ? exits.database : exits.wrong;
  }
  console.err(error instanceof Error ? error.message : String(error));
  return exits.wrong;
}
