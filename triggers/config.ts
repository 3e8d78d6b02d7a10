import { readFileSync } from 'node:fs';
import { type Config, parseConfigPart } from '../shared/config.ts';
import { overlayEnvironment } from '../shared/environment.ts';

/** What the triggers need of the configuration: no keys, no client secrets. */
export type TriggerConfig = Pick<Config, 'database' | 'users' | 'triggers'> & {
  /** The user pool as a provider: by its id alone, unless `CROSSGATE_PROVIDERS` says more. */
  readonly providers: readonly Pick<Config['providers'][number], 'id' | 'trustedEmailDomains'>[];
};

/**
 * Reads the triggers' part of the configuration from the environment alone: a Lambda function has no configuration file.
 *
 * @throws ConfigError that lists every mistake at once; Lambda then reports an init error, and Cognito refuses.
 */
export function readTriggerConfig(env: Readonly<Record<string, string | undefined>>): TriggerConfig {
  const input = overlayEnvironment({}, env, (path) => readFileSync(path, 'utf8'));
  if (typeof input === 'object' && input !== null && 'providers' in input) {
    return parseConfigPart(input, ['database', 'users', 'triggers', 'providers']);
  }
  const config = parseConfigPart(input, ['database', 'users', 'triggers']);
  return { ...config, providers: [{ id: config.triggers.provider, trustedEmailDomains: [] }] };
}
