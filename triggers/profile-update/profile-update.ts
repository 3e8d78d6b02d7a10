import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Clock, Milliseconds } from '../../shared/clock.ts';
import { within } from '../../shared/deadline.ts';
import { SsoError } from '../../shared/errors.ts';
import type { UserDirectory } from '../../shared/users/directory.ts';
import { PoisonedMessage, parseSignInMessage } from '../sign-in-message.ts';
import type { NotePoison } from './poison.ts';

/** What the consumer is made of. */
export type ProfileUpdateOptions = {
  readonly users: UserDirectory;
  readonly notePoison: NotePoison;
  /** For one message. */
  readonly deadline: Milliseconds;
  readonly clock: Clock;
  /** Where it says why a message was not applied, by its `messageId`: the only trace of one in the dead-letter queue. */
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
};

/** What SQS is to deliver again. @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
export type PartialBatchResponse = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

/** A batch of messages of an SQS queue, as Lambda hands it over. */
export type ProfileUpdate = (event: unknown) => Promise<PartialBatchResponse>;

type Batch = Parameters<typeof processPartialResponse>[0];
type QueueRecord = { readonly messageId: string; readonly body: unknown };

/**
 * Applies messages of sign-ins to the users table: each once in effect, an older one never over a newer one, in whatever
 * order and however often they come.
 *
 * A message that wasn't applied is reported as failed and comes again, until the queue moves it to its dead-letter queue:
 * one that can't be read (which is also noted in the audit trail), one of somebody without a row (it may be on its way),
 * one for which the database had no answer. In the last case the rest of the batch isn't tried.
 */
export function createProfileUpdate(options: ProfileUpdateOptions): ProfileUpdate {
  const { users, notePoison, deadline, clock, log } = options;
  const late = () => new SsoError('directory_unavailable', `no answer within ${deadline} ms`);

  async function apply({ messageId, body }: QueueRecord): Promise<void> {
    const { id, provider, subject, at, attributes, trigger } = parseSignInMessage(body, clock());
    const outcome = await within(deadline, users.recordSignIn({ provider, subject }, { at, attributes }), late);
    if (outcome === 'unknown') throw new Error(`nobody has the identity ${provider} ${subject} (message ${id})`);
    log(`sign-in ${outcome}`, { messageId, id, provider, subject, at, trigger });
  }

  async function note(messageId: string, reason: string): Promise<void> {
    try {
      await within(deadline, notePoison(messageId, reason), late);
    } catch (error) {
      log('poisoned message not audited', { messageId, error });
    }
  }

  /** Whether it is the database that fails, not one message at it. */
  async function isDown(): Promise<boolean> {
    try {
      await within(deadline, users.ping(), late);
      return false;
    } catch {
      return true;
    }
  }

  return async (event) => {
    let down = false;
    const one = async (record: QueueRecord) => {
      const { messageId } = record;
      if (down) {
        log('message not applied', { messageId, reason: 'not tried: the database does not answer' });
        throw new SsoError('directory_unavailable', 'not tried');
      }
      try {
        await apply(record);
      } catch (error) {
        const isPoison = error instanceof PoisonedMessage;
        log(isPoison ? 'message poisoned' : 'message not applied', { messageId, reason: reasonOf(error) });
        if (isPoison) await note(messageId, error.message);
        else if (error instanceof SsoError && error.code === 'directory_unavailable') down = await isDown();
        throw error;
      }
    };
    return processPartialResponse(event as Batch, one, new BatchProcessor(EventType.SQS), {
      // one after the other: two of the same person in one batch would only wait for each other
      processInParallel: false,
      throwOnFullBatchFailure: false,
    });
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof SsoError) return error.reason;
  return error instanceof Error ? error.message : String(error);
}
