import { setTimeout as sleep } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import { readBatchAnswer } from './batch-answer.ts';
import { type SqsRecord, sqsRecord } from './sqs-record.ts';

/** What {@link startEventSource} takes: the settings of AWS's mapping by their own names, and where things are. */
export type EventSourceOptions = {
  readonly queue: { readonly endpoint: string; readonly queueUrl: string; readonly queueArn: string };
  readonly lambda: { readonly endpoint: string; readonly functionName: string };
  /** Most messages in one event. Default: 10. More need a batching window. */
  readonly batchSize?: number;
  /** How long a batch is waited for to fill up. Default: 0, so whatever one request brought. */
  readonly maximumBatchingWindow?: Seconds;
  /** Batches in the making or at work at once. Default: 1. */
  readonly concurrency?: number;
  /** Does the function say which messages of a batch failed (`ReportBatchItemFailures`)? Default: yes. */
  readonly reportBatchItemFailures?: boolean;
  /** How long a request waits for a message. Default: 20, the longest. */
  readonly waitTime?: Seconds;
  /** Pause after queue or Lambda could not be reached. Default: 1,000. */
  readonly retryAfter?: Milliseconds;
  /** Every nth batch is delivered twice, as any of a standard queue may be. Absent: none. */
  readonly duplicateEvery?: number;
  /** Told of every batch once it has ended, in whatever way. */
  readonly onBatch?: (record: BatchRecord) => void;
  /** Told each time the queue could not be asked. It is asked again. */
  readonly onTrouble?: (error: unknown) => void;
};

/** A batch that has been delivered. */
export type BatchRecord = {
  readonly messageIds: readonly string[];
  /** What stays in the queue, and why. */
  readonly failures: readonly { readonly messageId: string; readonly reason: string }[];
};

/** A running mapping. */
export type EventSource = {
  /** Takes nothing more; resolves once the batches at work are done and what succeeded is deleted. */
  stop(): Promise<void>;
};

/** SQS gives and takes at most this many messages per request. */
const perRequest = 10;
/** How long the queue may take beyond what it was asked to wait. */
const patience: Milliseconds = 5_000;
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * Starts what AWS calls an event source mapping: polls the queue, hands batches to a function, deletes what it dealt
 * with. Whatever else happens, a message stays in the queue and comes back after its visibility timeout; how often, and
 * what then, is the queue's business. Neither a queue nor a Lambda host that is away ends it.
 *
 * @throws RangeError for settings that AWS refuses.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function startEventSource(options: EventSourceOptions): EventSource {
  const { queue, concurrency = 1, retryAfter = 1000, waitTime = 20, duplicateEvery } = options;
  const { batchSize = perRequest, maximumBatchingWindow: window = 0 } = options;
  checkSettings(batchSize, window, concurrency);
  const [region = 'us-east-1'] = queue.queueArn.split(':').slice(3);
  const sqs = new SQSClient({ region, endpoint: queue.endpoint, credentials });
  const lambda = new LambdaClient({ region, endpoint: options.lambda.endpoint, credentials, maxAttempts: 1 });
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let batches = 0;

  async function receive(most: number, wait: Seconds): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: queue.queueUrl,
      MaxNumberOfMessages: Math.min(most, perRequest),
      WaitTimeSeconds: wait,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const late = AbortSignal.timeout(wait * 1000 + patience);
    const { Messages = [] } = await sqs.send(command, { abortSignal: AbortSignal.any([stopping.signal, late]) });
    return Messages;
  }

  async function collect(): Promise<SqsRecord[]> {
    const messages = await receive(batchSize, waitTime);
    const closesAt = performance.now() + window * 1000;
    while (messages.length > 0 && messages.length < batchSize && !isStopping()) {
      const left = Math.floor((closesAt - performance.now()) / 1000);
      if (left < 1) break;
      // what was taken by now must not be lost to a queue that goes away, nor to a stop
      const more = await receive(batchSize - messages.length, Math.min(left, waitTime)).catch(() => undefined);
      if (more === undefined) break;
      messages.push(...more);
    }
    return messages.map((message) => sqsRecord(message, queue.queueArn));
  }

  async function deliver(records: readonly SqsRecord[]): Promise<void> {
    const failures = await invoke(records);
    const failed = new Set(failures.map(({ messageId }) => messageId));
    options.onBatch?.({ messageIds: records.map(({ messageId }) => messageId), failures });
    const done = records.filter(({ messageId }) => !failed.has(messageId));
    for (let i = 0; i < done.length; i += perRequest) {
      const Entries = done.slice(i, i + perRequest).map(({ receiptHandle }, n) => ({
        Id: String(n),
        ReceiptHandle: receiptHandle,
      }));
      const abortSignal = AbortSignal.timeout(patience); // also after stop(): what is done shall not be done again
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queue.queueUrl, Entries }), { abortSignal });
    }
  }

  async function invoke(records: readonly SqsRecord[]): Promise<BatchRecord['failures']> {
    const all = (reason: string) => records.map(({ messageId }) => ({ messageId, reason }));
    const command = new InvokeCommand({
      FunctionName: options.lambda.functionName,
      Payload: JSON.stringify({ Records: records }),
      LogType: 'Tail',
    });
    try {
      const answer = await lambda.send(command);
      const text = answer.Payload?.transformToString() ?? '';
      if (answer.FunctionError !== undefined) return all(errorIn(text));
      if (options.reportBatchItemFailures === false) return [];
      const failed = readBatchAnswer(text, new Set(records.map(({ messageId }) => messageId)));
      if (typeof failed === 'string') return all(failed);
      const log = Buffer.from(answer.LogResult ?? '', 'base64')
        .toString()
        .split('\n');
      return failed.map((messageId) => ({ messageId, reason: reasonIn(log, messageId) }));
    } catch (error) {
      return all(`the function could not be invoked: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async function poll(): Promise<void> {
    while (!isStopping()) {
      try {
        const records = await collect();
        if (records.length === 0) continue;
        batches += 1;
        const isTwice = duplicateEvery !== undefined && batches % duplicateEvery === 0;
        // the second of the two finds its messages deleted, which SQS doesn't mind
        await Promise.all(isTwice ? [deliver(records), deliver(records)] : [deliver(records)]);
      } catch (error) {
        // nothing is lost: nothing was deleted
        if (isStopping()) return;
        options.onTrouble?.(error);
        await sleep(retryAfter, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  const pollers = Array.from({ length: concurrency }, () => poll());
  return {
    async stop() {
      stopping.abort();
      await Promise.all(pollers);
      sqs.destroy();
      lambda.destroy();
    },
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
function checkSettings(batchSize: number, window: Seconds, concurrency: number): void {
  const within = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!within(batchSize, 1, 10_000)) throw new RangeError(`batchSize must be 1–10,000, not ${batchSize}`);
  if (!within(window, 0, 300)) throw new RangeError(`maximumBatchingWindow must be 0–300, not ${window}`);
  if (batchSize > perRequest && window < 1)
    throw new RangeError('a batchSize over 10 needs a maximumBatchingWindow of at least 1');
  if (!within(concurrency, 1, 1000)) throw new RangeError(`concurrency must be 1–1,000, not ${concurrency}`);
}

function errorIn(text: string): string {
  const { errorType = 'Error', errorMessage = '' } = JSON.parse(text) as { errorType?: string; errorMessage?: string };
  return `${errorType}: ${errorMessage}`;
}

/** What the function printed about the message, if it did. */
function reasonIn(log: readonly string[], messageId: string): string {
  return log.findLast((line) => line.includes(messageId)) ?? 'the function reported it as failed';
}
