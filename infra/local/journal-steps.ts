import type { NewStep } from './journal.ts';
import type { InvocationRecord } from './lambda-host.ts';
import type { PoolEvent } from './user-pool/settings.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A member of nested objects; `undefined` where there is no such path. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/**
 * A Lambda invocation as a step: which trigger, how long, the claims that it added, or its error. Where the claims name a
 * person, the row that they came from is a part of it.
 */
export function invocationStep(record: InvocationRecord): NewStep {
  const { functionName, event, response, error, durationMs, log } = record;
  const trigger = at(event, 'triggerSource');
  const claims = claimsOf(response);
  const outcome = error
    ? `failed: ${error.errorMessage}`
    : claims
      ? `adds ${Object.keys(claims).join(', ')}`
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
      durationMs: Math.round(durationMs),
      ...(claims ? { claims } : {}),
      ...(error ? { error: { type: error.errorType, message: error.errorMessage } } : {}),
      ...(log.length > 0 ? { log: log.map(readLine) } : {}),
    },
    parts: typeof claims?.uid === 'string' ? [rowStep(claims, log)] : [],
  };
}

function rowStep(claims: Json, log: readonly string[]): NewStep {
  const [, wrote] = /users row (created|linked)/.exec(log.join('\n')) ?? [];
  const done = { created: 'a new row', linked: 'a row that was there, linked' }[wrote ?? ''] ?? 'the row';
  return {
    kind: 'row',
    host: 'postgres',
    summary: `${done} ${claims.uid} in the users table`,
    details: { uid: claims.uid, roles: claims.roles, permissions: claims.permissions, action: wrote ?? 'read' },
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
