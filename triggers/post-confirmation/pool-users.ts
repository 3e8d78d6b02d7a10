import type { Milliseconds } from '../../shared/clock.ts';
import { within } from '../../shared/deadline.ts';

/** A profile in a user pool, as the event names it. */
export type PoolUser = { readonly userPoolId: string; readonly userName: string };

/**
 * Takes back a sign-up in the user pool. Rejects where that isn't known to have worked.
 *
 * @returns `gone`: the pool has no such profile (any more).
 */
export type TakeBack = (user: PoolUser) => Promise<'done' | 'gone'>;

/**
 * Takes back by the pool's own API, for which the function's role needs `cognito-idp:AdminDeleteUser` or
 * `cognito-idp:AdminDisableUser` on that pool.
 *
 * The SDK is loaded while the function starts, its client made when first needed; `AWS_REGION` and
 * `AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER` are its own variables.
 *
 * @param deadline For the whole of it.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html
 */
export function createTakeBack(how: 'disable' | 'delete', deadline: Milliseconds): TakeBack {
  const loaded = import('@aws-sdk/client-cognito-identity-provider');
  loaded.catch(() => {}); // whoever takes back is told
  let client: InstanceType<Awaited<typeof loaded>['CognitoIdentityProviderClient']> | undefined;

  const send = async ({ userPoolId, userName }: PoolUser): Promise<'done' | 'gone'> => {
    const sdk = await loaded;
    client ??= new sdk.CognitoIdentityProviderClient({ maxAttempts: 2 });
    const input = { UserPoolId: userPoolId, Username: userName };
    const options = { abortSignal: AbortSignal.timeout(deadline) };
    try {
      if (how === 'delete') await client.send(new sdk.AdminDeleteUserCommand(input), options);
      else await client.send(new sdk.AdminDisableUserCommand(input), options);
      return 'done';
    } catch (error) {
      if (error instanceof sdk.UserNotFoundException) return 'gone';
      throw error;
    }
  };
  return (user) => within(deadline, send(user), () => new Error(`no answer within ${deadline} ms`));
}
