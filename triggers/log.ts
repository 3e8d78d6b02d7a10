/**
 * Writes one line of JSON, as CloudWatch Logs reads it. An error is written by name, message and causes.
 *
 * @param fields Never tokens or attributes of a person.
 */
export function log(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stdout.write(
    `${JSON.stringify({ event, ...fields, ...(fields.error === undefined ? {} : { error: describe(fields.error) }) })}\n`,
  );
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  return {
    name: error.name,
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: describe(error.cause) }),
  };
}
