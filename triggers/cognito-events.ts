import { asSubject, type Subject } from '../shared/identity.ts';
import type { IdentityAttributes } from '../shared/users/directory.ts';

/**
 * What we read of a pre-token-generation event, whichever version. Everything else of it goes back untouched.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */
export type TokenEvent = {
  readonly version: 1 | 2 | 3;
  /** Whom the token is for; `undefined`: a machine (client credentials), which is nobody in the users table. */
  readonly person: { readonly subject: Subject; readonly attributes: IdentityAttributes } | undefined;
};

/**
 * Reads a pre-token-generation event.
 *
 * @throws TypeError that names the field, never its value, where the event is none that we understand.
 */
export function parseTokenEvent(event: unknown): TokenEvent {
  const { version, triggerSource, request } = record(event, 'event');
  if (typeof triggerSource !== 'string' || !triggerSource.startsWith('TokenGeneration_'))
    throw new TypeError('triggerSource');
  const number = version === '1' ? 1 : version === '2' ? 2 : version === '3' ? 3 : undefined;
  if (number === undefined) throw new TypeError('version');
  if (triggerSource === 'TokenGeneration_ClientCredentials') return { version: number, person: undefined };
  const attributes = record(record(request, 'request').userAttributes, 'request.userAttributes');
  const { sub } = attributes;
  if (typeof sub !== 'string' || sub === '') throw new TypeError('request.userAttributes.sub');
  return { version: number, person: { subject: asSubject(sub), attributes: readAttributes(attributes) } };
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

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (!value || typeof value !== 'object' || Array.isArray(value)) throw new TypeError(where);
  return value as Record<string, unknown>;
}
