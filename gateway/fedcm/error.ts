import type { FailureCode } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import type { GatewayContext } from '../http/context.ts';
import { logFailure } from '../http/failure-log.ts';
import { asSsoError, oauthError } from '../http/oauth-error.ts';

/** Failures that a page hears of here, and only a person elsewhere. */
const codes: Partial<Record<FailureCode, string>> = {
  cross_site_refused: 'unauthorized_client',
  unknown_client: 'unauthorized_client',
  redirect_uri_refused: 'invalid_request',
};

/**
 * Answers whatever a FedCM endpoint threw. The browser shows the person what the code means, and hands it to the page; the
 * reason goes to the log alone.
 *
 * @see https://w3c-fedid.github.io/FedCM/#idp-api-error
 */
export function fedcmError(c: GatewayContext, thrown: unknown, log: Log): Response {
  const error = asSsoError(thrown);
  const { status, retryAfter } = error.failure;
  logFailure(c, error, log);
  if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
  const code = codes[error.code] ?? oauthError(error).error;
  return c.json({ error: { code } }, status as 400);
}
