import { readFileSync } from 'node:fs';
import { type Config, parseConfigPart } from '../shared/config.ts';
import { overlayEnvironment } from '../shared/environment.ts';

/** What the triggers need of the configuration: no keys, no provider secrets. */
export type TriggerConfig = Pick<Config, 'database' | 'users' | 'triggers'>;

/**
 * Reads the triggers' part of the configuration from the environment alone: a Lambda function has no configuration file.
 *
 * @throws ConfigError that lists every mistake at once; Lambda then reports an init error, and Cognito refuses.
 */
export function readTriggerConfig(env: Readonly<Record<string, string | undefined>>): TriggerConfig {
  const input = overlayEnvironment({}, env, (path) => readFileSync(path, 'utf8'));
  return parseConfigPart(input, ['database', 'users', 'triggers']);
}
