import type { Milliseconds } from '../../shared/clock.ts';
import { type Console, exits } from '../cli/console.ts';
import type { Replay, ReplayedCall } from './replay.ts';
import type { SqlStatement } from './sql-tap.ts';

/** Says what was replayed, and what came of it. Returns the exit code: a function that failed is something wrong. */
export function replayReport(
  about: { readonly functionName: string; readonly file: string; readonly event: unknown; readonly database: string },
  { calls, sent, unseen }: Replay,
  { out }: Pick<Console, 'out'>,
): number {
  const [first, ...others] = calls;
  const last = calls.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('nothing was replayed');
  out(`${about.functionName} with ${about.file}`);
  out(`Database  ${about.database}`);
  out(`Latency   ${latency(first, others)}`);
  out('');
  if (first.error) out(`Error     ${first.error.errorType}: ${first.error.errorMessage}`);
  else tellAnswer(about.event, first.response, out);
  out('');
  if (unseen !== undefined) out(`SQL       not shown: ${unseen}`);
  else {
    tellSql('SQL of the first call', first.sql, out);
    if (others.length > 0) tellSql('SQL of the last call', last.sql, out);
  }
  out('');
  out(`Queue     ${sent.length === 0 ? 'nothing sent' : `${sent.length} sent in ${calls.length} calls, the first:`}`);
  if (sent[0] !== undefined) out(`  ${sent[0]}`);
  out(`Log       ${first.log.length === 0 ? 'nothing' : 'of the first call:'}`);
  for (const line of first.log) out(`  ${line}`);
  return calls.some(({ error }) => error) ? exits.wrong : exits.fine;
}

/** Cognito's triggers give the whole event back: of that only what they put into it is of interest. */
function tellAnswer(event: unknown, answer: unknown, out: Console['out']): void {
  if (JSON.stringify(answer) === JSON.stringify(event)) return void out('Answer    the event as it came');
  const isAmended = JSON.stringify(withoutResponse(answer)) === JSON.stringify(withoutResponse(event));
  out(isAmended ? 'Answer    the event, with this response:' : 'Answer');
  out(JSON.stringify(isAmended ? (answer as { response: unknown }).response : answer, null, 2));
}

function withoutResponse(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? { ...value, response: undefined } : value;
}

function latency(first: ReplayedCall, others: readonly ReplayedCall[]): string {
  const cold = `cold ${milliseconds(first.durationMs)} (starting the process included)`;
  if (others.length === 0) return cold;
  const sorted = others.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const at = (share: number) => milliseconds(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return `${cold}, warm ${at(0.5)} (median of ${others.length}; worst ${at(1)})`;
}

function tellSql(title: string, statements: readonly SqlStatement[], out: Console['out']): void {
  const total = statements.reduce((sum, { durationMs }) => sum + durationMs, 0);
  if (statements.length === 0) return void out(`${title}: none`);
  out(`${title}: ${counted(statements.length, 'statement')}, ${milliseconds(total)}`);
  statements.forEach(({ text, parameters, outcome, durationMs }, i) => {
    out(`  ${i + 1}. ${milliseconds(durationMs)}, ${counted(parameters, 'parameter')}, ${outcome || 'no answer'}`);
    out(`     ${text.replace(/\s+/g, ' ').trim()}`);
  });
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

const milliseconds = (duration: Milliseconds) => `${duration.toFixed(duration < 10 ? 1 : 0)} ms`;
