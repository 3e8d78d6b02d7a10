/**
 * Reads which messages a function reports as failed. Lambda is strict here, to the safe side: an answer that it can't
 * make sense of means that all have failed.
 *
 * @param text The function's answer as JSON. `null`, `{}`, and a list that is `null`, missing or empty mean success.
 * @param sent Ids of the messages in the event.
 * @returns The ids, each once; or, in a sentence, why the whole batch counts as failed.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function readBatchAnswer(text: string, sent: ReadonlySet<string>): readonly string[] | string {
  const answer = text === '' ? null : parse(text);
  if (answer === null) return [];
  if (typeof answer !== 'object' || Array.isArray(answer)) return 'the answer is no object';
  const { batchItemFailures = null } = answer as { batchItemFailures?: unknown };
  if (batchItemFailures === null) return [];
  if (!Array.isArray(batchItemFailures)) return 'batchItemFailures is no list';
  const ids = new Set<string>();
  for (const item of batchItemFailures as unknown[]) {
    const { itemIdentifier } = (item ?? {}) as { itemIdentifier?: unknown };
    if (typeof itemIdentifier !== 'string' || itemIdentifier === '') return 'an entry has no itemIdentifier';
    if (!sent.has(itemIdentifier)) return 'an itemIdentifier is of no message in the batch';
    ids.add(itemIdentifier);
  }
  return [...ids];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
