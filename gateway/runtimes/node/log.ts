import pino from 'pino';
import type { Config } from '../../../shared/config.ts';
import type { Log } from '../../deps.ts';
import { describeError } from '../describe-error.ts';

/** Logs by pino: one line of JSON per event, on standard output. */
export function createLog({ level }: Config['log']): Log {
  const logger = pino({
    level,
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  });
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: object, error?: unknown) =>
    logger[name](error === undefined ? { ...fields } : { ...fields, err: error }, event);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
