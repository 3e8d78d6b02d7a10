import type * as Sdk from '@aws-sdk/client-cognito-identity-provider';
import { asSubject, type Subject } from '../../../shared/identity.ts';
import { readAttributes } from '../../../triggers/cognito-events.ts';
import { CliError, exits } from '../console.ts';
import type { PoolUser } from './difference.ts';
import { patiently, turnstile } from './pace.ts';

/** Some of the people of a user pool, in an order that means nothing. */
export type PoolPage = { readonly users: readonly PoolUser[]; readonly next?: string };

/**
 * A user pool, as far as `reconcile` needs it. Every method waits for its turn, and is patient with a pool that says it is
 * asked too much.
 *
 * @throws CliError exit 5 where the pool can't be reached, 1 where it refuses: credentials, rights, no such pool.
 */
export type ReconciledPool = {
  /** @param token The last page's `next`. `'expired'`: the pool knows it no more, which it does after an hour. */
  page(token?: string): Promise<PoolPage | 'expired'>;
  /** As they are now. `undefined`: gone, or somebody else by now. */
  again(user: PoolUser): Promise<PoolUser | undefined>;
  find(subject: Subject): Promise<PoolUser | undefined>;
  /** `false`: there is no such user. */
  disable(user: PoolUser): Promise<boolean>;
};

export type PoolAddress = { readonly poolId: string; readonly region: string; readonly endpoint?: string };

/** Cognito lists no more at a time. */
const pageSize = 60;
/** Cognito's quotas are 30 lists and 120 reads of one user a second, for all pools of an account in a region. */
const readsPerList = 4;
const sdkName = '@aws-sdk/client-cognito-identity-provider';

/**
 * Opens the pool by the AWS SDK, with the credentials that the SDK finds.
 *
 * @param perSecond Most calls that list or change in a second; of those that read one user, four times as many.
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 * @throws CliError where the SDK is not installed.
 */
export async function openUserPool(
  { poolId, region, endpoint }: PoolAddress,
  perSecond: number,
): Promise<ReconciledPool> {
  const sdk = await loadSdk();
  const client = new sdk.CognitoIdentityProviderClient({ region, ...(endpoint && { endpoint }) });
  const turns = { lists: turnstile(perSecond), reads: turnstile(perSecond * readsPerList) };
  const UserPoolId = poolId;

  /** @param expected Errors of the pool that mean something: their names, and what they mean. */
  async function ask<T, E = never>(
    call: () => Promise<T>,
    expected: Readonly<Record<string, E>> = {},
    turn = turns.lists,
  ): Promise<T | E> {
    try {
      return await patiently(async () => {
        await turn();
        return await call();
      }, isTooMany);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (Object.hasOwn(expected, name)) return expected[name] as E;
      throw explained(error, poolId);
    }
  }

  return {
    async page(token) {
      const call = () =>
        client.send(
          new sdk.ListUsersCommand({ UserPoolId, Limit: pageSize, ...(token && { PaginationToken: token }) }),
        );
      const said = token === undefined ? {} : { InvalidParameterException: 'expired' as const };
      const answer = await ask(call, said);
      if (answer === 'expired') return answer;
      const users = (answer.Users ?? []).flatMap((user) => listed(user, user.Attributes) ?? []);
      return { users, ...(answer.PaginationToken && { next: answer.PaginationToken }) };
    },

    async again({ username, subject }) {
      const call = () => client.send(new sdk.AdminGetUserCommand({ UserPoolId, Username: username }));
      const answer = await ask(call, { UserNotFoundException: undefined }, turns.reads);
      const user = answer && listed(answer, answer.UserAttributes);
      return user?.subject === subject ? user : undefined;
    },

    async find(subject) {
      const Filter = `sub = "${subject.replace(/["\\]/g, '\\$&')}"`;
      for (let PaginationToken: string | undefined; ; ) {
        const token = PaginationToken;
        const answer = await ask(() =>
          client.send(new sdk.ListUsersCommand({ UserPoolId, Filter, ...(token && { PaginationToken: token }) })),
        );
        const users = (answer.Users ?? []).flatMap((user) => listed(user, user.Attributes) ?? []);
        const found = users.find((user) => user.subject === subject);
        if (found || !answer.PaginationToken) return found;
        PaginationToken = answer.PaginationToken;
      }
    },

    async disable({ username }) {
      const call = () => client.send(new sdk.AdminDisableUserCommand({ UserPoolId, Username: username }));
      return (await ask(call, { UserNotFoundException: undefined })) !== undefined;
    },
  };
}

async function loadSdk(): Promise<typeof Sdk> {
  try {
    return await import('@aws-sdk/client-cognito-identity-provider');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new CliError(exits.wrong, `crossgate reconcile needs the AWS SDK: npm install ${sdkName}`);
  }
}

type Described = Pick<Sdk.UserType, 'Username' | 'Enabled' | 'UserStatus' | 'UserCreateDate' | 'UserLastModifiedDate'>;

/** `undefined` for what has no name or no sub, which no user has. */
function listed(user: Described, given: readonly Sdk.AttributeType[] = []): PoolUser | undefined {
  const attributes = Object.fromEntries(given.map(({ Name, Value }) => [Name, Value]));
  const { sub } = attributes;
  if (!user.Username || !sub) return undefined;
  return {
    username: user.Username,
    subject: asSubject(sub),
    enabled: user.Enabled !== false,
    status: user.UserStatus ?? 'UNKNOWN',
    attributes: readAttributes(attributes),
    changedAt: Math.max(...[user.UserCreateDate, user.UserLastModifiedDate].map((at) => (at?.getTime() ?? 0) / 1000)),
  };
}

function isTooMany(error: unknown): boolean {
  const names = ['TooManyRequestsException', 'ThrottlingException', 'LimitExceededException'];
  return error instanceof Error && names.includes(error.name);
}

/** Says whose fault it is. The pool's own words are for administrators, and quote nothing secret. */
function explained(error: unknown, poolId: string): CliError {
  const { name, message, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const what = message ? `${name}: ${message}` : name;
  if (isTooMany(error)) return new CliError(exits.userPool, `The user pool ${poolId} is asked too much: ${what}`);
  if (name === 'CredentialsProviderError') {
    return new CliError(exits.wrong, `There are no AWS credentials: ${message}`);
  }
  if (status >= 400 && status < 500) return new CliError(exits.wrong, `The user pool ${poolId} refuses: ${what}`);
  const { code } = error as NodeJS.ErrnoException;
  return new CliError(exits.userPool, `The user pool ${poolId} cannot be reached: ${code ?? what}`);
}
