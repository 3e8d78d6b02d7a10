import type { FailureCode } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import type { GatewayContext } from '../http/context.ts';
import { logFailure } from '../http/failure-log.ts';
import { asSsoError } from '../http/oauth-error.ts';

/** Why there is no better answer. Stable: apps go by it. */
export type FrameReason = 'storage-blocked' | 'origin-not-registered' | 'bad-request' | 'unavailable';

/** What the frame hears of somebody, and tells the page around it. */
export type FrameAnswer = {
  /** `unknown`: the browser shows us no cookie here, whether or not anybody is signed in. */
  readonly state: 'signed-in' | 'signed-out' | 'unknown' | 'error';
  readonly code?: string;
  readonly reason?: FrameReason;
};

/** What the frame hears of a `session_state` (OpenID Connect Session Management, "OP Iframe"). */
export type SessionStateAnswer = {
  readonly state: 'unchanged' | 'changed' | 'error';
  readonly reason?: FrameReason;
};

/**
 * Sends an answer to the frame as JSON, or says what went wrong in words for the page around it. The reason goes to the
 * log alone.
 */
export async function sendToFrame(
  c: GatewayContext,
  answer: () => Promise<FrameAnswer | SessionStateAnswer>,
  log: Log,
): Promise<Response> {
  try {
    return c.json(await answer());
  } catch (thrown) {
    const error = asSsoError(thrown);
    const { failure, code } = error;
    logFailure(c, error, log);
    if (failure.retryAfter !== undefined) c.header('retry-after', String(failure.retryAfter));
    const body: FrameAnswer = { state: 'error', reason: reasonOf(code, failure.status) };
    return c.json(body, failure.status as 400);
  }
}

function reasonOf(code: FailureCode, status: number): FrameReason {
  if (status >= 500) return 'unavailable';
  return code === 'origin_refused' || code === 'unknown_client' ? 'origin-not-registered' : 'bad-request';
}
