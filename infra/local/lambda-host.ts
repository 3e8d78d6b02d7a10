import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, type Milliseconds, type Seconds, systemClock } from '../../shared/clock.ts';
import { type AsynchronousOptions, createAsynchronousQueue, type Delivery } from './lambda-asynchronous.ts';
import { type FunctionError, functionArn, type LambdaFunction, type Outcome } from './lambda-worker.ts';
import { createWorkerPool, type WorkerPool } from './lambda-worker-pool.ts';

/** What {@link startLambdaHost} takes, and what its journal tells. */
export type { AsynchronousOptions, Delivery, DiscardedEvent } from './lambda-asynchronous.ts';
export type { FunctionError, LambdaFunction } from './lambda-worker.ts';

/** One finished invocation, for a journal. */
export type InvocationRecord = {
  readonly functionName: string;
  readonly requestId: string;
  readonly at: Seconds;
  readonly durationMs: Milliseconds;
  readonly event: unknown;
  /** What the function printed, line by line. */
  readonly log: readonly string[];
  /** Absent where it failed. */
  readonly response?: unknown;
  /** Absent where it succeeded. */
  readonly error?: FunctionError;
  /** Of an event of type `Event`: which try this was, and what comes of it. */
  readonly delivery?: Delivery;
};

/** What the host runs. */
export type LambdaHostOptions = {
  readonly functions: readonly LambdaFunction[];
  /** Absent: a free one. */
  readonly port?: number;
  /** Child processes per function, so events at once. Default: 2. Further ones wait in a queue. */
  readonly concurrency?: number;
  /** How events of type `Event` are retried, doubled and given up. */
  readonly asynchronous?: AsynchronousOptions;
  /** Told of every invocation once it has ended. */
  readonly onInvoke?: (record: InvocationRecord) => void;
  readonly clock?: Clock;
};

/** A running host. */
export type LambdaHost = {
  /** For `new LambdaClient({ endpoint })`. */
  readonly endpoint: string;
  /** Loads every function ahead of its first event. @throws Error naming the function whose handler can't be loaded. */
  warm(): Promise<void>;
  /**
   * Ends by SIGKILL the child processes of a function that are handling an event just now, as a crash would. Their events
   * fail; the next one gets a new process.
   *
   * @returns How many there were.
   */
  kill(functionName: string): Promise<number>;
  /** Ends all child processes, whatever they are doing. Events that wait for another try are lost. */
  stop(): Promise<void>;
};

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const maxBytes = { RequestResponse: 6_291_456, DryRun: 6_291_456, Event: 1_048_576 };
type InvocationType = keyof typeof maxBytes;

/**
 * Runs Lambda functions on this machine: the Invoke API of AWS in front, so that any AWS SDK can call them, and the
 * Runtime API behind it, each function in child processes of its own.
 */
export async function startLambdaHost(options: LambdaHostOptions): Promise<LambdaHost> {
  const clock = options.clock ?? systemClock;
  const pools = new Map<string, WorkerPool>();
  const asynchronous = createAsynchronousQueue(options.asynchronous ?? {}, clock);
  const server = http.createServer((request, response) => {
    route(request, response).catch((cause: unknown) => {
      if (!response.headersSent) refuse(response, 500, 'ServiceException', String(cause));
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const fn of options.functions) pools.set(fn.name, createWorkerPool(fn, address, options.concurrency ?? 2));

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', `http://${address}`).pathname;
    const [, invoked] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (invoked !== undefined && request.method === 'POST')
      return invoke(decodeURIComponent(invoked), request, response);
    const [, key, what] = /^\/([\w-]{22})\/2018-06-01\/runtime\/(.+)$/.exec(path) ?? [];
    const worker = key === undefined ? undefined : [...pools.values()].map((pool) => pool.worker(key)).find(Boolean);
    if (worker === undefined || what === undefined) return refuse(response, 404, 'UnknownOperationException', path);
    worker.answer(what, (await read(request, Number.POSITIVE_INFINITY)) ?? '', response);
  }

  async function invoke(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const functionName = nameOf(name);
    const pool = pools.get(functionName);
    if (pool === undefined) {
      return refuse(response, 404, 'ResourceNotFoundException', `Function not found: ${functionArn(functionName)}`);
    }
    const type = (request.headers['x-amz-invocation-type'] ?? 'RequestResponse') as InvocationType;
    if (!Object.hasOwn(maxBytes, type)) {
      return refuse(response, 400, 'InvalidParameterValueException', `Unknown invocation type: ${type}`);
    }
    const payload = await read(request, maxBytes[type]);
    if (payload === undefined) {
      const limit = `Request must be smaller than ${maxBytes[type]} bytes for the InvokeFunction operation`;
      return refuse(response, 413, 'RequestTooLargeException', limit);
    }
    const event = parse(payload === '' ? '{}' : payload);
    if (event === undefined) {
      return refuse(response, 400, 'InvalidRequestContentException', 'Could not parse request body into json.');
    }
    const invocation = { id: randomUUID(), payload: payload === '' ? '{}' : payload };
    const requestId = invocation.id;
    const headers = { 'x-amzn-requestid': requestId, 'x-amz-executed-version': '$LATEST' };
    if (type === 'DryRun') return void response.writeHead(204, headers).end();
    const at = clock();
    const runOnce = async () => {
      const began = performance.now();
      const outcome = await pool.run(invocation);
      return { outcome, durationMs: performance.now() - began };
    };
    const tell = ({ outcome, durationMs }: Awaited<ReturnType<typeof runOnce>>, delivery?: Delivery) =>
      options.onInvoke?.({
        functionName,
        requestId,
        at,
        durationMs,
        event,
        log: outcome.log,
        ...resultOf(outcome),
        ...(delivery && { delivery }),
      });
    if (type === 'Event') {
      asynchronous.accept({ functionName, requestId, event, runOnce, tell });
      return void response.writeHead(202, headers).end();
    }
    const ended = await runOnce();
    tell(ended);
    const { outcome, durationMs } = ended;
    const wantsLog = request.headers['x-amz-log-type'] === 'Tail';
    response
      .writeHead(200, {
        ...headers,
        'content-type': 'application/json',
        ...(outcome.failed && { 'x-amz-function-error': 'Unhandled' }),
        ...(wantsLog && { 'x-amz-log-result': logTail(requestId, outcome.log, durationMs) }),
      })
      .end(outcome.body);
  }

  return {
    endpoint: `http://${address}`,
    async warm() {
      await Promise.all([...pools.values()].map((pool) => pool.warm()));
    },
    kill: async (functionName) => (await pools.get(functionName)?.killBusy()) ?? 0,
    async stop() {
      asynchronous.stop();
      await Promise.all([...pools.values()].map((pool) => pool.stop()));
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A function may be named by its ARN, a part of it, and with a version behind: all mean the same here. */
function nameOf(name: string): string {
  const parts = name.split(':');
  const marker = parts.indexOf('function');
  return parts[marker === -1 ? 0 : marker + 1] ?? name;
}

function resultOf({ failed, body }: Outcome): Pick<InvocationRecord, 'response' | 'error'> {
  const value = parse(body);
  return failed ? { error: value as FunctionError } : { response: value };
}

/** The last 4 KB of what CloudWatch would have got. */
function logTail(id: string, log: readonly string[], duration: Milliseconds): string {
  const report = `REPORT RequestId: ${id}\tDuration: ${duration.toFixed(2)} ms\tMemory Size: 128 MB`;
  const all = [`START RequestId: ${id} Version: $LATEST`, ...log, `END RequestId: ${id}`, report].join('\n');
  return Buffer.from(all).subarray(-4096).toString('base64');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** The body, or nothing if it is longer than the limit. */
async function read(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString();
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type })
    .end(JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message, message }));
}
