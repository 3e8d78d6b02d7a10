import { type Clock, type Milliseconds, systemClock } from '../../../shared/clock.ts';
import type { Log } from '../../deps.ts';

/** What a function at the edge takes from outside, beside its settings. */
export type EdgeDeps = {
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly log: Log;
  /** For all calls of one invocation together. Lambda@Edge ends a viewer's function after 5 seconds. */
  readonly patience?: Milliseconds;
};

/** The surroundings of a deployed function. */
export const edgeDeps = (): EdgeDeps => ({ clock: systemClock, fetch: (...args) => fetch(...args), log: edgeLog });

/** One line of JSON an event, as CloudWatch Logs reads it; nothing below `info`, for every line costs. */
const edgeLog: Log = {
  debug: () => {},
  info: (...line) => write('info', ...line),
  warn: (...line) => write('warn', ...line),
  error: (...line) => write('error', ...line),
};

function write(level: string, ...[event, fields, error]: Parameters<Log['info']>): void {
  const described = error === undefined ? {} : { error: describe(error) };
  process.stdout.write(`${JSON.stringify({ level, event, ...fields, ...described })}\n`);
}

/** Name, message and causes; never the values that an error carries along. */
function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, cause } = error;
  return { name, message, ...(cause === undefined ? {} : { cause: describe(cause) }) };
}
