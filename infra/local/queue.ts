import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';
import type { Milliseconds, Seconds } from '../../shared/clock.ts';
import { openStores, type SqsStore, type StoredMessage, type StoreEvent } from './queue-store.ts';

/** What {@link startQueue} takes. Everything has a default. */
export type QueueOptions = {
  /** Absent: a free one. */
  readonly port?: number;
  /** Folder in which queues and messages survive a restart, also one by SIGKILL. Absent: they live in memory. */
  readonly dir?: string;
  /**
   * Whole seconds for which a message that was taken is hidden from others. Default: 30, six times the time that a
   * function has here. @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
   */
  readonly visibilityTimeout?: Seconds;
  /** After so many deliveries a message goes to the dead-letter queue. Default: 3. */
  readonly maxReceiveCount?: number;
  /** Told of everything that happens to a message. */
  readonly onEvent?: (event: QueueEvent) => void;
};

/** Something that happened to a message. */
export type QueueEvent = {
  readonly type: 'sent' | 'received' | 'deleted' | 'dead-lettered';
  /** Name of the queue that it was in. */
  readonly queue: string;
  readonly messageId: string;
  readonly body: string;
  /** Of `received`: for the how-manieth time. */
  readonly receiveCount?: number;
  /** Of `dead-lettered`: why it failed, where that is known. */
  readonly reason?: string;
};

/** A message in a queue, and what became of it so far. */
export type QueuedMessage = {
  readonly messageId: string;
  readonly body: string;
  readonly sentAt: Milliseconds;
  readonly receiveCount: number;
  /** Why it failed the last time, as `noteFailure` was told since the start. Absent: nobody said. */
  readonly reason?: string;
};

/** What lies where. Looking changes nothing. */
export type QueueState = {
  /** Waiting to be taken. */
  readonly ready: number;
  /** Taken, and neither deleted nor visible again. */
  readonly inFlight: number;
  readonly deadLetters: readonly QueuedMessage[];
};

/**
 * `unreachable`: connections break, and new ones too; `hanging`: requests are taken and never answered.
 */
export type QueueFault = 'unreachable' | 'hanging';

/** A queue for sign-ins and its dead-letter queue, behind the API of Amazon SQS. */
export type Queue = {
  /** For `new SQSClient({ endpoint })`, or `AWS_ENDPOINT_URL_SQS`. */
  readonly endpoint: string;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly deadLetterQueueUrl: string;
  readonly deadLetterQueueArn: string;
  inspect(): QueueState;
  /** Remembers why a message could not be handled, for `inspect` and for the event when it is given up. */
  noteFailure(messageId: string, reason: string): void;
  /** Breaks the queue, or with nothing mends it. What is in it stays. */
  setFault(fault: QueueFault | undefined): void;
  /** Resolves once nothing listens any more. */
  stop(): Promise<void>;
};

export const queueName = 'sign-ins';
export const deadLetterQueueName = 'sign-ins-dlq';
const region = 'us-east-1';
const account = '000000000000';
/** As long as SQS keeps a message at most: a dead letter should outlive a holiday. */
const longestRetention: Seconds = 1_209_600;
const mostReasons = 1000;

/** Starts the queues, in this process and on 127.0.0.1 alone. */
export async function startQueue(options: QueueOptions = {}): Promise<Queue> {
  const { visibilityTimeout = 30, maxReceiveCount = 3, onEvent } = options;
  const reasons = new Map<string, string>();
  let movedId: string | undefined;
  const { stores, close } = await openStores(options.dir, (event) => {
    // to the store, a move to the dead-letter queue is a message that was sent there
    const isSecondHalf = event.status === 'published' && event.messageId === movedId;
    movedId = event.status === 'dlq' ? event.messageId : undefined;
    if (!isSecondHalf) onEvent?.(eventOf(event, reasons));
    if (event.status === 'consumed') reasons.delete(event.messageId);
  });
  const store = stores.sqsStore;
  const app = buildApp({ logger: false, stores, defaultRegion: region });

  let fault: QueueFault | undefined;
  app.addHook('onRequest', (request, reply, next) => {
    if (fault === undefined) return next();
    reply.hijack();
    if (fault === 'unreachable') request.raw.socket.destroy();
  });
  app.addHook('preSerialization', async ({ headers, body }, _reply, payload) => {
    if (headers['x-amz-target'] === 'AmazonSQS.ReceiveMessage') tellReceived(store, body, payload, onEvent);
    return payload;
  });
  app.addHook('preClose', () => close());

  await app.listen({ port: options.port ?? 0, host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const url = (name: string) => `${endpoint}/${account}/${name}`;
  const arn = (name: string) => `arn:aws:sqs:${region}:${account}:${name}`;
  const ensure = (name: string, attributes: Record<string, string>) => {
    const kept = store.getQueueByName(name);
    if (kept) kept.setAttributes(attributes);
    else store.createQueue(name, url(name), arn(name), attributes);
  };
  ensure(deadLetterQueueName, { MessageRetentionPeriod: String(longestRetention) });
  ensure(queueName, {
    VisibilityTimeout: String(visibilityTimeout),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(deadLetterQueueName), maxReceiveCount }),
  });

  return {
    endpoint,
    queueUrl: url(queueName),
    queueArn: arn(queueName),
    deadLetterQueueUrl: url(deadLetterQueueName),
    deadLetterQueueArn: arn(deadLetterQueueName),
    inspect() {
      const { ready, inflight, delayed } = messagesOf(store, queueName);
      const dead = messagesOf(store, deadLetterQueueName);
      const hidden = inflight.filter(({ visibilityDeadline }) => visibilityDeadline > Date.now());
      return {
        ready: ready.length + delayed.length + inflight.length - hidden.length,
        inFlight: hidden.length,
        deadLetters: [...dead.ready, ...dead.inflight.map(({ message }) => message)].map((one) => viewOf(one, reasons)),
      };
    },
    noteFailure(messageId, reason) {
      reasons.set(messageId, reason);
      const [oldest] = reasons.keys();
      if (reasons.size > mostReasons && oldest !== undefined) reasons.delete(oldest);
    },
    setFault(next) {
      fault = next;
      // whoever is waiting for an answer is cut off, and so is whoever was never going to get one
      if (next !== 'hanging') app.server.closeAllConnections();
    },
    stop: () => app.close().then(() => {}),
  };
}

function messagesOf(store: SqsStore, name: string) {
  return store.inspectQueue(name)?.messages ?? { ready: [], delayed: [], inflight: [] };
}

function viewOf(message: StoredMessage, reasons: ReadonlyMap<string, string>): QueuedMessage {
  const reason = reasons.get(message.messageId);
  return {
    messageId: message.messageId,
    body: message.body,
    sentAt: message.sentTimestamp,
    receiveCount: message.approximateReceiveCount,
    ...(reason !== undefined && { reason }),
  };
}

function eventOf({ status, queueName, messageId, body }: StoreEvent, reasons: ReadonlyMap<string, string>): QueueEvent {
  const type = ({ published: 'sent', consumed: 'deleted', dlq: 'dead-lettered' } as const)[status];
  const reason = status === 'dlq' ? reasons.get(messageId) : undefined;
  return { type, queue: queueName, messageId, body, ...(reason !== undefined && { reason }) };
}

/** The store has no event for a delivery, but its answer says it all. */
function tellReceived(store: SqsStore, request: unknown, answer: unknown, onEvent: QueueOptions['onEvent']): void {
  const { QueueUrl } = (request ?? {}) as { QueueUrl?: string };
  const { Messages } = (answer ?? {}) as { Messages?: { MessageId: string; Body: string }[] };
  const queue = QueueUrl === undefined ? undefined : store.getQueue(QueueUrl);
  if (queue === undefined || onEvent === undefined) return;
  const inFlight = messagesOf(store, queue.name).inflight.map(({ message }) => message);
  for (const { MessageId: messageId, Body: body } of Messages ?? []) {
    const receiveCount = inFlight.find((message) => message.messageId === messageId)?.approximateReceiveCount ?? 1;
    onEvent({ type: 'received', queue: queue.name, messageId, body, receiveCount });
  }
}
