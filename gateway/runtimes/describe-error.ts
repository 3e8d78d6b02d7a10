/** Name, code, message and causes of an error; a stack only for what nobody foresaw. Never the values it carries along. */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, cause, stack } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined ? { stack } : { cause: describeError(cause) }),
  };
}
