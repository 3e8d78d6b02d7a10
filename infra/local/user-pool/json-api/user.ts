import type { Account, Accounts, GivenAccount } from '../accounts.ts';
import { invalidParameter } from './fault.ts';

/** The attributes of an account, as the API has them: all are strings. */
export function attributesOf(account: Account): Readonly<Record<string, string>> {
  const { sub, email, emailVerified, name, more } = account;
  return {
    ...more,
    sub,
    ...(email !== '' && { email, email_verified: String(emailVerified) }),
    ...(name !== '' && { name }),
  };
}

/**
 * An account as `ListUsers`, `AdminCreateUser` and `AdminGetUser` show it; the last calls the attributes otherwise.
 *
 * @param only Names of the attributes to show. Absent: all.
 */
export function userOf(account: Account, attributes: 'Attributes' | 'UserAttributes', only?: readonly string[]) {
  const shown = Object.entries(attributesOf(account)).filter(([name]) => only?.includes(name) ?? true);
  return {
    Username: account.username,
    [attributes]: shown.map(([Name, Value]) => ({ Name, Value })),
    UserCreateDate: account.createdAt ?? 0,
    UserLastModifiedDate: account.modifiedAt ?? account.createdAt ?? 0,
    Enabled: account.enabled,
    UserStatus: account.status,
  };
}

/** What attributes that somebody gave mean for an account: only what they name. */
export function changesOf(attributes: Readonly<Record<string, string>>, accounts: Accounts, own?: Account) {
  const { sub, email, email_verified, name, ...rest } = attributes;
  if (sub !== undefined) throw invalidParameter('Cannot modify the non-mutable attribute sub');
  if (email !== undefined && email !== '' && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    throw invalidParameter('Invalid email address format.');
  }
  const holder = email === undefined || email === '' ? undefined : accounts.find(email);
  const emailChanges = email !== undefined && email !== own?.email;
  return {
    taken: holder !== undefined && holder !== own,
    changes: {
      ...(email !== undefined && { email }),
      // as in Cognito, an address that changes is unverified unless the same call says otherwise
      ...((emailChanges || email_verified !== undefined) && { emailVerified: email_verified === 'true' }),
      ...(name !== undefined && { name }),
      ...(Object.keys(rest).length > 0 && { more: { ...own?.more, ...rest } }),
    } satisfies Partial<Account> & GivenAccount,
  };
}
