import type { BuildAppOptions } from 'fauxqs';

/** The parts that an emulator is made of, as `fauxqs` knows them. */
export type Stores = NonNullable<BuildAppOptions['stores']>;
export type SqsStore = Stores['sqsStore'];
export type StoredMessage = ReturnType<
  NonNullable<ReturnType<SqsStore['inspectQueue']>>['messages']['ready']['slice']
>[number];

/** Something that a store did with a message. */
export type StoreEvent = {
  readonly queueName: string;
  readonly messageId: string;
  readonly body: string;
  readonly status: 'published' | 'consumed' | 'dlq';
};

type Persistence = NonNullable<SqsStore['persistence']> & {
  load(sqs: SqsStore, sns: Stores['snsStore'], s3: Stores['s3Store']): void;
  close(): void;
};

/**
 * Opens the emulator's stores, with what was in them when they were last used.
 *
 * `startFauxqs` would do the same, but it listens on every network interface, so that anybody in the same café could
 * write to the queue. `buildApp` leaves the listening to us and takes stores, whose classes the package doesn't name
 * among its exports: they are fetched from beside its main module.
 *
 * @param dir Folder of its SQLite file, written at every change. Absent: everything is forgotten.
 * @param onEvent Told of every change, after it was written.
 */
export async function openStores(
  dir: string | undefined,
  onEvent: (event: StoreEvent) => void,
): Promise<{ readonly stores: Stores; close(): void }> {
  const load = (file: string): Promise<unknown> => import(new URL(file, import.meta.resolve('fauxqs')).href);
  const inside = async (file: string) => (await load(file)) as Record<string, new (dir?: string) => unknown>;
  allowEveryPlane((await load('./sqs/sqsTypes.js')) as { readonly INVALID_MESSAGE_BODY_CHAR: RegExp });
  const [sqs, sns, s3] = await Promise.all(
    ['./sqs/sqsStore.js', './sns/snsStore.js', './s3/s3Store.js'].map((file) => inside(file)),
  );
  const stores = {
    sqsStore: made<SqsStore>(sqs?.SqsStore),
    snsStore: made<Stores['snsStore']>(sns?.SnsStore),
    s3Store: made<Stores['s3Store']>(s3?.S3Store),
  };
  const spy = { addMessage: onEvent } as unknown as NonNullable<SqsStore['spy']>;
  let persistence: Persistence | undefined;
  if (dir !== undefined) {
    persistence = made<Persistence>((await inside('./persistence.js')).PersistenceManager, dir);
    persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store); // before it is told of changes
    stores.sqsStore.persistence = persistence;
  }
  stores.sqsStore.spy = spy;
  for (const queue of stores.sqsStore.listQueues().queues) {
    queue.spy = spy;
    if (persistence) queue.persistence = persistence;
  }
  return { stores, close: () => persistence?.close() };
}

/** What a message may not have, in code points. @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/**
 * This version's own rule looks at halves of characters, and so refuses every emoji, which SQS doesn't.
 *
 * @see https://github.com/kibertoad/fauxqs/pull/278
 */
function allowEveryPlane({ INVALID_MESSAGE_BODY_CHAR: rule }: { readonly INVALID_MESSAGE_BODY_CHAR: RegExp }): void {
  rule.test = (text) => forbidden.test(text);
}

function made<T>(Class: (new (dir?: string) => unknown) | undefined, dir?: string): T {
  if (Class === undefined) throw new Error('fauxqs is another version than the one that this was written for.');
  return new Class(dir) as T;
}
