import { Buffer } from 'node:buffer';
import { asUserId, type UserId } from '../identity.ts';
import type { Person } from '../users/directory.ts';

/** A role's name. The database has the same rule as a CHECK. */
export const rolePattern = /^[A-Za-z0-9._:-]{1,64}$/;

/**
 * A permission, `resource:action`: each part 1 to 64 characters, without colon, space of any kind, control or invisible
 * character. The database has the same rule as a CHECK on each part.
 */
export const permissionPattern = new RegExp(`^${part()}:${part()}$`, 'u');

/** What a token says of a person beside the provider's own claims. Names as they stand in the token. */
export type PersonClaims = {
  /** Primary key of the person's row. */
  readonly uid: UserId;
  /** Role names. Absent: left out because the token would have grown too large; look them up by `uid`. Empty: none. */
  readonly roles?: readonly string[];
  /** `resource:action`. Absent and empty as in `roles`. Never there without roles. */
  readonly permissions?: readonly string[];
  /** Permission version that `roles` and `permissions` are of. */
  readonly perm_v: number;
};

/** {@link PersonClaims} for Cognito's V1 trigger, which takes nothing but strings. */
export type PersonClaimStrings = {
  readonly uid: string;
  /** Space-separated; empty for none. Absent as in {@link PersonClaims}. */
  readonly roles?: string;
  /** Space-separated; empty for none. Absent as in {@link PersonClaims}. */
  readonly permissions?: string;
  /** Decimal. */
  readonly perm_v: string;
};

/** All claims of a person, permissions included. Only an active person should get any: the caller looks. */
export function claimsOf(person: Person): Required<PersonClaims> {
  return {
    uid: person.id,
    roles: person.roles,
    permissions: person.permissions,
    perm_v: person.permissionVersion,
  };
}

/** The same claims as strings, for Cognito's V1 trigger. */
export function claimsAsStrings(claims: PersonClaims): PersonClaimStrings {
  return {
    uid: claims.uid,
    ...(claims.roles && { roles: claims.roles.join(' ') }),
    ...(claims.permissions && { permissions: claims.permissions.join(' ') }),
    perm_v: String(claims.perm_v),
  };
}

/**
 * Bytes by which these claims lengthen a token: their JSON, base64url-coded.
 *
 * @see RFC 7515 §3
 */
export function claimsSize(claims: PersonClaims | PersonClaimStrings): number {
  return Math.ceil((Buffer.byteLength(JSON.stringify(claims)) * 4) / 3);
}

/**
 * Bytes that an HTTP API of API Gateway takes as request line and header values together. An access token and a domain
 * cookie in one request both count, each with our claims; this is why claims have a budget.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */
export const apiGatewayHeaderLimit = 10_240;

/** Claims that may be left out, in the order in which they are: what is most goes first. */
const optional = ['permissions', 'roles'] as const;

/** What of a person's claims goes into a token, and what it comes to. */
export type FittedClaims = {
  readonly claims: PersonClaims;
  /** As {@link claimsSize} has it, in the form that was asked for. */
  readonly size: number;
  readonly leftOut: readonly (typeof optional)[number][];
};

/**
 * The claims as far as they fit a budget. Over it permissions are left out, all of them; where roles alone are over it,
 * roles too. A list is never cut short: half of somebody's permissions would look like all of them. What is left out is
 * absent from the token, and whoever needs it asks the directory by `uid`. Only `uid` and `perm_v` are always there.
 *
 * @param budget Bytes, as {@link claimsSize} counts them.
 * @param form How the token carries them: V1 of the trigger takes strings, V2 and V3 take lists.
 */
export function fitClaims(all: Required<PersonClaims>, budget: number, form: 'lists' | 'strings'): FittedClaims {
  const sizeOf = (claims: PersonClaims) => claimsSize(form === 'strings' ? claimsAsStrings(claims) : claims);
  const { permissions: _permissions, ...withRoles } = all;
  const { roles: _roles, ...bare } = withRoles;
  for (const [gone, claims] of [all, withRoles].entries()) {
    const size = sizeOf(claims);
    if (size <= budget) return { claims, size, leftOut: optional.slice(0, gone) };
  }
  return { claims: bare, size: sizeOf(bare), leftOut: optional };
}

/**
 * Reads our claims out of the payload of a token whose signature, issuer and audience were checked, and whose provider
 * runs our trigger. Takes lists and V1's strings alike.
 *
 * @returns `undefined`, which means nobody, where `uid` is missing, or where any one of the claims is malformed: half of
 *   what a token says is not what was signed.
 */
export function readPersonClaims(payload: Record<string, unknown>): PersonClaims | undefined {
  const { uid } = payload;
  const version = readVersion(payload.perm_v);
  if (typeof uid !== 'string' || !isUserId(uid) || version === undefined) return undefined;
  const bare = { uid: asUserId(uid), perm_v: version };
  // both left out; permissions alone are nothing that we sign
  if (payload.roles === undefined) return payload.permissions === undefined ? bare : undefined;
  const roles = readList(payload.roles, rolePattern);
  if (roles === undefined) return undefined;
  if (payload.permissions === undefined) return { ...bare, roles };
  const permissions = readList(payload.permissions, permissionPattern);
  return permissions && { ...bare, roles, permissions };
}

/** Could this be the id of a row? 1 to 255 characters, none a control character or half a surrogate pair. */
function isUserId(value: string): boolean {
  return value.length > 0 && value.length <= 255 && !/[\p{Cc}\p{Cs}]/u.test(value);
}

function readList(value: unknown, pattern: RegExp): readonly string[] | undefined {
  const list: unknown = typeof value === 'string' ? (value === '' ? [] : value.split(' ')) : value;
  if (!Array.isArray(list)) return undefined;
  const isGood = (item: unknown): item is string => typeof item === 'string' && pattern.test(item);
  return list.every(isGood) ? list : undefined;
}

function readVersion(value: unknown): number | undefined {
  const version = typeof value === 'string' && /^[1-9][0-9]{0,15}$/.test(value) ? Number(value) : value;
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1 ? version : undefined;
}

function part(): string {
  return '[^\\s:\\p{Cc}\\p{Cs}\\u200b-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\ufeff]{1,64}';
}
