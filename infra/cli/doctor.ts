import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigInput, loadDatabaseAccess, readConfigInput } from '../../gateway/runtimes/node/load-config.ts';
import { crossgateVersion } from '../../gateway/runtimes/node/version.ts';
import { systemClock } from '../../shared/clock.ts';
import { type Config, ConfigError } from '../../shared/config.ts';
import { createKeyring } from '../../shared/keys/keyring.ts';
import { connectDatabase } from '../../shared/store/connect.ts';
import { inColumns } from './columns.ts';
import { checkWhole } from './config.ts';
import { type Console, exits } from './console.ts';
import { lookAtDatabase } from './doctor/database.ts';
import { type Finding, failure, fine, skipped, warning } from './doctor/finding.ts';
import { lookAtProvider } from './doctor/provider.ts';
import { lookAtPublicUrl } from './doctor/public-url.ts';

export type DoctorOptions = {
  readonly config?: string;
  /** No gateway runs yet: nobody is asked at the public URL. */
  readonly beforeStart?: boolean;
  readonly json?: boolean;
};

const marks: Record<Finding['state'], string> = {
  fine: 'ok',
  warning: 'warning',
  failure: 'FAILED',
  skipped: 'skipped',
};

/**
 * Looks at everything that a gateway needs, and says of each part what is wrong and what to do. Changes nothing.
 *
 * @returns 1 if something failed; a warning alone is no failure.
 */
export async function runDoctor(options: DoctorOptions, console: Console): Promise<number> {
  const findings = await examine(options, console);
  const failed = findings.filter(({ state }) => state === 'failure').length;
  if (options.json) {
    console.out(
      JSON.stringify({ version: crossgateVersion, node: process.versions.node, healthy: failed === 0, findings }),
    );
  } else {
    console.err(`Crossgate ${crossgateVersion}, Node ${process.versions.node}`);
    const rows = findings.flatMap(({ check, state, says, todo }) => [
      [marks[state], check, oneLine(says)],
      ...(todo === undefined ? [] : [['', '', `→ ${oneLine(todo)}`]]),
    ]);
    console.out(inColumns(rows));
    console.err(
      failed === 0 ? 'Nothing is in the way.' : `${failed} ${failed === 1 ? 'thing has' : 'things have'} to be mended.`,
    );
  }
  return failed === 0 ? exits.fine : exits.wrong;
}

async function examine({ config: file, beforeStart }: DoctorOptions, console: Console): Promise<readonly Finding[]> {
  const read = readConfigInput(file, console);
  let config: Config;
  try {
    config = checkWhole(read);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [
      ...error.mistakes.map(({ where, says }) => failure('configuration', `${where} ${says}`)),
      skipped('all else', 'needs a configuration without mistakes'),
    ];
  }
  const from = [...(read.file === undefined ? [] : [read.file]), ...read.sources.map(({ variable }) => variable)];
  const database = await lookInside(config, read, console);
  const world = { fetch, clock: systemClock };
  const providers = await Promise.all(config.providers.map((provider) => lookAtProvider(provider, config, world)));
  return [
    fine('configuration', from.join(', ')),
    ...lookAtKeyFile(read, console),
    ...database,
    ...providers,
    ...(beforeStart
      ? [skipped('public URL', 'as --before-start says')]
      : await lookAtPublicUrl(config, createKeyring(config.keys), fetch)),
  ];
}

async function lookInside(config: Config, read: ConfigInput, console: Console): Promise<readonly Finding[]> {
  let sql: ReturnType<typeof connectDatabase>;
  try {
    const access = loadDatabaseAccess(config.database, read, console);
    sql = connectDatabase({ ...config.database, poolSize: 1 }, access);
  } catch (error) {
    return [failure('database', error instanceof Error ? error.message : String(error))];
  }
  try {
    return await lookAtDatabase(sql, config.users, systemClock);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Whoever reads the key file can make everybody's cookie. */
function lookAtKeyFile({ sources }: ConfigInput, { cwd }: Console): readonly Finding[] {
  const file = sources.find(({ setting }) => setting === 'keys')?.file;
  if (file === undefined) return [fine('keys', 'good')];
  const { mode } = statSync(resolve(cwd, file));
  // a gateway may read it by its group
  if ((mode & 0o037) === 0)
    return [fine('keys', `${file}, readable by its owner${mode & 0o040 ? ' and group' : ''} alone`)];
  return [warning('keys', `${file} is open to other users of this machine`, `chmod 600 ${file}`)];
}

/** What a server answered must not steer the terminal. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
