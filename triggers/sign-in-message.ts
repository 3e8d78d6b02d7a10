import type { Seconds } from '../shared/clock.ts';
import { asSubject, type Identity } from '../shared/identity.ts';
import { isStorable } from '../shared/store/storable.ts';
import { cleanAttributes } from '../shared/users/attributes.ts';
import type { IdentityAttributes } from '../shared/users/directory.ts';

/** What a trigger tells `profile-update` of a sign-in, as JSON in the body of an SQS message. */
export type SignInMessage = {
  /** Of this format. Another number is another format: who doesn't know it must not guess. */
  readonly v: 1;
  /** Names the message in both logs. */
  readonly id: string;
  readonly provider: string;
  readonly subject: string;
  /** When the trigger ran. */
  readonly at: Seconds;
  readonly attributes: IdentityAttributes;
  /** Cognito's name of the event: `PostAuthentication_Authentication`, `TokenGeneration_HostedAuth`, … */
  readonly trigger: string;
};

/** A message that no repetition will make readable. The message of the error is the reason: fields, never values. */
export class PoisonedMessage extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'PoisonedMessage';
  }
}

/** Longest body. A message of ours has at most half of that. */
const longestBody = 4096;

/** For clocks that don't agree. */
const leeway: Seconds = 300;

const fields = ['v', 'id', 'provider', 'subject', 'at', 'attributes', 'trigger'];
const attributeFields = ['email', 'emailVerified', 'name'];

/** Writes a message that {@link parseSignInMessage} reads: attributes that no row would take are cleaned or left out. */
export function writeSignInMessage(identity: Identity, message: Omit<SignInMessage, 'v' | keyof Identity>): string {
  const { id, at, trigger, attributes } = message;
  const { provider, subject } = identity;
  const whole: SignInMessage = { v: 1, id, provider, subject, at, attributes: cleanAttributes(attributes), trigger };
  // SQS takes the characters of XML 1.0 alone; JSON may name the two others that text can hold
  return JSON.stringify(whole).replace(/[\ufffe\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

/**
 * Reads a message strictly: what is too long, unknown or of another type is refused, not mended.
 *
 * @param now A message from after it (and some minutes of grace) is refused: once applied, nothing truthful would ever be
 *   newer.
 * @throws PoisonedMessage
 */
export function parseSignInMessage(body: unknown, now: Seconds): Omit<SignInMessage, 'subject'> & Identity {
  if (typeof body !== 'string') throw new PoisonedMessage('the body is no text');
  if (body.length > longestBody) throw new PoisonedMessage('the body is too long');
  const message = readRecord(parseJson(body), 'the body');
  // before all else: of another version nothing else is known
  if (message.v !== 1)
    throw new PoisonedMessage(`v is ${typeof message.v === 'number' ? message.v : 'no number'}, not 1`);
  refuseUnknown(message, fields, 'the body');
  const said = readRecord(message.attributes, 'attributes');
  refuseUnknown(said, attributeFields, 'attributes');
  const { at } = message;
  if (typeof at !== 'number' || !Number.isFinite(at) || at < 0) throw new PoisonedMessage('at is no time');
  if (at > now + leeway) throw new PoisonedMessage('at lies in the future');
  if (typeof said.emailVerified !== 'boolean') throw new PoisonedMessage('attributes.emailVerified is no boolean');
  return {
    v: 1,
    id: text(message.id, 'id', 64),
    provider: text(message.provider, 'provider', 64),
    subject: asSubject(text(message.subject, 'subject', 255)),
    at,
    trigger: text(message.trigger, 'trigger', 64),
    attributes: {
      emailVerified: said.emailVerified,
      ...(said.email !== undefined && { email: text(said.email, 'attributes.email', 254) }),
      ...(said.name !== undefined && { name: text(said.name, 'attributes.name', 200) }),
    },
  };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new PoisonedMessage('the body is no JSON');
  }
}

function readRecord(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (!value || typeof value !== 'object' || Array.isArray(value)) throw new PoisonedMessage(`${where} is no object`);
  return value as Record<string, unknown>;
}

/** Says how many there are, not which: the name of a field could be anything, too. */
function refuseUnknown(record: object, known: readonly string[], where: string): void {
  const others = Object.keys(record).filter((key) => !known.includes(key)).length;
  if (others > 0) throw new PoisonedMessage(`${where} has ${others} fields that we don't know`);
}

function text(value: unknown, where: string, longest: number): string {
  if (typeof value !== 'string' || value === '') throw new PoisonedMessage(`${where} is no text`);
  if (value.length > longest) throw new PoisonedMessage(`${where} is too long`);
  if (!isStorable(value, longest)) throw new PoisonedMessage(`${where} has NUL or half a surrogate pair`);
  return value;
}
