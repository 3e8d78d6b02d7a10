import type { PreTokenVersion } from './settings.ts';

/** What a pre-token-generation trigger asked for, for one token. */
export type ClaimChanges = { readonly add: Readonly<Record<string, unknown>>; readonly suppress: readonly string[] };

/** What a pre-token-generation trigger asked for. */
export type TokenChanges = {
  readonly id: ClaimChanges;
  readonly access: ClaimChanges;
  readonly scopesToAdd: readonly string[];
  readonly scopesToSuppress: readonly string[];
  /** Absent: the account's own. Empty: none. */
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  readonly preferredRole?: string;
};

/** The answer of the trigger has a shape that Cognito doesn't take. */
export class UnrecognizableAnswer extends Error {
  constructor(what: string) {
    super(`Unrecognizable lambda output: ${what}`);
    this.name = 'UnrecognizableAnswer';
  }
}

const none: ClaimChanges = { add: {}, suppress: [] };
/** What a pool without a trigger does. */
export const noChanges: TokenChanges = { id: none, access: none, scopesToAdd: [], scopesToSuppress: [] };

/** Claims that stay what Cognito makes them, whatever the trigger says. */
const locked = new Set(
  'acr amr at_hash aud auth_time azp client_id device_key event_id exp iat identities iss jti nbf nonce origin_jti sub token_use username version'.split(
    ' ',
  ),
);
const lockedPrefixes = ['cognito:', 'dev:', 'aws:'];
/** ID token claims that can't be objects or arrays. */
const simpleInIdToken = new Set(['phone_number_verified', 'email_verified', 'updated_at', 'address']);

/**
 * Reads the trigger's `response` as Cognito does: V1 knows `claimsOverrideDetails` with strings for the ID token alone;
 * V2 and V3 know `claimsAndScopeOverrideDetails` with any JSON for both tokens. `null` changes nothing.
 *
 * A `groupOverrideDetails` that is there but empty or null removes all groups; only one that isn't there keeps them.
 *
 * @throws UnrecognizableAnswer
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */
export function readTokenChanges(version: PreTokenVersion, response: unknown): TokenChanges {
  const field = version === 'V1_0' ? 'claimsOverrideDetails' : 'claimsAndScopeOverrideDetails';
  const details = record(record(response, 'response')[field], field);
  const groups = readGroups(details);
  if (version === 'V1_0') {
    const id = readClaims(details, field);
    for (const [claim, value] of Object.entries(id.add)) {
      if (typeof value !== 'string') throw new UnrecognizableAnswer(`${claim} must be a string in a V1_0 response`);
    }
    return { ...noChanges, id, ...groups };
  }
  const id = readClaims(record(details.idTokenGeneration, 'idTokenGeneration'), 'idTokenGeneration');
  const accessDetails = record(details.accessTokenGeneration, 'accessTokenGeneration');
  for (const [claim, value] of Object.entries(id.add)) {
    if (simpleInIdToken.has(claim) && typeof value === 'object') {
      throw new UnrecognizableAnswer(`${claim} can't be an object or array`);
    }
  }
  return {
    id,
    access: readClaims(accessDetails, 'accessTokenGeneration'),
    scopesToAdd: strings(accessDetails.scopesToAdd, 'scopesToAdd'),
    scopesToSuppress: strings(accessDetails.scopesToSuppress, 'scopesToSuppress'),
    ...groups,
  };
}

/**
 * Applies changes to a token's claims, in place: first what is added, then what is suppressed. Locked claims stay.
 *
 * @param audience The app client's id. In an access token the trigger may set `aud` to this and nothing else.
 * @returns The claims the trigger named in vain.
 */
export function applyClaims(claims: Record<string, unknown>, changes: ClaimChanges, audience?: string): string[] {
  const ignored: string[] = [];
  for (const [claim, value] of Object.entries(changes.add)) {
    const allowed = !isLocked(claim) || (claim === 'aud' && audience !== undefined && value === audience);
    if (allowed) claims[claim] = value;
    else ignored.push(claim);
  }
  for (const claim of changes.suppress) {
    if (isLocked(claim)) ignored.push(claim);
    else delete claims[claim];
  }
  return ignored;
}

/** The scopes of the access token. */
export function applyScopes(scopes: readonly string[], changes: TokenChanges): string[] {
  const suppressed = new Set(changes.scopesToSuppress);
  return [...new Set([...scopes, ...changes.scopesToAdd])].filter((scope) => !suppressed.has(scope));
}

function isLocked(claim: string): boolean {
  return locked.has(claim) || lockedPrefixes.some((prefix) => claim.startsWith(prefix));
}

function readGroups(details: Record<string, unknown>): Pick<TokenChanges, 'groups' | 'roles' | 'preferredRole'> {
  if (!Object.hasOwn(details, 'groupOverrideDetails')) return {};
  const given = record(details.groupOverrideDetails, 'groupOverrideDetails');
  const roles = strings(given.iamRolesToOverride, 'iamRolesToOverride');
  return {
    groups: strings(given.groupsToOverride, 'groupsToOverride'),
    ...(roles.length > 0 && { roles }),
    ...(typeof given.preferredRole === 'string' && { preferredRole: given.preferredRole }),
  };
}

function readClaims(details: Record<string, unknown>, where: string): ClaimChanges {
  return {
    add: record(details.claimsToAddOrOverride, `${where}.claimsToAddOrOverride`),
    suppress: strings(details.claimsToSuppress, `${where}.claimsToSuppress`),
  };
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new UnrecognizableAnswer(`${what} must be an object`);
  return value as Record<string, unknown>;
}

function strings(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) {
    throw new UnrecognizableAnswer(`${what} must be a list of strings`);
  }
  return value;
}
