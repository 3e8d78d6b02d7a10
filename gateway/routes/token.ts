import { createHash, randomBytes } from 'node:crypto';
import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import { claimsFor } from '../hand-off/claims.ts';
import { authenticateClient, type Credentials, readCredentials } from '../hand-off/client-authentication.ts';
import { signIdToken, tokenLifetime } from '../hand-off/id-token.ts';
import { sealMonitorTicket } from '../hand-off/monitor.ts';
import type { GatewayContext } from '../http/context.ts';
import { allowOrigin, preflight } from '../http/cors.ts';
import { type Parameters, readForm, singleParameters } from '../http/form.ts';
import { oauthErrorResponse } from '../http/oauth-error.ts';
import { endSessionsOf } from '../session/end.ts';
import type { SharedParts } from '../session/parts.ts';

const longestForm = 16_384;

/** Body of an answer with tokens (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). */
export type TokenBody = {
  /** Opaque; for `/userinfo` alone. */
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly id_token: string;
  readonly scope: string;
};

/** `POST /token`: an app's server, or a page that is an app of its own, gets tokens for a code. */
export async function token(c: GatewayContext, parts: SharedParts): Promise<Response> {
  let credentials: Credentials | undefined;
  try {
    c.header('vary', 'Origin');
    const posted = await readForm(c, longestForm);
    if (!posted) throw new SsoError('bad_request', 'no form');
    const form = singleParameters(posted);
    credentials = readCredentials(c.req.header('authorization'), form);
    // whoever reads an error has to be a page of the app that it names
    allowOrigin(c, parts.clients.byId(credentials.id)?.origins ?? []);
    const client = await authenticateClient(credentials, parts);
    const body = await redeem(form, client, c.req.header('origin'), parts);
    c.header('cache-control', 'no-store');
    c.header('pragma', 'no-cache');
    return c.json(body);
  } catch (error) {
    const challenge = credentials?.challenge ?? (c.req.header('authorization') === undefined ? undefined : 'Basic');
    return oauthErrorResponse(c, error, challenge, parts.log);
  }
}

/** `OPTIONS /token` */
export function tokenPreflight(c: GatewayContext, { clients }: SharedParts): Response {
  return preflight(c, clients.handOffOrigins, 'POST');
}

/**
 * Redeems a code. Whatever doesn't fit uses it up; a database that is down does not, as far as that can be known before.
 *
 * @param origin `Origin` of the request: a page gets only the code that went to its own origin.
 */
async function redeem(
  form: Parameters,
  client: ClientConfig,
  origin: string | undefined,
  parts: SharedParts,
): Promise<TokenBody> {
  const { clock, feed, log, store, users } = parts;
  const grantType = form.get('grant_type');
  if (grantType === undefined) throw new SsoError('bad_request', 'no grant_type');
  if (grantType !== 'authorization_code') throw new SsoError('grant_type_unsupported', 'not authorization_code');
  const code = form.get('code');
  if (code === undefined) throw new SsoError('bad_request', 'no code');
  // no code is worth anything without the person behind it: who can't be looked up now can be in a moment
  await users.ping();
  const now = clock();
  const accessToken = randomBytes(32).toString('base64url');
  const outcome = await store.redeemCode(
    {
      hash: sha256(code),
      clientId: client.id,
      redirectUri: form.get('redirect_uri') ?? '',
      challenge: challengeOf(form.get('code_verifier')),
      accessHash: sha256(accessToken),
      accessUntil: now + tokenLifetime,
      ...(origin !== undefined && { origin }),
    },
    now,
  );
  if (outcome.kind !== 'redeemed') {
    if (outcome.kind === 'reused') log.warn('a code came twice: its access token is revoked', { client: client.id });
    throw new SsoError('grant_refused', `${client.id}: code ${outcome.kind}`);
  }
  const { session, scope, nonce } = outcome;
  if (feed.isEnded(session.sid)) throw new SsoError('grant_refused', `${client.id}: the session has ended`);
  const person = await users.findById(session.userId);
  if (person?.state !== 'active') {
    await endSessionsOf(session, 'disabled', parts);
    throw new SsoError('grant_refused', `${client.id}: the person is ${person?.state ?? 'gone'}`);
  }
  const claims = claimsFor(person, scope, client);
  const watched = { sid: session.sid, clientId: client.id };
  const monitorTicket = await sealMonitorTicket(watched, parts.keyring.sealing, now, now + tokenLifetime);
  log.info('tokens given', { client: client.id, uid: session.userId, sid: session.sid });
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: tokenLifetime,
    id_token: signIdToken(client, { session, nonce, accessToken, monitorTicket, claims }, now, parts),
    scope,
  };
}

/** What a verifier amounts to (RFC 7636 §4.6); one that is none amounts to nothing that was ever sent. */
function challengeOf(verifier = ''): string {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) ? sha256(verifier) : '';
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
