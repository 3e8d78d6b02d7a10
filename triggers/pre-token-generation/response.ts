import { claimsAsStrings, type PersonClaims } from '../../shared/permissions/claims.ts';
import type { TokenEvent } from '../cognito-events.ts';

/** Names of the claims that are ours in a provider's token. */
const ours = ['uid', 'roles', 'permissions', 'perm_v'];

/**
 * The `response` of a pre-token-generation event. It replaces the event's own whole.
 *
 * Groups and scopes are not mentioned: to mention them, even empty, is to override them. V1 takes strings and reaches the
 * ID token alone; V2 and V3 take lists and reach both tokens.
 *
 * @param claims `undefined`: a token that says nothing of the person, for a machine or under `degrade`. Claims of our
 *   names are suppressed then, should anything else have put them there.
 */
export function tokenResponse(version: TokenEvent['version'], claims: PersonClaims | undefined): object {
  if (version === 1) {
    return {
      claimsOverrideDetails: claims ? { claimsToAddOrOverride: claimsAsStrings(claims) } : { claimsToSuppress: ours },
    };
  }
  const generation = claims ? { claimsToAddOrOverride: claims } : { claimsToSuppress: ours };
  return { claimsAndScopeOverrideDetails: { idTokenGeneration: generation, accessTokenGeneration: generation } };
}
