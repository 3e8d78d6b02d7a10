import { type Failure, SsoError } from '../../shared/errors.ts';
import type { Log } from '../deps.ts';
import type { GatewayContext } from './context.ts';
import { logFailure } from './failure-log.ts';

/** What an app is told of a failure, in the words of OAuth. */
export type OAuthError = { readonly error: string; readonly error_description: string };

/** An error in the words of OAuth. What only concerns the person is `access_denied`. */
export function oauthError({ failure }: SsoError): OAuthError {
  const error = failure.oauth ?? (failure.status >= 500 ? 'server_error' : 'access_denied');
  return { error, error_description: failure.says };
}

/** Anything thrown, as one of ours. */
export const asSsoError = (error: unknown): SsoError =>
  error instanceof SsoError ? error : new SsoError('internal', 'unexpected', { cause: error });

/**
 * Answers whatever an endpoint for apps threw (RFC 6749 §5.2, RFC 6750 §3). The reason goes to the log alone.
 *
 * @param challenge How to authenticate; named where the app tried in the `Authorization` header, or should have.
 */
export function oauthErrorResponse(
  c: GatewayContext,
  thrown: unknown,
  challenge: 'Basic' | 'Bearer' | undefined,
  log: Log,
): Response {
  const error = asSsoError(thrown);
  const failure: Failure = error.failure;
  logFailure(c, error, log);
  const body = oauthError(error);
  if (failure.retryAfter !== undefined) c.header('retry-after', String(failure.retryAfter));
  if (challenge === 'Basic' && failure.status === 401) c.header('www-authenticate', 'Basic realm="crossgate"');
  if (challenge === 'Bearer' && failure.status === 401) {
    const more = body.error === 'invalid_token' ? `, error="invalid_token"` : '';
    c.header('www-authenticate', `Bearer realm="crossgate"${more}`);
  }
  c.header('cache-control', 'no-store');
  c.header('pragma', 'no-cache');
  return c.json(body, failure.status as 400);
}
