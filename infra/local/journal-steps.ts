import type { NewStep } from './journal.ts';
import type { InvocationRecord } from './lambda-host.ts';
import type { QueueEvent } from './queue.ts';
import type { PoolEvent } from './user-pool/settings.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of nested objects; `undefined` where there is no such path. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/**
 * A Lambda invocation as a step: which trigger, how long, the claims that it added, or its error. The rows that it read or
 * wrote are parts of it, as far as its claims or its log name them.
 */
export function invocationStep(record: InvocationRecord): NewStep {
  const { functionName, event, response, error, durationMs, log } = record;
  const trigger = at(event, 'triggerSource');
  const claims = claimsOf(response);
  const messages = at(event, 'Records');
  const failed = at(response, 'batchItemFailures');
  const writesRows = Array.isArray(messages) || (typeof trigger === 'string' && trigger.startsWith('PostConfirmation'));
  const outcome = error
    ? `failed: ${error.errorMessage}`
    : claims
      ? `adds ${Object.keys(claims).join(', ')}`
      : Array.isArray(failed) && failed.length > 0
        ? `could not handle ${failed.length} of ${Array.isArray(messages) ? messages.length : 0}`
        : 'is done';
  return {
    kind: 'trigger',
    host: 'lambda',
    at: record.at,
    summary: `${functionName} ${outcome}`,
    details: {
      function: functionName,
      ...(typeof trigger === 'string' ? { trigger } : {}),
      ...(at(event, 'version') === undefined ? {} : { version: at(event, 'version') }),
      ...(at(event, 'userName') === undefined ? {} : { username: at(event, 'userName') }),
      ...(Array.isArray(messages) ? { messages: messages.length } : {}),
      ...(Array.isArray(failed) && failed.length > 0 ? { failed: failed.length } : {}),
      durationMs: Math.round(durationMs),
      ...(claims ? { claims } : {}),
      ...(error ? { error: { type: error.errorType, message: error.errorMessage } } : {}),
      ...(log.length > 0 ? { log: log.map(readLine) } : {}),
    },
    parts:
      typeof claims?.uid === 'string' ? [rowStep(claims, log)] : writesRows ? log.map(readLine).flatMap(loggedRow) : [],
  };
}

/** A row that a function wrote without giving claims: at sign-up, or from the queue. */
function loggedRow(line: unknown): NewStep[] {
  const [, wrote] = /^users row (created|linked)$/.exec(String(at(line, 'event'))) ?? [];
  if (wrote !== undefined && typeof at(line, 'uid') === 'string') {
    return [rowStep({ uid: at(line, 'uid') }, [JSON.stringify(line)])];
  }
  if (at(line, 'event') !== 'sign-in applied') return [];
  const details = { action: 'sign-in', subject: at(line, 'subject'), signedInAt: at(line, 'at') };
  return [{ kind: 'row', host: 'postgres', summary: 'the time of the sign-in, and the profile', details }];
}

function rowStep(claims: Json, log: readonly string[]): NewStep {
  const [, wrote] = /users row (created|linked)/.exec(log.join('\n')) ?? [];
  const done = { created: 'a new row', linked: 'a row that was there, linked' }[wrote ?? ''] ?? 'the row';
  return {
    kind: 'row',
    host: 'postgres',
    summary: `${done} ${claims.uid} in the users table`,
    details: {
      uid: claims.uid,
      ...(claims.roles === undefined ? {} : { roles: claims.roles, permissions: claims.permissions }),
      action: wrote ?? 'read',
    },
  };
}

/** Of pre-token-generation: what goes into the ID token. V1 and V2 say it differently. */
function claimsOf(response: unknown): Json | undefined {
  const answer = at(response, 'response');
  const claims =
    at(answer, 'claimsAndScopeOverrideDetails', 'idTokenGeneration', 'claimsToAddOrOverride') ??
    at(answer, 'claimsOverrideDetails', 'claimsToAddOrOverride');
  return isObject(claims) ? claims : undefined;
}

/** Functions log lines of JSON; as objects, they are redacted by their keys. */
function readLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return line;
    throw error;
  }
}

const messageSays: Readonly<Record<QueueEvent['type'], string>> = {
  sent: 'a message was sent',
  received: 'a message was taken',
  deleted: 'a message is done with',
  'dead-lettered': 'a message was given up: it is in the dead-letter queue',
};

/** What happened to a message of the queue, as a step. */
export function queueStep({ type, queue, messageId, body, receiveCount = 1, reason }: QueueEvent): NewStep {
  const again = receiveCount > 1 ? `, for the ${receiveCount}. time` : '';
  return {
    kind: 'queue',
    host: 'queue',
    summary: `${queue}: ${messageSays[type]}${again}`,
    details: {
      event: type,
      queue,
      messageId,
      ...(type === 'received' ? { receiveCount } : {}),
      message: readLine(body),
      ...(reason === undefined ? {} : { reason: readLine(reason) }),
    },
  };
}

const said: Readonly<Record<PoolEvent['type'], string>> = {
  authorize: 'an app asks for a sign-in',
  'sign-in': 'signed in',
  'sign-in-refused': 'refused to sign in',
  'sign-up': 'a new account',
  confirm: 'an account was confirmed',
  'code-sent': 'mailed a code (see the outbox)',
  'password-reset': 'a password was changed',
  'trigger-failed': 'a trigger failed',
  token: 'made tokens',
  'token-refused': 'refused to make tokens',
  refresh: 'made new tokens for a refresh token',
  'user-info': 'told an app about somebody',
  logout: 'signed out',
  revoke: 'a refresh token was revoked',
  cancel: 'the sign-in was cancelled',
  administration: 'an administrator changed an account',
};

/** An event of the user pool as a step; of tokens, their claims. */
export function poolStep({ type, at: when, details }: PoolEvent): NewStep {
  const who = details.username ?? details.email;
  return {
    kind: type === 'token' || type === 'refresh' ? 'token' : 'pool',
    host: 'user-pool',
    at: when,
    summary: `${said[type]}${typeof who === 'string' ? `: ${who}` : ''}`,
    details: { event: type, ...details },
  };
}
