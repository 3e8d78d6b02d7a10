import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Milliseconds } from '../../shared/clock.ts';
import { buildTriggers, triggers } from './bundles.ts';
import { type FunctionError, type InvocationRecord, startLambdaHost } from './lambda-host.ts';
import { startQueue } from './queue.ts';
import { type SqlStatement, startSqlTap } from './sql-tap.ts';
import { worldFunctions } from './world-functions.ts';

/** What to replay. */
export type ReplayOptions = {
  /** Of {@link triggers}. */
  readonly functionName: string;
  readonly event: unknown;
  /** A database whose migrations ran. */
  readonly databaseUrl: string;
  /** How often in all, at least 1: the first call is a cold start. */
  readonly repeat: number;
  /** More environment for the function. */
  readonly env?: Readonly<Record<string, string>>;
};

/** One call of the function. */
export type ReplayedCall = {
  /** As the caller sees it; the first one includes starting the process and loading the bundle. */
  readonly durationMs: Milliseconds;
  readonly sql: readonly SqlStatement[];
  /** What it printed, line by line. */
  readonly log: readonly string[];
  readonly response?: unknown;
  readonly error?: FunctionError;
};

/** What came of it. */
export type Replay = {
  readonly calls: readonly ReplayedCall[];
  /** Bodies of the messages that it sent to the queue, which is one of its own. */
  readonly sent: readonly string[];
  /** Why there is nothing to be seen of its SQL. */
  readonly unseen?: string;
};

/** Answers nobody. What a function says there goes wrong as it would with a pool that is away. */
const nowhere = 'http://127.0.0.1:9';

/** Calls the real bundle of a function on the Lambda host with one event, again and again. Leaves nothing running. */
export async function replay({ functionName, event, databaseUrl, repeat, env }: ReplayOptions): Promise<Replay> {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  const outDir = mkdtempSync(path.join(home, 'replay-'));
  const stops: (() => unknown)[] = [() => rmSync(outDir, { recursive: true, force: true })];
  try {
    const entries = triggers.filter(({ name }) => name === functionName);
    const bundles = await buildTriggers({ entries, outDir });
    const sent: string[] = [];
    const queue = await startQueue({ onEvent: ({ type, body }) => void (type === 'sent' && sent.push(body)) });
    stops.push(() => queue.stop());
    const tap = await startSqlTap(databaseUrl).catch((error: Error) => error);
    if (!(tap instanceof Error)) stops.push(() => tap.stop());
    let last: InvocationRecord | undefined;
    const host = await startLambdaHost({
      functions: worldFunctions(bundles, {
        databaseUrl: tap instanceof Error ? databaseUrl : tap.url,
        queue,
        userPool: nowhere,
        ...(env && { more: env }),
      }),
      concurrency: 1,
      onInvoke: (record) => {
        last = record;
      },
    });
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const lambda = new LambdaClient({ region: 'us-east-1', endpoint: host.endpoint, credentials, maxAttempts: 1 });
    stops.push(
      () => host.stop(),
      () => lambda.destroy(),
    );
    const calls: ReplayedCall[] = [];
    for (let i = 0; i < repeat; i++) {
      const began = performance.now();
      await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }));
      const durationMs = performance.now() - began;
      const { response, error, log = [] } = last ?? {};
      const sql = tap instanceof Error ? [] : tap.take();
      calls.push({ durationMs, sql, log, ...(error ? { error } : { response }) });
    }
    return { calls, sent, ...(tap instanceof Error && { unseen: tap.message }) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
