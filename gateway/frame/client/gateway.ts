/** What the page around hears. */
export type Answer = { readonly state: string; readonly code?: string; readonly reason?: string };

const patience = 5000;
const isShort = (value: unknown): value is string => typeof value === 'string' && value.length < 256;

/**
 * Asks the gateway. Never rejects: whatever keeps an answer from coming is `unavailable`, and says nothing of the person.
 *
 * @param path Below `/frame/` of the gateway.
 */
export async function askGateway(base: string, path: string, question: object): Promise<Answer> {
  try {
    const response = await fetch(`${base}/frame/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    const { state, code, reason } = (await response.json()) as Record<string, unknown>;
    // an error page of something between here and the gateway has none
    if (isShort(state)) return { state, ...(isShort(code) && { code }), ...(isShort(reason) && { reason }) };
  } catch {
    // no connection, too late, or no JSON
  }
  return { state: 'error', reason: 'unavailable' };
}
