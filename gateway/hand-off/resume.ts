import { createHash } from 'node:crypto';
import type { Seconds } from '../../shared/clock.ts';
import { attemptLifetime } from '../../shared/cookies/login-attempt.ts';
import { SsoError } from '../../shared/errors.ts';
import { longestUrl } from '../../shared/return-url.ts';
import { seal, unseal } from '../../shared/tokens/sealed.ts';
import type { Parts } from '../session/parts.ts';
import {
  type AuthorizationRequest,
  parametersOf,
  readAuthorizationRequest,
  readReturnAddress,
} from './authorization-request.ts';

/** What is known of a request that comes back from signing in. */
export type Resumed = {
  /** When it came for the first time. */
  readonly startedAt: Seconds;
  /** Whom it has to be, by the first time's `id_token_hint`. */
  readonly sub: string | undefined;
};

type Sealed = { readonly of: string; readonly sub?: string };

/** Room in an address for what {@link resumeUrl} adds, in characters. */
const room = 400;

/**
 * Makes sure that a request could be led through a sign-in and back, whether or not this one has to be: an app should
 * find out at once, not when somebody happens to be signed out.
 *
 * @throws SsoError `request_too_long`
 */
export function assertResumable(request: AuthorizationRequest, { at }: Parts): void {
  if (at.url('/authorize', parametersOf(request)).length + room > longestUrl)
    throw new SsoError('request_too_long', 'no room to come back from signing in');
}

/** Where a sign-in returns to, to go on with a request. It says since when, in a way that nobody else can. */
export async function resumeUrl(
  request: AuthorizationRequest,
  sub: string | undefined,
  { at, clock, keyring }: Parts,
): Promise<string> {
  const now = clock();
  const sealed: Sealed = { of: digestOf(request), ...(sub !== undefined && { sub }) };
  const resume = await seal(keyring.sealing, 'authorization', sealed, now, now + attemptLifetime);
  return at.url('/authorize', { ...parametersOf(request), resume });
}

/** Reads what {@link resumeUrl} wrote; `undefined`: the request comes for the first time, or too late. */
export async function readResumed(
  resume: string | null,
  request: AuthorizationRequest,
  { clock, keyring }: Parts,
): Promise<Resumed | undefined> {
  if (resume === null) return undefined;
  const opened = await unseal<Sealed>(keyring.sealing, 'authorization', resume, clock());
  return opened && opened.of === digestOf(request) ? { startedAt: opened.iat, sub: opened.sub } : undefined;
}

/** The request that a sign-in would go on with at `returnTo`; `undefined`: it leads elsewhere, or {@link resumeUrl} didn't write it. */
export async function readResumeUrl(returnTo: string, parts: Parts): Promise<AuthorizationRequest | undefined> {
  const { origin, pathname, searchParams } = new URL(returnTo);
  if (origin + pathname !== parts.at.url('/authorize')) return undefined;
  try {
    const request = readAuthorizationRequest(searchParams, readReturnAddress(searchParams, parts.clients));
    return (await readResumed(searchParams.get('resume'), request, parts)) && request;
  } catch (error) {
    if (error instanceof SsoError) return undefined;
    throw error;
  }
}

/** The one request that it counts for: an older one may have been satisfied by a sign-in of long ago. */
function digestOf(request: AuthorizationRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(parametersOf(request)))
    .digest('base64url')
    .slice(0, 22);
}
