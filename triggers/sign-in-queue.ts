import type { Milliseconds } from '../shared/clock.ts';

/** Sends the body of a message; rejects where the queue didn't confirm it. */
export type SendToQueue = (body: string) => Promise<void>;

/**
 * Sends to an SQS queue, a standard one.
 *
 * FIFO would cost without giving: the consumer applies each message once in effect and minds no order, while a FIFO
 * queue holds a person's later messages back behind one that fails, and takes batches of ten at most.
 *
 * The SDK is loaded while the function starts, not when the first person comes. It speaks to the host of the queue's URL,
 * in `AWS_REGION`, as the function's role.
 *
 * @param deadline After this long the request is broken off.
 */
export function createSqsQueue(queueUrl: string, deadline: Milliseconds): SendToQueue {
  const sdk = import('@aws-sdk/client-sqs').then(({ SQSClient, SendMessageCommand }) => ({
    client: new SQSClient({ endpoint: new URL(queueUrl).origin, maxAttempts: 2 }),
    SendMessageCommand,
  }));
  sdk.catch(() => {}); // whoever sends is told
  return async (body) => {
    const { client, SendMessageCommand } = await sdk;
    const command = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body });
    await client.send(command, { abortSignal: AbortSignal.timeout(deadline) });
  };
}
