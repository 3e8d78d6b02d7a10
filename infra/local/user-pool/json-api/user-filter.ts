import type { Account } from '../accounts.ts';
import { invalidParameter } from './fault.ts';
import { attributesOf } from './user.ts';

/** Attributes that people can be looked for by; `username` and `status` are no attributes, but can be too. */
const searchable = new Set([
  'sub',
  'username',
  'email',
  'phone_number',
  'name',
  'given_name',
  'family_name',
  'preferred_username',
  'cognito:user_status',
  'status',
]);

/**
 * Reads the filter of `ListUsers`: `email = "ann@acme.test"`, or `^=` for a beginning. `cognito:user_status` is the status
 * in any case of letters, `status` is `Enabled` or `Disabled`.
 *
 * @param filter Absent or empty: everybody.
 * @throws ApiFault for an attribute that can't be searched by, or a filter of another form.
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
 */
export function readFilter(filter: string | undefined): (account: Account) => boolean {
  if (filter === undefined || filter.trim() === '') return () => true;
  const parts = /^\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*$/s.exec(filter);
  const [, attribute, operator, quoted] = parts ?? [];
  if (attribute === undefined || quoted === undefined) throw invalidParameter('Error while parsing filter.');
  if (!searchable.has(attribute)) throw invalidParameter(`Invalid search attribute: ${attribute}`);
  const loose = attribute === 'cognito:user_status' || attribute === 'email';
  const fold = (text: string) => (loose ? text.toLowerCase() : text);
  const wanted = fold(quoted.replace(/\\(.)/gs, '$1'));
  return (account) => {
    const value = searched(account, attribute);
    if (value === undefined) return false;
    return operator === '=' ? fold(value) === wanted : fold(value).startsWith(wanted);
  };
}

function searched(account: Account, attribute: string): string | undefined {
  switch (attribute) {
    case 'username':
      return account.username;
    case 'status':
      return account.enabled ? 'Enabled' : 'Disabled';
    case 'cognito:user_status':
      return account.status;
    default:
      return attributesOf(account)[attribute];
  }
}
