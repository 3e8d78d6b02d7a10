import pino from 'pino';
import type { Config } from '../../../shared/config.ts';
import type { Log } from '../../deps.ts';

/** Logs by pino: one line of JSON per event, on standard output. */
export function createLog({ level }: Config['log']): Log {
  const logger = pino({
    level,
    base: null,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describe },
  });
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: object, error?: unknown) =>
    logger[name](error === undefined ? { ...fields } : { ...fields, err: error }, event);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Name, code, message and causes of an error; a stack only for what nobody foresaw. Never the values it carries along. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, cause, stack } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined ? { stack } : { cause: describe(cause) }),
  };
}
