import { randomBytes } from 'node:crypto';
import type { Seconds } from '../../../../shared/clock.ts';
import { type Account, LoginTaken, passwordPolicy } from '../accounts.ts';
import type { Pool } from '../pool.ts';
import { ApiFault, invalidParameter, userNotFound } from './fault.ts';
import type { Parameters } from './parameters.ts';
import { attributesOf, changesOf, userOf } from './user.ts';
import { readFilter } from './user-filter.ts';

/** One operation of the API: its parameters in, its answer out. */
export type Operation = (parameters: Parameters) => object | Promise<object>;

/** A page's token is good for an hour. */
const tokenLifetime: Seconds = 3600;

/**
 * The operations of administrators, which need a signature. As in Cognito, none of them fires a trigger, and people are
 * listed in an order that means nothing.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_Operations.html
 */
export function peopleOperations(pool: Pool): Readonly<Record<string, Operation>> {
  const { accounts, clock } = pool;

  const accountOf = (parameters: Parameters): Account => {
    const username = parameters.text('Username');
    const account = accounts.find(username) ?? accounts.bySub(username);
    if (account === undefined) throw userNotFound();
    return account;
  };

  const done = (operation: string, { username }: Account) => {
    pool.report('administration', { operation, username });
    return {};
  };

  /** An operation that changes one account. */
  const changing =
    (operation: string, change: (account: Account, parameters: Parameters) => void | Promise<void>): Operation =>
    async (parameters) => {
      const account = accountOf(parameters);
      await change(account, parameters);
      return done(operation, account);
    };

  return {
    ListUsers(parameters) {
      const limit = parameters.number('Limit', 0, 60) || 60;
      const filter = parameters.optionalText('Filter');
      const only = parameters.texts('AttributesToGet');
      const after = readToken(parameters.optionalText('PaginationToken'), filter, clock());
      const matches = readFilter(filter);
      const found = accounts
        .all()
        .filter((account) => (after === undefined || account.sub > after) && matches(account))
        .sort((a, b) => (a.sub < b.sub ? -1 : 1));
      const page = found.slice(0, limit);
      for (const name of only ?? []) {
        if (page.some((account) => attributesOf(account)[name] === undefined)) {
          throw invalidParameter(`One or more requested attributes do not exist: ${name}`);
        }
      }
      const last = page.at(-1);
      return {
        Users: page.map((account) => userOf(account, 'Attributes', only)),
        ...(last !== undefined && found.length > page.length && { PaginationToken: tokenOf(last, filter, clock()) }),
      };
    },

    AdminGetUser: (parameters) => userOf(accountOf(parameters), 'UserAttributes'),

    async AdminCreateUser(parameters) {
      const username = parameters.text('Username');
      const action = parameters.optionalText('MessageAction');
      if (action === 'RESEND') throw new ApiFault('UnsupportedUserStateException', 'This pool sends no invitations.');
      if (action !== undefined && action !== 'SUPPRESS') throw invalidParameter('MessageAction is RESEND or SUPPRESS.');
      const isEmail = username.includes('@');
      const given = { ...(isEmail && { email: username }), ...parameters.attributes('UserAttributes') };
      const { changes, taken } = changesOf(given, accounts);
      const { email = '', name = '', ...rest } = changes;
      if (taken) throw new ApiFault('UsernameExistsException', 'An account with the email already exists.');
      const password = checkedPassword(
        parameters.optionalText('TemporaryPassword') ?? randomBytes(18).toString('base64url'),
      );
      try {
        const account = await accounts.create(
          { email, name, password },
          { ...rest, ...(!isEmail && { username }), status: 'FORCE_CHANGE_PASSWORD' },
        );
        done('AdminCreateUser', account);
        return { User: userOf(account, 'Attributes') };
      } catch (cause) {
        if (cause instanceof LoginTaken) throw new ApiFault('UsernameExistsException', 'User account already exists');
        throw cause;
      }
    },

    AdminUpdateUserAttributes: changing('AdminUpdateUserAttributes', (account, parameters) => {
      const { changes, taken } = changesOf(parameters.attributes('UserAttributes'), accounts, account);
      if (taken) throw new ApiFault('AliasExistsException', 'An account with the email already exists.');
      accounts.change(account, changes);
    }),

    AdminSetUserPassword: changing('AdminSetUserPassword', async (account, parameters) => {
      await accounts.setPassword(account, checkedPassword(parameters.text('Password')));
      accounts.change(account, { status: parameters.flag('Permanent') ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD' });
    }),

    AdminDisableUser: changing('AdminDisableUser', (account) =>
      accounts.change(account, { enabled: false, accessEndedAt: clock() }),
    ),

    AdminEnableUser: changing('AdminEnableUser', (account) => accounts.change(account, { enabled: true })),

    AdminDeleteUser: changing('AdminDeleteUser', (account) => {
      pool.grants.revokeAllOf(account.sub);
      accounts.remove(account);
    }),

    AdminUserGlobalSignOut: changing('AdminUserGlobalSignOut', ({ sub }) => pool.grants.revokeAllOf(sub)),
  };
}

/** @throws ApiFault for one that the policy forbids. */
export function checkedPassword(password: string): string {
  if (password.length >= passwordPolicy.minLength) return password;
  throw new ApiFault('InvalidPasswordException', `Password did not conform with policy: ${passwordPolicy.says}`);
}

function tokenOf({ sub }: Account, filter: string | undefined, now: Seconds): string {
  return Buffer.from(JSON.stringify([sub, filter ?? '', now + tokenLifetime])).toString('base64url');
}

/** The sub of the last account on the page before. */
function readToken(token: string | undefined, filter: string | undefined, now: Seconds): string | undefined {
  if (token === undefined) return undefined;
  try {
    const [sub, ofFilter, until] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[];
    if (typeof sub === 'string' && ofFilter === (filter ?? '') && Number(until) > now) return sub;
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
  }
  throw invalidParameter('Invalid pagination token');
}
