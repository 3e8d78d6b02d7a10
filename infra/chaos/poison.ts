import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '../../shared/clock.ts';
import { asSubject } from '../../shared/identity.ts';
import { writeSignInMessage } from '../../triggers/sign-in-message.ts';

/** A message that must come to rest in the dead-letter queue, and change nothing. */
export type Poison = { readonly what: string; readonly body: string };

/**
 * Messages of the kind that a mistake or an attacker would send. Where they name somebody it is a real person, so that one
 * that were applied would show.
 */
export function poisonFor(subject: string, count: number): Poison[] {
  const real = { provider: 'cognito', subject: asSubject(subject) };
  const attributes = { email: 'attacker@chaos.test', emailVerified: true, name: 'Attacker' };
  const said = { id: 'poison', at: systemClock() + 100, attributes, trigger: 'TokenGeneration_Authentication' };
  const good = writeSignInMessage(real, said);
  const changed = (changes: object) => JSON.stringify({ ...(JSON.parse(good) as object), ...changes });
  const nobody = { ...real, subject: asSubject('00000000-0000-4000-8000-000000000000') };
  const all: readonly Poison[] = [
    { what: 'no JSON', body: 'sign-in of somebody' },
    { what: 'another version', body: changed({ v: 2 }) },
    { what: 'from next year', body: changed({ at: systemClock() + 365 * 86_400 }) },
    { what: 'of nobody', body: writeSignInMessage(nobody, said) },
    { what: 'of another provider', body: changed({ provider: 'elsewhere' }) },
    { what: 'a field too many', body: changed({ uid: '1' }) },
    { what: 'of another type', body: changed({ attributes: { ...attributes, emailVerified: 'true' } }) },
    { what: 'too long', body: changed({ trigger: 'x'.repeat(5000) }) },
  ];
  return all.slice(0, count);
}

/** Puts them on the queue, each once it can be reached. */
export async function sendPoison(
  poison: readonly Poison[],
  queue: { readonly endpoint: string; readonly queueUrl: string },
  signal: AbortSignal,
): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const sqs = new SQSClient({ region: 'us-east-1', endpoint: queue.endpoint, credentials, maxAttempts: 1 });
  try {
    for (const { body } of poison) {
      const command = new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: body });
      const isSent = () =>
        sqs.send(command, { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(1000)]) }).then(
          () => true,
          () => false,
        );
      while (!(await isSent()) && !signal.aborted) await sleep(250);
    }
  } finally {
    sqs.destroy();
  }
}
