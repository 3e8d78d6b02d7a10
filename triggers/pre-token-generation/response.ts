import {
  claimsAsStrings,
  claimsOf,
  type FittedClaims,
  fitClaims,
  type PersonClaims,
} from '../../shared/permissions/claims.ts';
import type { Person } from '../../shared/users/directory.ts';
import type { TokenEvent } from '../cognito-events.ts';

/** Names of the claims that are ours in a provider's token. */
const ours = ['uid', 'roles', 'permissions', 'perm_v'];

/**
 * The `response` of a pre-token-generation event. It replaces the event's own whole.
 *
 * Groups and scopes are not mentioned: to mention them, even empty, is to override them. V1 takes strings and reaches the
 * ID token alone; V2 and V3 take lists and reach both tokens.
 *
 * @param claims `undefined`: a token that says nothing of the person, under `degrade`. Claims of our names that are absent
 *   here are suppressed, should anything else have put them there.
 */
export function tokenResponse(version: TokenEvent['version'], claims: PersonClaims | undefined): object {
  const absent = ours.filter((name) => !claims || !Object.hasOwn(claims, name));
  const suppress = absent.length > 0 ? { claimsToSuppress: absent } : {};
  if (version === 1) {
    const add = claims ? { claimsToAddOrOverride: claimsAsStrings(claims) } : {};
    return { claimsOverrideDetails: { ...add, ...suppress } };
  }
  const generation = { ...(claims ? { claimsToAddOrOverride: claims } : {}), ...suppress };
  return { claimsAndScopeOverrideDetails: { idTokenGeneration: generation, accessTokenGeneration: generation } };
}

/**
 * Makes what says which of a person's claims a token of some version carries within the budget. For a person who is
 * remembered it is worked out once: a pool sends one version.
 *
 * @see fitClaims
 */
export function tokenFitter(budget: number): (version: TokenEvent['version'], person: Person) => FittedClaims {
  const done = new WeakMap<Person, { readonly form: 'lists' | 'strings'; readonly fitted: FittedClaims }>();
  return (version, person) => {
    const form = version === 1 ? 'strings' : 'lists';
    const known = done.get(person);
    if (known?.form === form) return known.fitted;
    const fitted = fitClaims(claimsOf(person), budget, form);
    done.set(person, { form, fitted });
    return fitted;
  };
}
