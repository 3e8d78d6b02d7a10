import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Account, NewAccount } from './accounts.ts';
import type { TriggerFunctions, UserPoolClient, UserPoolOptions } from './settings.ts';
import { noChanges, readTokenChanges, type TokenChanges, UnrecognizableAnswer } from './token-changes.ts';

/** A trigger said no or broke. The message is Cognito's, and people see it. */
export class TriggerError extends Error {
  readonly trigger: keyof TriggerFunctions;

  constructor(trigger: keyof TriggerFunctions, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TriggerError';
    this.trigger = trigger;
  }
}

/** Why tokens are made, in Cognito’s words. */
export type TokenSource =
  | 'TokenGeneration_HostedAuth'
  | 'TokenGeneration_Authentication'
  | 'TokenGeneration_RefreshTokens'
  | 'TokenGeneration_ClientCredentials';

/** Every method rejects with a {@link TriggerError}. Without a function for the trigger nothing happens. */
export type Triggers = {
  preSignUp(
    person: NewAccount,
    username: string,
    client: UserPoolClient,
  ): Promise<{ confirm: boolean; verifyEmail: boolean }>;
  postConfirmation(
    account: Account,
    client: UserPoolClient,
    source: 'ConfirmSignUp' | 'ConfirmForgotPassword',
  ): Promise<void>;
  postAuthentication(account: Account, client: UserPoolClient): Promise<void>;
  /** @param account Absent: a machine, which only V3_0 hears of. */
  preTokenGeneration(
    source: TokenSource,
    client: UserPoolClient,
    scopes: readonly string[],
    account?: Account,
  ): Promise<TokenChanges>;
};

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html#cognito-user-pools-lambda-trigger-syntax-shared */
type TriggerEvent = { readonly userName: string; readonly request: object; readonly response: object };

/** Cognito tries a function that doesn't answer in time twice more. */
const attempts = 3;

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html */
export function createTriggers(
  options: Pick<UserPoolOptions, 'lambda'> & {
    readonly poolId: string;
    readonly region: string;
    /** Told of every failure before it is thrown. */
    readonly onFailure: (error: TriggerError, userName: string) => void;
  },
): Triggers {
  const { lambda, poolId, region } = options;
  const sdk =
    lambda &&
    new LambdaClient({
      region,
      endpoint: lambda.endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });

  async function fire(trigger: keyof TriggerFunctions, event: TriggerEvent): Promise<unknown> {
    try {
      return await call(trigger, event);
    } catch (cause) {
      if (cause instanceof TriggerError) options.onFailure(cause, event.userName);
      throw cause;
    }
  }

  async function call(trigger: keyof TriggerFunctions, event: TriggerEvent): Promise<unknown> {
    const name = lambda?.triggers[trigger]?.name;
    if (sdk === undefined || name === undefined) return undefined;
    const payload = JSON.stringify(event);
    for (let attempt = 1; ; attempt++) {
      const abortSignal = AbortSignal.timeout(lambda?.timeoutMs ?? 5_000);
      try {
        const answer = await sdk.send(new InvokeCommand({ FunctionName: name, Payload: payload }), { abortSignal });
        const value = JSON.parse(answer.Payload?.transformToString() ?? 'null') as Record<string, unknown> | null;
        if (answer.FunctionError !== undefined) {
          throw new TriggerError(trigger, `${trigger} failed with error ${value?.errorMessage}.`);
        }
        if (typeof value !== 'object' || value === null || !('response' in value)) {
          throw new TriggerError(trigger, 'Unrecognizable lambda output');
        }
        return value.response;
      } catch (cause) {
        if (cause instanceof TriggerError) throw cause;
        if (!abortSignal.aborted) {
          const error = cause instanceof Error ? cause.name : String(cause);
          throw new TriggerError(trigger, `${trigger} invocation failed due to error ${error}.`, { cause });
        }
        if (attempt < attempts) continue;
        const late = `${trigger} invocation failed due to error Socket timeout while invoking Lambda function.`;
        throw new TriggerError(trigger, late, { cause });
      }
    }
  }

  function event(version: string, triggerSource: string, userName: string, client: UserPoolClient) {
    const callerContext = { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: client.id };
    return { version, region, userPoolId: poolId, userName, callerContext, triggerSource };
  }

  return {
    async preSignUp({ email, name }, username, client) {
      const response = await fire('PreSignUp', {
        ...event('1', 'PreSignUp_SignUp', username, client),
        request: { userAttributes: { email, name }, validationData: null },
        response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
      });
      const { autoConfirmUser, autoVerifyEmail } = (response ?? {}) as Record<string, unknown>;
      return { confirm: autoConfirmUser === true, verifyEmail: autoVerifyEmail === true };
    },
    async postConfirmation(account, client, source) {
      const shared = event('1', `PostConfirmation_${source}`, account.username, client);
      await fire('PostConfirmation', { ...shared, request: { userAttributes: attributes(account) }, response: {} });
    },
    async postAuthentication(account, client) {
      const shared = event('1', 'PostAuthentication_Authentication', account.username, client);
      const request = { userAttributes: attributes(account), newDeviceUsed: false };
      await fire('PostAuthentication', { ...shared, request, response: {} });
    },
    async preTokenGeneration(source, client, scopes, account) {
      const version = lambda?.triggers.PreTokenGeneration?.version ?? 'V1_0';
      if (account === undefined && version !== 'V3_0') return noChanges;
      const groups = account?.groups ?? [];
      const response = await fire('PreTokenGeneration', {
        ...event(version.charAt(1), source, account?.username ?? client.id, client),
        request: {
          userAttributes: account === undefined ? {} : attributes(account),
          groupConfiguration: { groupsToOverride: groups, iamRolesToOverride: [], preferredRole: null },
          ...(version !== 'V1_0' && { scopes }),
        },
        response: version === 'V1_0' ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
      });
      try {
        return readTokenChanges(version, response);
      } catch (cause) {
        if (!(cause instanceof UnrecognizableAnswer)) throw cause;
        const error = new TriggerError('PreTokenGeneration', cause.message, { cause });
        options.onFailure(error, account?.username ?? client.id);
        throw error;
      }
    },
  };
}

/** All values are strings in a trigger's event. */
function attributes(account: Account): Record<string, string> {
  return {
    ...account.more,
    sub: account.sub,
    email_verified: String(account.emailVerified),
    'cognito:user_status': account.status,
    ...(account.name !== '' && { name: account.name }),
    ...(account.email !== '' && { email: account.email }),
  };
}
