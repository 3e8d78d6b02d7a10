import type { Rule } from './rules.ts';

/**
 * - `allow`: let through.
 * - `sign-in`: somebody else might be let through; nobody is signed in.
 * - `forbid`: signed in, and not allowed.
 * - `needs-permissions`: the rule asks for roles or permissions, and what is known of them is missing or not current. Look
 *   them up and decide again; where that is impossible, refuse.
 */
export type Decision = 'allow' | 'sign-in' | 'forbid' | 'needs-permissions';

/**
 * Decides one request. What no rule covers is denied.
 *
 * @param who Whoever is signed in, whose token and session were found good; `undefined` for nobody.
 * @param knowsPermissions Whether what the rule asks of `who`'s roles and permissions is there and current (not older than
 *   the person's permission version, and the news of versions not stale).
 */
export function decide(
  rule: Rule | undefined,
  who: { readonly roles: readonly string[]; readonly permissions: readonly string[] } | undefined,
  knowsPermissions: boolean,
): Decision {
  if (rule?.public) return 'allow';
  if (!who) return 'sign-in';
  if (!rule) return 'forbid';
  if (rule.signedIn) return 'allow';
  if (!knowsPermissions) return 'needs-permissions';
  const allowed =
    rule.roles.some((role) => who.roles.includes(role)) ||
    rule.permissions.some((permission) => who.permissions.includes(permission));
  return allowed ? 'allow' : 'forbid';
}
