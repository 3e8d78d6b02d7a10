import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BatchRecord, type EventSourceOptions, startEventSource } from './event-source.ts';
import { type InvocationRecord, type LambdaHost, startLambdaHost } from './lambda-host.ts';
import { type Queue, type QueueEvent, type QueueOptions, startQueue } from './queue.ts';

/** The function does with each message what the message says. */
const consumer = `
import { writeFileSync } from 'node:fs';
const seen = new Map();
export const handler = async ({ Records }) => {
  const failures = [];
  for (const { messageId, body } of Records) {
    const { does, times = 99, begun } = JSON.parse(body);
    const count = (seen.get(messageId) ?? 0) + 1;
    seen.set(messageId, count);
    if (count > times) continue;
    if (does === 'fail') { console.log(messageId + ' has no subject'); failures.push({ itemIdentifier: messageId }); }
    if (does === 'throw') throw new RangeError('whole batch');
    if (does === 'die') process.kill(process.pid, 'SIGKILL');
    if (begun) writeFileSync(begun, '');
    if (does === 'wait') await new Promise((resolve) => setTimeout(resolve, 200));
    if (does === 'garble') return { batchItemFailures: [{ itemIdentifier: 'nobody' }] };
  }
  return { batchItemFailures: failures };
};`;

let host: LambdaHost;
let dir: string;
let invocations: InvocationRecord[];
let events: QueueEvent[];
let batches: BatchRecord[];
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  const home = fileURLToPath(new URL('../../.crossgate', import.meta.url));
  mkdirSync(home, { recursive: true });
  dir = mkdtempSync(path.join(home, 'test-source-'));
  const file = path.join(dir, 'consumer.mjs');
  writeFileSync(file, consumer);
  host = await startLambdaHost({
    functions: [{ name: 'consumer', file }],
    onInvoke: (record) => invocations.push(record),
  });
  await host.warm();
});
afterAll(async () => {
  await host.stop();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  invocations = [];
  events = [];
  batches = [];
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(
  settings: Partial<EventSourceOptions> = {},
  queueOptions: QueueOptions = {},
  bodies: object[] = [],
) {
  const queue = await startQueue({ visibilityTimeout: 1, onEvent: (event) => events.push(event), ...queueOptions });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ region: 'us-east-1', endpoint: queue.endpoint, credentials });
  const send = async (body: object, attributes: Record<string, string> = {}) => {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    const command = new SendMessageCommand({
      QueueUrl: queue.queueUrl,
      MessageBody: JSON.stringify(body),
      MessageAttributes,
    });
    return (await sqs.send(command)).MessageId ?? '';
  };
  const ids = await Promise.all(bodies.map((body) => send(body)));
  const attach = () =>
    startEventSource({
      queue,
      lambda: { endpoint: host.endpoint, functionName: 'consumer' },
      retryAfter: 20,
      onBatch: (record) => batches.push(record),
      ...settings,
    });
  const source = attach();
  ends.push(
    () => queue.stop(),
    () => sqs.destroy(),
    () => source.stop(),
  );
  return { queue, send, source, attach, ids };
}

const empty = ({ inspect }: Queue) => {
  const { ready, inFlight } = inspect();
  return ready + inFlight === 0;
};
const until = (holds: () => boolean) => expect.poll(holds, { timeout: 6000, interval: 10 }).toBe(true);
const count = (type: QueueEvent['type'], messageId?: string) =>
  events.filter((event) => event.type === type && (messageId === undefined || event.messageId === messageId)).length;

describe('what the function gets', () => {
  it('is the event that AWS documents', async () => {
    const { queue, send } = await start();
    const messageId = await send({ hello: 'ann' }, { kind: 'sign-in' });
    await until(() => batches.length === 1);
    expect(invocations[0]?.event).toEqual({
      Records: [
        {
          messageId,
          receiptHandle: expect.any(String),
          body: '{"hello":"ann"}',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            kind: { stringValue: 'sign-in', stringListValues: [], binaryListValues: [], dataType: 'String' },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: createHash('md5').update('{"hello":"ann"}').digest('hex'),
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:sign-ins',
          awsRegion: 'us-east-1',
        },
      ],
    });
    await until(() => empty(queue));
  });

  it('is at most a batch', async () => {
    await start({ batchSize: 2 }, {}, [{}, {}, {}, {}, {}]);
    await until(() => count('deleted') === 5);
    expect(Math.max(...batches.map(({ messageIds }) => messageIds.length))).toBe(2);
  });

  it('is a batch of more than one request, collected for as long as was said', async () => {
    await start({ batchSize: 12, maximumBatchingWindow: 3 }, {}, Array(12).fill({}));
    await until(() => count('deleted') === 12);
    expect(batches).toMatchObject([{ messageIds: { length: 12 }, failures: [] }]);
  });

  it('may be the same twice', async () => {
    const { queue } = await start({ duplicateEvery: 1 }, {}, [{}]);
    await until(() => batches.length === 2 && empty(queue));
    expect(invocations[1]?.event).toEqual(invocations[0]?.event);
  });
});

describe('what becomes of the messages', () => {
  it('of a batch only those that failed come back', async () => {
    const { ids } = await start({}, {}, [{ does: 'fail', times: 1 }, {}, {}]);
    const [bad = ''] = ids;
    await until(() => count('deleted') === 3);
    expect(count('received', bad)).toBe(2);
    expect(count('received')).toBe(4);
    expect(batches.flatMap(({ failures }) => failures)).toEqual([
      { messageId: bad, reason: expect.stringContaining('has no subject') },
    ]);
  });

  it.each([
    ['the function throws', { does: 'throw', times: 1 }, /RangeError: whole batch/],
    ['the function names a message that it never got', { does: 'garble', times: 1 }, /of no message in the batch/],
  ])('all come back when %s', async (_, bad, reason) => {
    const { queue } = await start({}, {}, [{}, bad]);
    await until(() => count('deleted') === 2);
    expect(batches[0]?.failures).toEqual(
      batches[0]?.messageIds.map((messageId) => ({ messageId, reason: expect.stringMatching(reason) })),
    );
    expect(queue.inspect().deadLetters).toEqual([]);
  });

  it('all are done when the function says otherwise but nobody listens', async () => {
    await start({ reportBatchItemFailures: false }, {}, [{ does: 'fail' }]);
    await until(() => count('deleted') === 1);
  });

  it('one that never succeeds is tried as often as the queue says, and the others go on', async () => {
    const { queue } = await start({}, { visibilityTimeout: 0, maxReceiveCount: 3 }, [{ does: 'fail' }]);
    await until(() => count('dead-lettered') === 1);
    expect(invocations).toHaveLength(3);
    expect(count('deleted')).toBe(0);
    expect(queue.inspect()).toMatchObject({ ready: 0, inFlight: 0, deadLetters: [{ body: '{"does":"fail"}' }] });
  });

  it('those of a function that is killed in the middle come back', async () => {
    await start({}, { maxReceiveCount: 10 }, [{ does: 'die' }, {}]);
    await until(() => batches.length >= 1);
    expect(batches[0]?.failures.map(({ reason }) => reason)).toEqual(
      batches[0]?.messageIds.map(() => expect.stringMatching(/Runtime.ExitError/)),
    );
    await until(() => batches.length >= 2);
    expect(new Set(batches[1]?.messageIds)).toEqual(new Set(batches[0]?.messageIds));
  });
});

describe('when something is away', () => {
  it('an unreachable queue is asked again, and nothing is lost', async () => {
    const troubles: unknown[] = [];
    const { queue, send } = await start({ onTrouble: (error) => troubles.push(error) });
    queue.setFault('unreachable');
    await until(() => troubles.length > 0);
    queue.setFault(undefined);
    await send({});
    await until(() => count('deleted') === 1);
  });

  it('a queue that is away when the batch is done delivers it again', async () => {
    const troubles: unknown[] = [];
    const { queue } = await start({ onTrouble: (error) => troubles.push(error) }, {}, [{ does: 'wait' }]);
    await until(() => count('received') === 1);
    queue.setFault('unreachable');
    await until(() => troubles.length > 0);
    expect(batches).toMatchObject([{ failures: [] }]);
    queue.setFault(undefined);
    await until(() => count('deleted') === 1);
    expect(count('received')).toBe(2);
  });

  it('messages outlive a Lambda host that is not there', async () => {
    const lambda = { endpoint: 'http://127.0.0.1:1', functionName: 'consumer' };
    const { queue } = await start({ lambda }, {}, [{}]);
    await until(() => batches.length === 1);
    expect(batches[0]?.failures).toMatchObject([{ reason: expect.stringMatching(/could not be invoked/) }]);
    expect(queue.inspect()).toEqual({ ready: 0, inFlight: 1, deadLetters: [] });
  });
});

describe('stopping', () => {
  it('ends a long poll at once', async () => {
    const { source } = await start();
    const began = performance.now();
    await source.stop();
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('waits for the batch at work and deletes it', async () => {
    const begun = path.join(dir, 'begun');
    const { queue, source } = await start({}, { visibilityTimeout: 30 }, [{ does: 'wait', begun }]);
    await until(() => existsSync(begun));
    await source.stop();
    expect(batches).toHaveLength(1);
    expect(empty(queue)).toBe(true);
  });

  it('leaves to the next one what came too late', async () => {
    const { queue, source, send, attach } = await start();
    await source.stop();
    await send({});
    expect(queue.inspect().ready).toBe(1);
    const next = attach();
    await until(() => empty(queue));
    await next.stop();
  });
});

describe('settings that AWS refuses', () => {
  it.each<[string, Partial<EventSourceOptions>]>([
    ['no batch', { batchSize: 0 }],
    ['a large batch without a window', { batchSize: 11 }],
    ['a window without end', { maximumBatchingWindow: 301 }],
    ['nobody polling', { concurrency: 0 }],
    ['half a message', { batchSize: 1.5 }],
  ])('%s', (_, settings) => {
    const at = {
      endpoint: 'http://127.0.0.1:1',
      queueUrl: 'http://127.0.0.1:1/q',
      queueArn: 'arn:aws:sqs:us-east-1:0:q',
    };
    const lambda = { endpoint: at.endpoint, functionName: 'f' };
    expect(() => startEventSource({ queue: at, lambda, ...settings })).toThrow(RangeError);
  });
});
