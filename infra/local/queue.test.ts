import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Queue, type QueueEvent, type QueueOptions, startQueue } from './queue.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: QueueOptions = {}) {
  const events: QueueEvent[] = [];
  const queue = await startQueue({ onEvent: (event) => events.push(event), ...options });
  const sqs = client(queue);
  ends.push(
    () => queue.stop(),
    () => sqs.destroy(),
  );
  const send = (body: string) => sqs.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: body }));
  const receive = async (url = queue.queueUrl, wait = 0) => {
    const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait });
    return (await sqs.send(command)).Messages ?? [];
  };
  return { queue, sqs, events, send, receive };
}

function client({ endpoint }: Pick<Queue, 'endpoint'>): SQSClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new SQSClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 });
}

function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'crossgate-queue-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('a message', () => {
  it('is sent, taken and deleted, and each of these is told', async () => {
    const { queue, sqs, events, send, receive } = await start();
    const { MessageId: messageId } = await send('hello');
    expect(queue.inspect()).toEqual({ ready: 1, inFlight: 0, deadLetters: [] });
    const [message] = await receive();
    expect(queue.inspect()).toEqual({ ready: 0, inFlight: 1, deadLetters: [] });
    expect(await receive()).toEqual([]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.queueUrl, ReceiptHandle: message?.ReceiptHandle }));
    expect(queue.inspect()).toEqual({ ready: 0, inFlight: 0, deadLetters: [] });
    const shared = { queue: 'sign-ins', messageId, body: 'hello' };
    expect(events).toEqual([
      { type: 'sent', ...shared },
      { type: 'received', ...shared, receiveCount: 1 },
      { type: 'deleted', ...shared },
    ]);
  });

  it('that nobody deletes lands in the dead-letter queue, with what was last said of it', async () => {
    const { queue, events, send, receive } = await start({ visibilityTimeout: 0, maxReceiveCount: 2 });
    const { MessageId: messageId = '' } = await send('poison');
    await receive();
    queue.noteFailure(messageId, 'first time');
    await receive();
    queue.noteFailure(messageId, 'TypeError: no such column');
    expect(await receive()).toEqual([]);
    expect(queue.inspect()).toMatchObject({
      ready: 0,
      deadLetters: [{ messageId, body: 'poison', reason: 'TypeError: no such column' }],
    });
    expect(events.map(({ type }) => type)).toEqual(['sent', 'received', 'received', 'dead-lettered']);
    expect(events.at(-1)).toMatchObject({ queue: 'sign-ins', reason: 'TypeError: no such column' });
    expect(await receive(queue.deadLetterQueueUrl)).toMatchObject([{ MessageId: messageId, Body: 'poison' }]);
    expect(queue.inspect().deadLetters).toHaveLength(1);
  });
});

describe('the characters of a message', () => {
  it.each([
    ['letters of any script', 'Zoë Ђ 漢'],
    ['an emoji', 'fox 🦊'],
    ['the last that there is', '\u{10ffff}'],
  ])('are taken: %s', async (_, body) => {
    const { send, receive } = await start();
    await send(body);
    expect(await receive()).toMatchObject([{ Body: body }]);
  });

  it.each([
    ['a NUL', 'a\0'],
    ['a noncharacter', 'a\ufffe'],
    ['the other one', 'a\uffff'],
    ['a bell', '\x07'],
  ])('are refused: %s', async (_, body) => {
    const { send } = await start();
    await expect(send(body)).rejects.toMatchObject({ name: expect.stringContaining('InvalidMessageContents') });
  });
});

describe('who can reach it', () => {
  it('this machine alone', async () => {
    const { queue } = await start();
    const port = Number(new URL(queue.endpoint).port).toString(16).padStart(4, '0').toUpperCase();
    const listening = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => state === '0A' && local.endsWith(`:${port}`));
    expect(listening.map(([, local]) => local)).toEqual([`0100007F:${port}`]);
  });

  it('nobody once it has stopped, be it in the middle of a long poll', async () => {
    const queue = await startQueue();
    const sqs = client(queue);
    const polling = sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.queueUrl, WaitTimeSeconds: 20 }));
    const settled = Promise.allSettled([polling]);
    await queue.stop();
    await settled;
    await expect(fetch(queue.endpoint)).rejects.toThrow();
    sqs.destroy();
  });
});

describe('a queue that is away', () => {
  it('breaks what is under way and what comes, and keeps what it has', async () => {
    const { queue, send, receive } = await start();
    await send('kept');
    const polling = receive(queue.deadLetterQueueUrl, 20);
    const broken = expect(polling).rejects.toThrow();
    await expect.poll(() => queue.inspect().ready).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30)); // the request above is on its way
    queue.setFault('unreachable');
    await broken;
    await expect(send('lost')).rejects.toThrow(/ECONN|socket|hang up/i);
    queue.setFault(undefined);
    expect(await receive()).toMatchObject([{ Body: 'kept' }]);
  });

  it('that hangs answers nobody before it is mended', async () => {
    const { queue, sqs, send } = await start();
    queue.setFault('hanging');
    const command = new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'x' });
    await expect(sqs.send(command, { abortSignal: AbortSignal.timeout(50) })).rejects.toThrow(/abort/i);
    const left = expect(send('y')).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 30)); // likewise
    queue.setFault(undefined);
    await left;
    expect(queue.inspect().ready).toBe(0);
    await send('z');
    expect(queue.inspect().ready).toBe(1);
  });
});

describe('after a restart', () => {
  it('everything is where it was, and new settings hold', async () => {
    const dir = folder();
    const before = await start({ dir, visibilityTimeout: 1000 });
    await before.send('waits');
    await before.receive();
    await before.send('ready');
    await before.queue.stop();
    const after = await start({ dir, visibilityTimeout: 0, maxReceiveCount: 1 });
    expect(after.queue.inspect()).toEqual({ ready: 1, inFlight: 1, deadLetters: [] });
    expect(await after.receive()).toMatchObject([{ Body: 'ready' }]);
    expect(await after.receive()).toEqual([]);
    expect(after.queue.inspect()).toMatchObject({ inFlight: 1, deadLetters: [{ body: 'ready' }] });
  });

  it('by SIGKILL too', async () => {
    const dir = folder();
    const module = fileURLToPath(new URL('./queue.ts', import.meta.url));
    const script = `const { startQueue } = await import(${JSON.stringify(module)});
      const { endpoint } = await startQueue({ dir: ${JSON.stringify(dir)} }); console.log(endpoint);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [endpoint] = (await once(createInterface({ input: other.stdout }), 'line')) as [string];
    const sqs = client({ endpoint });
    const QueueUrl = `${endpoint}/000000000000/sign-ins`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'survives' }));
    other.kill('SIGKILL');
    await once(other, 'exit');
    sqs.destroy();
    const { receive } = await start({ dir });
    expect(await receive()).toMatchObject([{ Body: 'survives' }]);
  });
});
