import { type Config, ConfigError, type ConfigMistake, parseConfig } from '../../../shared/config.ts';
import { configFileVariable, layEnvironment } from '../../../shared/environment.ts';
import type { StoreNamespace } from '../../../shared/store/durable-object-client.ts';

/** Bindings and variables of the Worker. */
export type WorkerEnv = {
  /** The way to Postgres; its caching has to be off. Absent: `database.url` is connected to straight. */
  readonly HYPERDRIVE?: { readonly connectionString: string };
  /** Sessions in a Durable Object of class `CrossgateStore`. Absent: they are in Postgres, beside the people. */
  readonly STORE?: StoreNamespace;
  readonly [variable: string]: unknown;
};

/** Cloudflare takes 5 KB in a variable. A longer key file comes in pieces: `CROSSGATE_KEYS_1`, `CROSSGATE_KEYS_2` and so on. */
const pieceOfKeys = /^CROSSGATE_KEYS_[1-9]$/;

/**
 * Reads the configuration of a Worker: the file, and the variables over it. There are no files to read at run time, so the
 * file is bundled with the Worker, or stands in the variable `CROSSGATE_CONFIG`, as JSON or as an object.
 *
 * @throws ConfigError that lists every mistake at once.
 */
export function loadConfig(env: WorkerEnv, file?: unknown): Config {
  const texts = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const pieces = texts.filter(([name]) => pieceOfKeys.test(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const variables = Object.fromEntries(texts.filter(([name]) => !pieceOfKeys.test(name)));
  if (pieces.length > 0) variables.CROSSGATE_KEYS ??= pieces.map(([, text]) => text).join('');
  const mistakes: ConfigMistake[] = [];
  const base = file ?? configOf(env[configFileVariable], mistakes);
  const laid = layEnvironment(base, variables, (name) => {
    throw new Error(`a Worker has no file ${name}`);
  });
  mistakes.push(...laid.mistakes);
  const input = env.HYPERDRIVE ? withUrl(laid.value, env.HYPERDRIVE.connectionString, mistakes) : laid.value;
  let config: Config;
  try {
    config = parseConfig(input);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError([...mistakes, ...error.mistakes]);
    throw error;
  }
  if (env.STORE && config.session.store === 'none')
    mistakes.push({ where: 'session.store', says: 'is none, and the binding STORE is there: use one' });
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config;
}

function configOf(given: unknown, mistakes: ConfigMistake[]): unknown {
  if (typeof given !== 'string' || given === '') return given === '' ? undefined : given;
  try {
    return JSON.parse(given);
  } catch {
    // the parser's message quotes the text, which may hold secrets
    mistakes.push({ where: configFileVariable, says: 'is not JSON' });
    return undefined;
  }
}

function withUrl(input: unknown, url: string, mistakes: ConfigMistake[]): unknown {
  const config = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
  const database = (config.database ?? {}) as Record<string, unknown>;
  if (database.url !== undefined)
    mistakes.push({ where: 'database.url', says: 'is set together with the binding HYPERDRIVE: use one' });
  return { ...config, database: { ...database, url } };
}
