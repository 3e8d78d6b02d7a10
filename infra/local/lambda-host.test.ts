import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from './lambda-host.ts';

const handlers = {
  echo: `export const handler = async (event, context) => ({ event, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 });`,
  env: `export const handler = async () => process.env;`,
  talks: `export const handler = async () => { console.log('to stdout'); console.error('to stderr'); process.stdout.write('no newline'); return 1; };`,
  throws: `export const handler = async () => { throw new TypeError('no such user'); };`,
  hangs: `export const handler = async () => { console.log('about to hang'); for (;;); };`,
  unsettled: `export const handler = () => new Promise(() => {});`,
  exits: `export const handler = async (event) => { if (event.code === undefined) return 'alive'; process.exit(event.code); };`,
  broken: `throw new RangeError('cannot load'); export const handler = 1;`,
  nothing: `export const other = 1;`,
  slow: `export const handler = async (event) => { await new Promise((r) => setTimeout(r, 150)); return process.pid; };`,
  large: `export const handler = async () => 'x'.repeat(7_000_000);`,
  silent: `export const handler = async () => {};`,
};
type Name = keyof typeof handlers;

const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
const records: InvocationRecord[] = [];
let dir: string;
let host: LambdaHost;
let lambda: LambdaClient;

function functions(names: readonly Name[], folder: string) {
  return names.map((name) => {
    const file = path.join(folder, `${name}.mjs`);
    fs.writeFileSync(file, handlers[name]);
    return { name, file, timeoutMs: name === 'hangs' ? 400 : 5_000, env: { GIVEN: 'yes' } };
  });
}

beforeAll(async () => {
  fs.mkdirSync(home, { recursive: true });
  dir = fs.mkdtempSync(path.join(home, 'test-lambda-'));
  process.env.NOT_FOR_FUNCTIONS = 'secret';
  host = await startLambdaHost({
    functions: functions(Object.keys(handlers) as Name[], dir),
    clock: () => 1_700_000_000,
    onInvoke: (record) => records.push(record),
    asynchronous: { retryDelays: [5, 5] },
  });
  lambda = client(host.endpoint);
});

afterAll(async () => {
  await host.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

function client(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new LambdaClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
}

async function invoke(name: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), ...more }));
  const text = answer.Payload?.transformToString() ?? '';
  return { ...answer, value: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

describe('a function that answers', () => {
  it.each([
    ['its name', 'echo'],
    ['its ARN', 'arn:aws:lambda:us-east-1:000000000000:function:echo'],
    ['its name and a version', 'echo:$LATEST'],
  ])('is found by %s', async (_, name) => {
    const answer = await invoke(name, { who: 'ann' });
    expect(answer).toMatchObject({ StatusCode: 200, value: { event: { who: 'ann' }, name: 'echo', left: true } });
    expect(answer.FunctionError).toBeUndefined();
  });

  it('sees only its own environment', async () => {
    const { value } = (await invoke('env')) as { value: Record<string, string> };
    expect(value).toMatchObject({ GIVEN: 'yes', AWS_LAMBDA_FUNCTION_NAME: 'env', _HANDLER: 'env.handler' });
    expect(
      Object.keys(value).filter((key) => !/^(AWS|LAMBDA|_HANDLER|PATH|LANG|TZ|GIVEN|PWD|OLDPWD|SHLVL|_$)/.test(key)),
    ).toEqual([]);
  });

  it('has its log returned when that is asked for', async () => {
    const { LogResult = '' } = await invoke('talks', {}, { LogType: 'Tail' });
    const log = Buffer.from(LogResult, 'base64').toString();
    expect(log).toMatch(/START RequestId: [\s\S]*to stdout\nto stderr\nno newline\nEND RequestId/);
    expect((await invoke('talks')).LogResult).toBeUndefined();
  });

  it('may answer nothing', async () => {
    expect((await invoke('silent')).value).toBeNull();
  });

  it('gets two events at once and queues the third', async () => {
    const pids = await Promise.all([invoke('slow'), invoke('slow'), invoke('slow')]);
    expect(new Set(pids.map((answer) => answer.value)).size).toBe(2);
  });
});

describe('a function that fails', () => {
  const timedOut = /^RequestId: [\w-]+ Error: Task timed out after 0\.40 seconds$/;
  it.each([
    [
      'throws',
      {},
      {
        errorType: 'TypeError',
        errorMessage: 'no such user',
        trace: expect.arrayContaining(['TypeError: no such user']),
      },
    ],
    ['hangs', {}, { errorType: 'Sandbox.Timedout', errorMessage: expect.stringMatching(timedOut) }],
    ['exits', { code: 3 }, { errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/exit status 3$/) }],
    [
      'exits',
      { code: 0 },
      { errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/without providing a reason$/) },
    ],
    ['unsettled', {}, { errorType: 'Runtime.NodeJsExit' }],
    ['broken', {}, { errorType: 'RangeError', errorMessage: 'cannot load' }],
    [
      'nothing',
      {},
      { errorType: 'Runtime.HandlerNotFound', errorMessage: 'nothing.handler is undefined or not exported' },
    ],
    ['large', {}, { errorType: 'Function.ResponseSizeTooLarge' }],
  ])('says so: %s %j', async (name, event, error) => {
    const answer = await invoke(name, event);
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled', value: error });
  });

  it('is there again for the next event', async () => {
    await invoke('exits', { code: 1 });
    expect((await invoke('exits')).value).toBe('alive');
  });

  it('fails warm-up with its name and the cause', async () => {
    await expect(host.warm()).rejects.toThrow(
      /broken can't be loaded: RangeError: cannot load|nothing can't be loaded/,
    );
  });
});

describe('the Invoke API', () => {
  it.each<[string, string, Partial<InvokeCommandInput>, object]>([
    ['an unknown function', 'missing', {}, { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } }],
    [
      'a payload over 6 MB',
      'echo',
      { Payload: Buffer.alloc(6_291_457, 0x20) },
      { name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } },
    ],
    [
      'an event over 1 MB',
      'echo',
      { InvocationType: 'Event', Payload: Buffer.alloc(1_048_577, 0x20) },
      { name: 'RequestTooLargeException' },
    ],
    ['a payload that is no JSON', 'echo', { Payload: Buffer.from('{') }, { name: 'InvalidRequestContentException' }],
    ['an unknown type', 'echo', { InvocationType: 'Later' as 'Event' }, { name: 'InvalidParameterValueException' }],
  ])('refuses %s', async (_, name, more, error) => {
    await expect(invoke(name, {}, more)).rejects.toMatchObject(error);
  });

  it('runs nothing for DryRun', async () => {
    records.length = 0;
    expect((await invoke('echo', {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
    expect(records).toEqual([]);
  });

  it('answers Event at once and runs it behind', async () => {
    records.length = 0;
    expect((await invoke('slow', { later: true }, { InvocationType: 'Event' })).StatusCode).toBe(202);
    await until(() => records.length === 1);
    expect(records[0]).toMatchObject({ functionName: 'slow', event: { later: true }, response: expect.any(Number) });
  });

  it('tries a failed Event twice more under the same id, then drops it', async () => {
    records.length = 0;
    const { $metadata } = await invoke('throws', { nobody: 'waits' }, { InvocationType: 'Event' });
    await until(() => records.length === 3);
    expect(records.map(({ requestId }) => requestId)).toEqual(Array(3).fill($metadata.requestId));
    expect(records.map(({ delivery }) => delivery)).toEqual([
      { attempt: 1, duplicate: false, outcome: 'retried' },
      { attempt: 2, duplicate: false, outcome: 'retried' },
      { attempt: 3, duplicate: false, outcome: 'discarded' },
    ]);
    expect(records[2]).toMatchObject({ event: { nobody: 'waits' }, error: { errorMessage: 'no such user' } });
  });

  it('keeps a record of each invocation', async () => {
    records.length = 0;
    await invoke('talks');
    await invoke('throws');
    expect(records).toMatchObject([
      { functionName: 'talks', at: 1_700_000_000, response: 1, log: ['to stdout', 'to stderr', 'no newline'] },
      { functionName: 'throws', error: { errorMessage: 'no such user' } },
    ]);
  });

  it('keeps its Runtime API from callers who do not know a child’s key', async () => {
    const stranger = await fetch(`${host.endpoint}/${'a'.repeat(22)}/2018-06-01/runtime/invocation/next`);
    expect(stranger.status).toBe(404);
  });
});

describe('child processes', () => {
  it('can be killed while they handle an event, which then fails; the next one is handled', async () => {
    expect(await host.kill('slow')).toBe(0);
    expect(await host.kill('nobody')).toBe(0);
    const pending = lambda.send(new InvokeCommand({ FunctionName: 'slow' }));
    let killed = 0;
    await until(async () => {
      killed += await host.kill('slow');
      return killed > 0;
    });
    expect(killed).toBe(1);
    const { FunctionError, Payload } = await pending;
    expect(FunctionError).toBe('Unhandled');
    expect(Payload?.transformToString()).toContain('signal: 9');
    expect((await lambda.send(new InvokeCommand({ FunctionName: 'slow' }))).FunctionError).toBeUndefined();
  });

  it('are gone after stop, even while one hangs', async () => {
    const folder = fs.mkdtempSync(path.join(dir, 'stop-'));
    const other = await startLambdaHost({ functions: functions(['echo', 'hangs'], folder) });
    await other.warm();
    const pending = client(other.endpoint).send(new InvokeCommand({ FunctionName: 'hangs' }));
    await sleep(50);
    await Promise.all([other.stop(), expect(pending).rejects.toThrow()]);
    expect(processesIn(folder)).toEqual([]);
  });

  it('die with a host that is killed by SIGKILL, even in an endless loop', async () => {
    const folder = fs.mkdtempSync(path.join(dir, 'kill-'));
    const list = functions(['echo', 'hangs'], folder).map((fn) => ({ ...fn, timeoutMs: 60_000 }));
    const module = fileURLToPath(new URL('./lambda-host.ts', import.meta.url));
    const script = `const { startLambdaHost } = await import(${JSON.stringify(module)});
      const host = await startLambdaHost({ functions: ${JSON.stringify(list)} }); await host.warm(); console.log(host.endpoint);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [endpoint] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const lost = client(endpoint)
      .send(new InvokeCommand({ FunctionName: 'hangs' }))
      .catch(() => 'lost');
    await sleep(100);
    expect(processesIn(folder).length).toBeGreaterThan(0);
    parent.kill('SIGKILL');
    await until(() => processesIn(folder).length === 0);
    expect(await lost).toBe('lost');
  });
});

function processesIn(folder: string): string[] {
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false; // gone since the listing
    }
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  let isSo = await holds();
  for (let i = 0; i < 200 && !isSo; i++) {
    await sleep(25);
    isSo = await holds();
  }
  expect(isSo).toBe(true);
}
