import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AsynchronousOptions,
  createAsynchronousQueue,
  type Delivery,
  type DiscardedEvent,
} from './lambda-asynchronous.ts';

let deliveries: Delivery[];
let discarded: DiscardedEvent[];

beforeEach(() => {
  vi.useFakeTimers();
  deliveries = [];
  discarded = [];
});
afterEach(() => vi.useRealTimers());

function queue(options: AsynchronousOptions = {}) {
  return createAsynchronousQueue({ onDiscard: (event) => discarded.push(event), ...options }, () => 1_700_000_000);
}

/** An event whose tries fail as often as said. */
function event(failures: number, requestId = 'r1') {
  let tries = 0;
  return {
    functionName: 'fn',
    requestId,
    event: { who: 'ann' },
    runOnce: async () => {
      tries += 1;
      const failed = tries <= failures;
      return { outcome: { failed, body: failed ? '{"errorMessage":"no"}' : '1', log: [] }, durationMs: 1 };
    },
    tell: (_: unknown, delivery: Delivery) => deliveries.push(delivery),
  };
}

const told = () => deliveries.map(({ attempt, outcome }) => `${attempt} ${outcome}`);

describe('an event that nobody waits for', () => {
  it('is not repeated when it went well', async () => {
    queue().accept(event(0));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(told()).toEqual(['1 done']);
  });

  it('is tried again after a minute, and after two more', async () => {
    queue().accept(event(2));
    await vi.advanceTimersByTimeAsync(59_999);
    expect(told()).toEqual(['1 retried']);
    await vi.advanceTimersByTimeAsync(1);
    expect(told()).toEqual(['1 retried', '2 retried']);
    await vi.advanceTimersByTimeAsync(119_999);
    expect(deliveries).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(told()).toEqual(['1 retried', '2 retried', '3 done']);
    expect(discarded).toEqual([]);
  });

  it('is given up after the third try, and the destination hears of it', async () => {
    queue().accept(event(99));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(told()).toEqual(['1 retried', '2 retried', '3 discarded']);
    expect(discarded).toEqual([
      {
        version: '1.0',
        timestamp: '2023-11-14T22:13:20.000Z',
        requestContext: {
          requestId: 'r1',
          functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn:$LATEST',
          condition: 'RetriesExhausted',
          approximateInvokeCount: 3,
        },
        requestPayload: { who: 'ann' },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorMessage: 'no' },
      },
    ]);
  });

  it('is given up at once where no retries are wanted', async () => {
    queue({ retryDelays: [] }).accept(event(99));
    await vi.advanceTimersByTimeAsync(0);
    expect(told()).toEqual(['1 discarded']);
  });

  it('comes twice where that is asked for', async () => {
    const twice = queue({ duplicateEvery: 2 });
    for (const id of ['r1', 'r2', 'r3']) twice.accept(event(0, id));
    await vi.advanceTimersByTimeAsync(0);
    expect(deliveries.map(({ duplicate }) => duplicate)).toEqual([false, false, true, false]);
  });

  it('is not tried again once the host has stopped', async () => {
    const stopped = queue();
    stopped.accept(event(99));
    await vi.advanceTimersByTimeAsync(0);
    stopped.stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(told()).toEqual(['1 retried']);
  });
});
