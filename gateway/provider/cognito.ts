import type { ProviderConfig } from '../../shared/config.ts';
import { type FailureCode, failures } from '../../shared/errors.ts';

/**
 * Address that ends the person's session at Cognito. Its discovery lists an `end_session_endpoint`, but that is
 * Cognito's own `/logout?client_id&logout_uri`, not RP-Initiated Logout.
 *
 * @param endpoint From the configuration, or from discovery.
 * @param returnTo Has to be among the app client's sign-out URLs, exactly.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
 */
export function cognitoLogoutUrl(endpoint: string, provider: ProviderConfig, returnTo: string): string {
  const url = new URL(endpoint);
  url.searchParams.set('client_id', provider.clientId);
  url.searchParams.set('logout_uri', returnTo);
  return url.href;
}

/**
 * What a trigger of ours said when it refused a token. Cognito hands the trigger's message on inside an
 * `error_description`; our triggers use the sentences of the failures table, so the code can be found again.
 *
 * @returns `undefined` for everything that no trigger of ours says.
 */
export function triggerRefusal(errorDescription: string | undefined): FailureCode | undefined {
  const message = /^PreTokenGeneration failed with error (.+?)\.*$/.exec(errorDescription ?? '')?.[1];
  if (message === undefined) return undefined;
  const found = Object.entries(failures).find(([, failure]) => failure.says.replace(/\.+$/, '') === message);
  return found?.[0] as FailureCode | undefined;
}

/**
 * Does an `invalid_grant` only say that the trigger broke? Cognito has one code for a token that is worth nothing and for a
 * trigger that timed out or could not reach the database; the second says nothing of the person, and passes.
 */
export function isPassingTriggerFailure(errorDescription: string | undefined): boolean {
  const isTriggers = /^(PreTokenGeneration (invocation )?failed\b|Unrecognizable lambda output)/.test(
    errorDescription ?? '',
  );
  const refusal = triggerRefusal(errorDescription);
  return isTriggers && (refusal === undefined || failures[refusal].status >= 500);
}
