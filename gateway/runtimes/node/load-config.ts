import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../../shared/clock.ts';
import { type Config, ConfigError, type ConfigMistake, parseConfig } from '../../../shared/config.ts';
import { configFileVariable, layEnvironment, type Source } from '../../../shared/environment.ts';
import { databaseAccess } from '../../../shared/store/access.ts';
import type { DatabaseAccess } from '../../../shared/store/connect.ts';

/** Read where nobody names another file. */
export const defaultConfigFile = 'crossgate.json';

/** What a process starts with; a test passes its own. */
export type ConfigSurroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that file names are relative to. */
  readonly cwd: string;
};

/** A configuration as it was written, before any setting is checked. */
export type ConfigInput = {
  /** The file with the environment laid over it. */
  readonly input: unknown;
  /** What was wrong with the file as a whole, and with the environment. */
  readonly mistakes: readonly ConfigMistake[];
  /** Absolute path; `undefined`: there was no file. */
  readonly file: string | undefined;
  /** Absolute path where a file was looked for that nobody named, and was not there. */
  readonly lacking?: string;
  /** What came from the environment. */
  readonly sources: readonly Source[];
};

/**
 * Reads the configuration of this process: the file (`file`, else `CROSSGATE_CONFIG`, else `crossgate.json` here if it
 * is there) and the environment over it.
 *
 * @throws ConfigError that lists every mistake at once, those of the file and of the environment together.
 */
export function loadConfig(
  file?: string,
  surroundings: ConfigSurroundings = { env: process.env, cwd: process.cwd() },
): ConfigInput & { readonly config: Config } {
  const read = readConfigInput(file, surroundings);
  return { ...read, config: checkAll(read, parseConfig) };
}

/** The same up to the check, for commands that need only a part. */
export function readConfigInput(file: string | undefined, { env, cwd }: ConfigSurroundings): ConfigInput {
  const named = file ?? (env[configFileVariable] || undefined);
  const path = resolve(cwd, named ?? defaultConfigFile);
  const found = readJson(path, named !== undefined);
  const laid = layEnvironment(found.value, env, (name) => readFileSync(resolve(cwd, name), 'utf8'));
  return {
    input: laid.value,
    mistakes: [...found.mistakes, ...laid.mistakes],
    file: found.there ? path : undefined,
    ...(found.there || named !== undefined ? {} : { lacking: path }),
    sources: laid.sources,
  };
}

/**
 * Runs a check over what was read.
 *
 * @throws ConfigError with its mistakes and the earlier ones.
 */
export function checkAll<Checked>(
  { input, mistakes, lacking }: ConfigInput,
  check: (input: unknown) => Checked,
): Checked {
  let checked: Checked;
  try {
    checked = check(input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([...mistakes, ...error.mistakes, ...noFile(lacking)]);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return checked;
}

/**
 * The way into the database: certificates and passwords that the settings only point to.
 *
 * @param read Says whether the URL came from a file, which is then read anew for each connection.
 * @throws ConfigError for a file that can't be read, or for IAM without user, host or region.
 */
export function loadDatabaseAccess(
  database: Config['database'],
  { sources }: Pick<ConfigInput, 'sources'>,
  { env, cwd }: ConfigSurroundings = { env: process.env, cwd: process.cwd() },
  onPasswordFailure?: (error: unknown) => void,
): DatabaseAccess {
  return databaseAccess(database, {
    readFile: (name) => readFileSync(resolve(cwd, name), 'utf8'),
    env,
    clock: systemClock,
    urlFile: sources.find(({ setting }) => setting === 'database.url')?.file,
    ...(onPasswordFailure && { onPasswordFailure }),
  });
}

/** Worth a word only where something is missing: the environment may hold all. */
const noFile = (path: string | undefined): readonly ConfigMistake[] =>
  path === undefined
    ? []
    : [{ where: path, says: 'is not there, so all came from the environment; --config names another file' }];

type Found = { readonly value: unknown; readonly there: boolean; readonly mistakes: readonly ConfigMistake[] };

function readJson(path: string, mustBeThere: boolean): Found {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT' && !mustBeThere) return { value: undefined, there: false, mistakes: [] };
    return { value: undefined, there: false, mistakes: [{ where: path, says: `cannot be read (${code})` }] };
  }
  try {
    return { value: JSON.parse(text), there: true, mistakes: [] };
  } catch (error) {
    // the parser's message quotes the file, which may hold secrets: only the place is passed on
    const place = /line \d+ column \d+/.exec((error as Error).message)?.[0];
    return {
      value: undefined,
      there: true,
      mistakes: [{ where: path, says: `is not JSON${place ? ` (${place})` : ''}` }],
    };
  }
}
