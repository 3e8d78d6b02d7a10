import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Milliseconds } from '../../shared/clock.ts';
import { spawnBound } from './bound-process.ts';

/** One function of the Lambda host. */
export type LambdaFunction = {
  readonly name: string;
  /** Absolute path of an ES module. */
  readonly file: string;
  /** Name of its export. Default: `handler`. */
  readonly handler?: string;
  /** Default: 5,000, as Cognito allows. */
  readonly timeoutMs?: Milliseconds;
  /** All that the function finds in its environment beside what Lambda sets. */
  readonly env?: Readonly<Record<string, string>>;
};

/** What Lambda says about a function that failed. */
export type FunctionError = { readonly errorType: string; readonly errorMessage: string; readonly trace?: string[] };

/** How an invocation ended: `body` is JSON, the error's where `failed`. */
export type Outcome = { readonly failed: boolean; readonly body: string; readonly log: readonly string[] };

/** An event on its way to a worker. */
export type Invocation = { readonly id: string; readonly payload: string };

/** A child process that handles one event at a time. */
export type Worker = {
  /** First path segment of the worker's own Runtime API address: unguessable. */
  readonly key: string;
  /** Resolves once the handler is loaded; rejects with a {@link FunctionError} if it can't be. */
  readonly loaded: Promise<void>;
  readonly dead: boolean;
  /** Hands over an event. Call it only while no other is being handled. */
  run(invocation: Invocation): Promise<Outcome>;
  /** Answers a request of the child to the Runtime API. `what` is the path after `/runtime/`. */
  answer(what: string, body: string, response: ServerResponse): void;
  /** Ends the process. */
  kill(): Promise<void>;
};

/** Largest answer of a function. @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const maxResponseBytes = 6_291_556;
const initTimeoutMs: Milliseconds = 10_000;
const bootstrap = fileURLToPath(
  new URL(`./lambda-bootstrap${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

type Running = Invocation & { finish(failed: boolean, body: string): void };

/** @param address `host:port` of the Runtime API. */
export function startWorker(fn: LambdaFunction, address: string): Worker {
  const key = randomBytes(16).toString('base64url');
  const timeoutMs = fn.timeoutMs ?? 5_000;
  const child = spawnBound(process.execPath, ['--disable-warning=ExperimentalWarning', bootstrap], {
    orderly: 'KILL',
    abrupt: 'KILL',
    cwd: path.dirname(fn.file),
    env: environment(fn, `${address}/${key}`),
  });
  let dead = false;
  let running: Running | undefined;
  let asking: ServerResponse | undefined; // the child's open request for its next event
  let begin: ((request: ServerResponse) => void) | undefined; // hands over the event that waits for such a request
  let log: string[] = [];
  const marks = new Map<string, () => void>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {}); // an init error reaches whoever awaits `loaded`

  createInterface({ input: child.output }).on('line', (line) => {
    const [printed = '', mark] = line.split('\u0000');
    if (printed !== '' || mark === undefined) log.push(printed);
    if (mark !== undefined) marks.get(mark)?.();
  });
  const initTimer = setTimeout(() => {
    ready.reject(functionError('Sandbox.Timedout', `Init timed out after ${seconds(initTimeoutMs)} seconds`));
    void child.kill();
  }, initTimeoutMs);
  void child.exit
    .catch(() => 127)
    .then(async (code) => {
      dead = true;
      clearTimeout(initTimer);
      ready.reject(functionError('Runtime.ExitError', exitMessage(code)));
      await sleep(10); // the last lines it printed may still be under way
      running?.finish(true, exitError(running.id, code));
    });

  return {
    key,
    loaded: ready.promise,
    get dead() {
      return dead;
    },
    async run(invocation) {
      const { promise, resolve } = Promise.withResolvers<Omit<Outcome, 'log'>>();
      const printed = Promise.withResolvers<void>();
      marks.set(invocation.id, printed.resolve);
      log = [];
      let timer: NodeJS.Timeout | undefined;
      running = {
        ...invocation,
        finish(failed, body) {
          running = undefined;
          resolve({ failed, body });
        },
      };
      begin = (request) => {
        begin = undefined;
        asking = undefined;
        hand(request, invocation, fn.name, timeoutMs);
        timer = setTimeout(() => {
          dead = true;
          running?.finish(true, timeoutError(invocation.id, timeoutMs));
          void child.kill();
        }, timeoutMs);
      };
      // After its last event the child may not have asked for the next one yet.
      if (asking !== undefined) begin(asking);
      const outcome = await promise;
      clearTimeout(timer);
      if (!dead) await Promise.race([printed.promise, sleep(250, undefined, { ref: false })]);
      marks.delete(invocation.id);
      return { ...outcome, log };
    },
    answer(what, body, response) {
      if (what === 'invocation/next') {
        clearTimeout(initTimer);
        asking = response;
        ready.resolve();
        begin?.(response);
        return;
      }
      const [, id, kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(what) ?? [];
      if (what === 'init/error') ready.reject(JSON.parse(body) as FunctionError);
      else if (running !== undefined && running.id === id) {
        if (Buffer.byteLength(body) > maxResponseBytes) running.finish(true, JSON.stringify(tooLarge));
        else running.finish(kind === 'error', body);
      }
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    },
    async kill() {
      dead = true;
      await child.kill();
    },
  };
}

function hand(to: ServerResponse, { id, payload }: Invocation, name: string, timeoutMs: Milliseconds): void {
  to.writeHead(200, {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': id,
    // The child compares this with its own wall clock.
    'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
    'lambda-runtime-invoked-function-arn': functionArn(name),
    'lambda-runtime-trace-id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
  }).end(payload);
}

/** The ARN of a function of this host. */
export function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
}

function environment(fn: LambdaFunction, api: string): NodeJS.ProcessEnv {
  const file = path.basename(fn.file);
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.', 1)[0]}.x`,
    ...fn.env,
    AWS_LAMBDA_RUNTIME_API: api,
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: path.dirname(fn.file),
    _HANDLER: `${path.basename(file, path.extname(file))}.${fn.handler ?? 'handler'}`,
    LOCAL_HANDLER_FILE: file,
  };
}

/** Node's exit code where nothing is left to do but a promise is still awaited. */
const unsettled = 13;

const tooLarge: FunctionError = {
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${maxResponseBytes} bytes).`,
};

function functionError(errorType: string, errorMessage: string): FunctionError {
  return { errorType, errorMessage };
}

function timeoutError(id: string, limit: Milliseconds): string {
  const message = `RequestId: ${id} Error: Task timed out after ${seconds(limit)} seconds`;
  return JSON.stringify(functionError('Sandbox.Timedout', message));
}

function exitError(id: string, code: number): string {
  if (code === unsettled) {
    const message = `RequestId: ${id} Error: The function's Promise was never settled`;
    return JSON.stringify(functionError('Runtime.NodeJsExit', message));
  }
  return JSON.stringify(functionError('Runtime.ExitError', `RequestId: ${id} Error: ${exitMessage(code)}`));
}

function exitMessage(code: number): string {
  if (code === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: ${code > 128 ? `signal: ${code - 128}` : `exit status ${code}`}`;
}

function seconds(duration: Milliseconds): string {
  return (duration / 1000).toFixed(2);
}
