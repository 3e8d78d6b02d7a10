import { asSubject, type Subject } from '../shared/identity.ts';
import type { IdentityAttributes } from '../shared/users/directory.ts';

/** Somebody, as a user pool's event has them. */
export type PoolPerson = { readonly subject: Subject; readonly attributes: IdentityAttributes };

/**
 * What we read of a pre-token-generation event, whichever version. Everything else of it goes back untouched.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */
export type TokenEvent = {
  readonly version: 1 | 2 | 3;
  /** Such as `TokenGeneration_HostedAuth`. */
  readonly source: string;
  /** Whether a person has just come. Not so for a refresh, or for a source that we don't know. */
  readonly isSignIn: boolean;
  /** Whom the token is for; `undefined`: a machine (client credentials), which is nobody in the users table. */
  readonly person: PoolPerson | undefined;
};

/** The sources of tokens that stand at the end of a sign-in. */
const signIns: readonly string[] = [
  'TokenGeneration_HostedAuth',
  'TokenGeneration_Authentication',
  'TokenGeneration_NewPasswordChallenge',
  'TokenGeneration_AuthenticateDevice',
];

/**
 * Reads a pre-token-generation event.
 *
 * @throws TypeError that names the field, never its value, where the event is none that we understand.
 */
export function parseTokenEvent(event: unknown): TokenEvent {
  const { version, triggerSource: source, request } = record(event, 'event');
  if (typeof source !== 'string' || !source.startsWith('TokenGeneration_')) throw new TypeError('triggerSource');
  const number = version === '1' ? 1 : version === '2' ? 2 : version === '3' ? 3 : undefined;
  if (number === undefined) throw new TypeError('version');
  if (source === 'TokenGeneration_ClientCredentials')
    return { version: number, source, isSignIn: false, person: undefined };
  return { version: number, source, isSignIn: signIns.includes(source), person: readPerson(request) };
}

/**
 * What we read of a post-confirmation event.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
 */
export type ConfirmationEvent = {
  readonly what: 'sign-up' | 'password-reset';
  readonly person: PoolPerson;
  readonly userPoolId: string;
  /** Name of the pool's profile. That of somebody who came by another provider begins with that provider's name. */
  readonly userName: string;
  /**
   * Whose the profile is: the pool's own, an external provider's alone, or one to which an external identity was
   * linked, and which was there before.
   */
  readonly profile: 'native' | 'external' | 'linked';
};

/**
 * Reads a post-confirmation event.
 *
 * @throws TypeError as {@link parseTokenEvent}.
 */
export function parseConfirmationEvent(event: unknown): ConfirmationEvent {
  const { triggerSource, userPoolId, userName, request } = record(event, 'event');
  const what =
    triggerSource === 'PostConfirmation_ConfirmSignUp'
      ? 'sign-up'
      : triggerSource === 'PostConfirmation_ConfirmForgotPassword'
        ? 'password-reset'
        : undefined;
  if (what === undefined) throw new TypeError('triggerSource');
  if (typeof userPoolId !== 'string' || userPoolId === '') throw new TypeError('userPoolId');
  if (typeof userName !== 'string' || userName === '') throw new TypeError('userName');
  return { what, userPoolId, userName, person: readPerson(request), profile: profileOf(attributesOf(request)) };
}

/**
 * Reads who signed in of a post-authentication event, and how it names itself.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-authentication.html
 * @throws TypeError as {@link parseTokenEvent}.
 */
export function parseAuthenticationEvent(event: unknown): { readonly source: string; readonly person: PoolPerson } {
  const { triggerSource: source, request } = record(event, 'event');
  if (source !== 'PostAuthentication_Authentication') throw new TypeError('triggerSource');
  return { source, person: readPerson(request) };
}

/**
 * What a user pool's attributes say of a person. Only strings count; the documentation shows objects and lists in places
 * where the pool sends none.
 */
export function readAttributes(attributes: Readonly<Record<string, unknown>>): IdentityAttributes {
  const text = (name: string) => {
    const value = attributes[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const email = text('email');
  const name =
    text('name') ??
    ([text('given_name'), text('family_name')].filter((part) => part !== undefined).join(' ') || undefined);
  return {
    emailVerified: attributes.email_verified === 'true' || attributes.email_verified === true,
    ...(email === undefined ? {} : { email }),
    ...(name === undefined ? {} : { name }),
  };
}

function attributesOf(request: unknown): Readonly<Record<string, unknown>> {
  return record(record(request, 'request').userAttributes, 'request.userAttributes');
}

function readPerson(request: unknown): PoolPerson {
  const attributes = attributesOf(request);
  const { sub } = attributes;
  if (typeof sub !== 'string' || sub === '') throw new TypeError('request.userAttributes.sub');
  return { subject: asSubject(sub), attributes: readAttributes(attributes) };
}

/** An external profile carries its own identity and no other; what we can't read counts as one linked. */
function profileOf(attributes: Readonly<Record<string, unknown>>): ConfirmationEvent['profile'] {
  const identities = countIdentities(attributes.identities);
  if (attributes['cognito:user_status'] === 'EXTERNAL_PROVIDER') return identities <= 1 ? 'external' : 'linked';
  return identities === 0 ? 'native' : 'linked';
}

/** The attribute is a list as JSON, in a string. */
function countIdentities(value: unknown): number {
  if (value === undefined || value === '') return 0;
  try {
    const list = typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
    return Array.isArray(list) ? list.length : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (!value || typeof value !== 'object' || Array.isArray(value)) throw new TypeError(where);
  return value as Record<string, unknown>;
}
