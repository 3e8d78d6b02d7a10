import type { Config } from '../../../shared/config.ts';
import type { Log } from '../../deps.ts';
import { describeError } from '../describe-error.ts';

/** From the least to the gravest; what is graver than `error` is said at `error`. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Logs one object per event, which Workers Logs takes apart by itself. The time is the runtime's to add. */
export function createLog({ level: lowest }: Config['log']): Log {
  const from = lowest === 'silent' ? levels.length : levels.indexOf(lowest);
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error'): Log['info'] =>
    (event, fields, error) => {
      if (levels.indexOf(level) < from) return;
      // biome-ignore lint/suspicious/noConsole: a Worker's log is its console
      console[level](
        JSON.stringify({ level, event, ...fields, ...(error !== undefined && { err: describeError(error) }) }),
      );
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
