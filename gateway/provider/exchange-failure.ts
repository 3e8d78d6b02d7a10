import * as client from 'openid-client';
import { SsoError } from '../../shared/errors.ts';
import { triggerRefusal } from './cognito.ts';

/**
 * What a failed exchange means to the person.
 *
 * @param error What openid-client threw; an error of ours stays as it is.
 * @param provider Its id, for the log.
 */
export function exchangeFailure(error: unknown, provider: string): SsoError {
  if (error instanceof SsoError) return error;
  if (error instanceof client.AuthorizationResponseError) {
    if (error.error === 'access_denied')
      return new SsoError('login_cancelled', `${provider}: access_denied`, { cause: error });
    if (error.error === 'login_required' || error.error === 'interaction_required') {
      return new SsoError('not_signed_in', `${provider}: ${error.error}`, { cause: error });
    }
    if (error.error === 'server_error' || error.error === 'temporarily_unavailable') {
      return new SsoError('provider_unavailable', `${provider}: ${error.error}`, { cause: error });
    }
    const refusal = triggerRefusal(error.error_description);
    return new SsoError(refusal ?? 'login_refused', `${provider}: ${error.error}`, { cause: error });
  }
  if (error instanceof client.ResponseBodyError) {
    const refusal = triggerRefusal(error.error_description);
    if (refusal) return new SsoError(refusal, `${provider}: a trigger refused the token`, { cause: error });
    if (error.error === 'invalid_grant')
      return new SsoError('login_attempt_used', `${provider}: invalid_grant`, { cause: error });
    // a wrong client secret or redirect URI is ours to mend; the person can only come back later
    return new SsoError('provider_unavailable', `${provider}: token endpoint said ${error.error}`, { cause: error });
  }
  if (error instanceof client.ClientError && isInvalidAnswer(error.code)) {
    return new SsoError('login_attempt_invalid', `${provider}: ${error.code}`, { cause: error });
  }
  return new SsoError('provider_unavailable', `${provider} cannot be reached`, { cause: error });
}

/** Codes by which openid-client says that an answer arrived and does not hold. */
function isInvalidAnswer(code: string | undefined): boolean {
  return (
    code === 'OAUTH_INVALID_RESPONSE' ||
    code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' ||
    code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' ||
    code === 'OAUTH_KEY_SELECTION_FAILED' ||
    code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED' ||
    code === 'OAUTH_UNSUPPORTED_OPERATION'
  );
}
