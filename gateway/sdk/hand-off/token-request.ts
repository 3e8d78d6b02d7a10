import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type { Milliseconds, Seconds } from '../../../shared/clock.ts';
import { SsoError } from '../../../shared/errors.ts';
import { signToken } from '../../../shared/tokens/signed.ts';
import type { HandOffSettings } from './options.ts';

/** What a code was good for. Nothing in it is verified yet. */
export type Tokens = { readonly idToken: string; readonly accessToken: string };

const deadline: Milliseconds = 5000;
const assertionLifetime: Seconds = 60;
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Redeems a code at the gateway.
 *
 * @throws SsoError `login_attempt_used`: the gateway doesn't take the code (any more); `provider_unavailable`;
 *   `internal`: the gateway doesn't take this client.
 * @see RFC 6749 §4.1.3, RFC 7636 §4.5
 */
export async function requestTokens(
  code: { readonly code: string; readonly verifier: string; readonly redirectUri: string },
  settings: Pick<HandOffSettings, 'gateway' | 'clientId' | 'authentication' | 'clock' | 'fetch'>,
): Promise<Tokens> {
  const { fetch, gateway } = settings;
  const { headers, form } = credentials(settings);
  let answer: { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
  try {
    const response = await fetch(`${gateway}/token`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({
        ...form,
        grant_type: 'authorization_code',
        code: code.code,
        redirect_uri: code.redirectUri,
        code_verifier: code.verifier,
      }).toString(),
      redirect: 'manual',
      signal: AbortSignal.timeout(deadline),
    });
    answer = { status: response.status, body: ((await response.json()) ?? {}) as Record<string, unknown> };
  } catch (cause) {
    throw new SsoError('provider_unavailable', 'the gateway’s /token', { cause });
  }
  const { status, body } = answer;
  const { access_token: accessToken, id_token: idToken, error } = body;
  if (status === 200 && typeof accessToken === 'string' && typeof idToken === 'string') return { idToken, accessToken };
  if (status === 400 && error === 'invalid_grant') throw new SsoError('login_attempt_used', 'invalid_grant');
  if (status === 400 || status === 401)
    throw new SsoError('internal', `the gateway refuses this client: ${nameOf(error)}`);
  throw new SsoError('provider_unavailable', `the gateway’s /token answered ${status}`);
}

/** How this client shows who it is: `client_secret_basic`, `private_key_jwt`, or its id alone. */
function credentials({
  authentication,
  clientId,
  clock,
  gateway,
}: Pick<HandOffSettings, 'gateway' | 'clientId' | 'authentication' | 'clock'>) {
  if (authentication.kind === 'none') return { headers: {}, form: { client_id: clientId } };
  if (authentication.kind === 'secret') {
    // RFC 6749 §2.3.1: both are encoded before they are joined
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(authentication.secret)}`;
    return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, form: {} };
  }
  const now = clock();
  const assertion = signToken({ current: authentication.key }, 'JWT', {
    iss: clientId,
    sub: clientId,
    aud: gateway,
    iat: now,
    exp: now + assertionLifetime,
    jti: randomBytes(16).toString('base64url'),
  });
  return { headers: {}, form: { client_assertion: assertion, client_assertion_type: assertionType } };
}

/** The gateway's word for what is wrong, if it is one. */
const nameOf = (error: unknown): string =>
  typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : 'no OAuth error';
