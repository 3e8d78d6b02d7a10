import type { Clock, Milliseconds } from '../../shared/clock.ts';
import { functionArn, type Outcome } from './lambda-worker.ts';

/** How events of type `Event` are treated. */
export type AsynchronousOptions = {
  /** Pauses before each further try. Default: a minute, then two, as AWS has it. */
  readonly retryDelays?: readonly Milliseconds[];
  /** Every nth event is handed over twice, at the same time: AWS says that this may happen. Absent: none. */
  readonly duplicateEvery?: number;
  /** The on-failure destination: gets each event that was given up. Absent: it is only recorded. */
  readonly onDiscard?: (event: DiscardedEvent) => void;
};

/** One try of an event. */
export type Delivery = {
  /** From 1. */
  readonly attempt: number;
  /** Is it the second of an event that was doubled? */
  readonly duplicate: boolean;
  readonly outcome: 'done' | 'retried' | 'discarded';
};

/** What a destination gets. @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export type DiscardedEvent = {
  readonly version: '1.0';
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'RetriesExhausted';
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  readonly responseContext: {
    readonly statusCode: 200;
    readonly executedVersion: '$LATEST';
    readonly functionError: 'Unhandled';
  };
  readonly responsePayload: unknown;
};

type Ended = { readonly outcome: Outcome; readonly durationMs: Milliseconds };

/** An event that was answered with 202 before anything ran. */
export type AcceptedEvent = {
  readonly functionName: string;
  /** The same for every try. */
  readonly requestId: string;
  readonly event: unknown;
  /** Runs the function once. Rejects only when the host stops. */
  runOnce(): Promise<Ended>;
  tell(ended: Ended, delivery: Delivery): void;
};

/** Events on their way to functions that nobody waits for. */
export type AsynchronousQueue = {
  accept(event: AcceptedEvent): void;
  /** Forgets what waits for another try. */
  stop(): void;
};

const minute: Milliseconds = 60_000;

/** @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
export function createAsynchronousQueue(options: AsynchronousOptions, clock: Clock): AsynchronousQueue {
  const { retryDelays = [minute, 2 * minute], duplicateEvery } = options;
  const waiting = new Set<NodeJS.Timeout>();
  let accepted = 0;
  let isStopped = false;

  async function attempt(event: AcceptedEvent, count: number, duplicate: boolean): Promise<void> {
    const ended = await event.runOnce();
    const { failed, body } = ended.outcome;
    const delay = retryDelays[count - 1];
    const outcome = !failed ? 'done' : delay === undefined ? 'discarded' : 'retried';
    event.tell(ended, { attempt: count, duplicate, outcome });
    if (outcome === 'discarded') options.onDiscard?.(discarded(event, count, body));
    if (outcome === 'retried' && !isStopped) later(() => start(event, count + 1, duplicate), delay ?? 0);
  }

  function start(event: AcceptedEvent, count: number, duplicate: boolean): void {
    attempt(event, count, duplicate).catch((cause: unknown) => {
      if (!isStopped) throw cause; // nobody else could hear of it
    });
  }

  function later(act: () => void, delay: Milliseconds): void {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      act();
    }, delay);
    waiting.add(timer);
  }

  function discarded({ functionName, requestId, event }: AcceptedEvent, count: number, body: string): DiscardedEvent {
    return {
      version: '1.0',
      timestamp: new Date(clock() * 1000).toISOString(),
      requestContext: {
        requestId,
        functionArn: `${functionArn(functionName)}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: count,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: JSON.parse(body) as unknown,
    };
  }

  return {
    accept(event) {
      accepted += 1;
      start(event, 1, false);
      if (duplicateEvery !== undefined && accepted % duplicateEvery === 0) start(event, 1, true);
    },
    stop() {
      isStopped = true;
      for (const timer of waiting) clearTimeout(timer);
    },
  };
}
