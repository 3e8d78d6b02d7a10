import { readFileSync } from 'node:fs';
import { systemClock } from '../shared/clock.ts';
import { type Config, ConfigError, parseConfigPart } from '../shared/config.ts';
import { layEnvironment } from '../shared/environment.ts';
import { databaseAccess } from '../shared/store/access.ts';
import type { DatabaseAccess } from '../shared/store/connect.ts';
import { log } from './log.ts';

/** What the triggers need of the configuration: no keys, no client secrets. */
export type TriggerConfig = Pick<Config, 'database' | 'users' | 'triggers'> & {
  /** The user pool as a provider: by its id alone, unless `CROSSGATE_PROVIDERS` says more. */
  readonly providers: readonly Pick<Config['providers'][number], 'id' | 'trustedEmailDomains'>[];
  /** For `connectDatabase`, beside `database`. */
  readonly databaseAccess: DatabaseAccess;
};

/**
 * Reads the triggers' part of the configuration from the environment alone: a Lambda function has no configuration file.
 *
 * @throws ConfigError that lists every mistake at once; Lambda then reports an init error, and Cognito refuses.
 */
export function readTriggerConfig(env: Readonly<Record<string, string | undefined>>): TriggerConfig {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const { value, mistakes, sources } = layEnvironment({}, env, readFile);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const config = parse(value);
  const access = databaseAccess(config.database, {
    readFile,
    env,
    clock: systemClock,
    urlFile: sources.find(({ setting }) => setting === 'database.url')?.file,
    onPasswordFailure: (error) => log('no password for the database', { error }),
  });
  return { ...config, databaseAccess: access };
}

function parse(input: unknown): Omit<TriggerConfig, 'databaseAccess'> {
  if (typeof input === 'object' && input !== null && 'providers' in input) {
    return parseConfigPart(input, ['database', 'users', 'triggers', 'providers']);
  }
  const config = parseConfigPart(input, ['database', 'users', 'triggers']);
  return { ...config, providers: [{ id: config.triggers.provider, trustedEmailDomains: [] }] };
}
