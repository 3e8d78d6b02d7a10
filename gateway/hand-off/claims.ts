import type { ClientConfig } from '../../shared/config.ts';
import type { Person } from '../../shared/users/directory.ts';

/** Which claim each scope asks for. */
const claimOf = { email: 'email', profile: 'name', roles: 'roles', permissions: 'permissions' } as const;

/** Scopes that mean something here. */
export const scopes = ['openid', ...Object.keys(claimOf)];

/**
 * What is granted of the scopes that an app asks for: unknown ones are passed over (OpenID Connect Core §3.1.2.1).
 *
 * @returns Scopes separated by spaces, in our order; `undefined` without `openid`.
 */
export function grantedScope(asked: string): string | undefined {
  const words = asked.split(' ');
  return words.includes('openid') ? scopes.filter((scope) => words.includes(scope)).join(' ') : undefined;
}

/**
 * What an app is told of a person beside `sub`: what it asked for, as far as its registration allows it and the person's
 * row has it.
 */
export function claimsFor(
  person: Person,
  scope: string,
  client: Pick<ClientConfig, 'claims'>,
): Record<string, unknown> {
  const asked = scope.split(' ');
  const names = Object.entries(claimOf).filter(
    ([word, claim]) => asked.includes(word) && client.claims.includes(claim),
  );
  return Object.fromEntries(
    names.flatMap(([, claim]) => (person[claim] === undefined ? [] : [[claim, person[claim]]])),
  );
}
