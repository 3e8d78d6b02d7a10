import type { Seconds } from '../../../shared/clock.ts';
import { type Authorization, returnUrl } from './authorization.ts';
import type { Pool } from './pool.ts';

/**
 * The URL that takes an authorization code to the app. Runs the pre-token-generation trigger on the way: Cognito does
 * that when the person signs in, so that its error reaches the person, and not when the code is redeemed.
 *
 * @throws TriggerError
 */
export async function grantCode(
  pool: Pool,
  authorization: Authorization,
  sub: string,
  authTime: Seconds,
): Promise<string> {
  const { client, scopes, redirectUri, state } = authorization;
  const account = pool.accounts.bySub(sub);
  const changes = await pool.triggers.preTokenGeneration('TokenGeneration_HostedAuth', client, scopes, account);
  const code = pool.grants.issueCode({ authorization, sub, authTime, changes });
  return returnUrl(redirectUri, { code, state });
}
