import { createHmac } from 'node:crypto';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { developmentCredentials, type UserPoolClient, type UserPoolCredentials } from './settings.ts';

export const poolId = 'us-east-1_LocalDev0';

/** The real SDK, pointed at a pool on this machine. It tries each call once. */
export function cognitoAt(
  endpoint: string,
  credentials: UserPoolCredentials = developmentCredentials,
  region = 'us-east-1',
): CognitoIdentityProviderClient {
  return new CognitoIdentityProviderClient({ endpoint, region, credentials, maxAttempts: 1 });
}

/** What a client with a secret sends along. */
export function secretHash({ id, secret = '' }: UserPoolClient, username: string): string {
  return createHmac('sha256', secret).update(`${username}${id}`).digest('base64');
}
