/**
 * What runs inside each child process of the Lambda host, as the Node.js runtime does in a real Lambda environment:
 * loads the handler, then asks the Runtime API for one event after the other.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: object) => unknown;

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT = '', _HANDLER = '', LOCAL_HANDLER_FILE = '' } = process.env;
const agent = new http.Agent({ keepAlive: true });
const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
delete process.env.LOCAL_HANDLER_FILE;

function describe(cause: unknown): object {
  if (!(cause instanceof Error)) return { errorType: typeof cause, errorMessage: String(cause), trace: [] };
  return { errorType: cause.name, errorMessage: cause.message, trace: (cause.stack ?? '').split('\n') };
}

/** Not `fetch`: it gives up after five minutes without an event, and a handler may have replaced it. */
async function call(method: 'GET' | 'POST', where: string, body?: unknown): Promise<[IncomingMessage, string]> {
  const request = http.request(`${api}${where}`, { method, agent });
  request.end(method === 'POST' ? (JSON.stringify(body) ?? 'null') : undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return [response, await text(response)];
}

async function load(): Promise<Handler> {
  const name = _HANDLER.slice(_HANDLER.lastIndexOf('.') + 1);
  try {
    const module: Record<string, unknown> = await import(
      pathToFileURL(path.join(LAMBDA_TASK_ROOT, LOCAL_HANDLER_FILE)).href
    );
    const found = module[name];
    if (typeof found === 'function') return found as Handler;
    const missing = new Error(`${_HANDLER} is undefined or not exported`);
    missing.name = 'Runtime.HandlerNotFound';
    throw missing;
  } catch (cause) {
    await call('POST', '/init/error', describe(cause));
    process.exit(1);
  }
}

const handler = await load();
for (;;) {
  const [{ headers }, payload] = await call('GET', '/invocation/next');
  const id = String(headers['lambda-runtime-aws-request-id']);
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const event: unknown = JSON.parse(payload);
  const context = {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: id,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  let answer: [where: string, body: unknown];
  try {
    answer = ['response', (await handler(event, context)) ?? null];
  } catch (cause) {
    console.error(cause);
    answer = ['error', describe(cause)];
  }
  // Tells the host that it has read all that this invocation printed.
  process.stdout.write(`\u0000${id}\n`);
  await call('POST', `/invocation/${id}/${answer[0]}`, answer[1]);
}
