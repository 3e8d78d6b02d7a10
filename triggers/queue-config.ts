import { readFileSync } from 'node:fs';
import { type Config, parseConfigPart } from '../shared/config.ts';
import { layEnvironment } from '../shared/environment.ts';

/** What telling the queue needs of the configuration. */
export type QueueConfig = Pick<Config['triggers'], 'provider' | 'queueUrl' | 'queueDeadline'>;

/**
 * Reads it from the environment. Unlike everywhere else a mistake stops nothing: nobody is kept from signing in because
 * a sign-in can't be written down.
 *
 * @param log Told of every mistake at once. There is no queue then, unless the mistakes lie elsewhere.
 */
export function readQueueConfig(
  env: Readonly<Record<string, string | undefined>>,
  log: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): QueueConfig {
  const { value, mistakes } = layEnvironment({}, env, (path) => readFileSync(path, 'utf8'));
  if (mistakes.length > 0) log('configuration not valid', { mistakes });
  try {
    return parseConfigPart(value, ['triggers']).triggers;
  } catch (error) {
    log('configuration not valid', { error });
    return parseConfigPart({}, ['triggers']).triggers;
  }
}
