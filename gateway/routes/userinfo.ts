import { createHash } from 'node:crypto';
import { SsoError } from '../../shared/errors.ts';
import { claimsFor } from '../hand-off/claims.ts';
import type { GatewayContext } from '../http/context.ts';
import { allowOrigin, preflight } from '../http/cors.ts';
import { oauthErrorResponse } from '../http/oauth-error.ts';
import { endSessionsOf } from '../session/end.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * `GET` or `POST /userinfo`: what the app of an access token may be told of the person, as the directory has it now
 * (OpenID Connect Core §5.3). The token is taken from the `Authorization` header alone, where no log has it.
 */
export async function userinfo(c: GatewayContext, parts: SharedParts): Promise<Response> {
  const { clients, clock, feed, log, store, users } = parts;
  try {
    allowOrigin(c, clients.handOffOrigins);
    const authorization = c.req.header('authorization');
    if (authorization === undefined) throw new SsoError('not_signed_in', 'no access token');
    const token = /^bearer +([A-Za-z0-9_-]{43})$/i.exec(authorization)?.[1];
    const hash = createHash('sha256')
      .update(token ?? '')
      .digest('base64url');
    const grant = token === undefined ? undefined : await store.findGrant(hash, clock());
    const client = grant && clients.byId(grant.clientId);
    if (!grant || !client || feed.isEnded(grant.session.sid))
      throw new SsoError('token_invalid', 'unknown, expired or revoked');
    const person = await users.findById(grant.session.userId);
    if (person?.state !== 'active') {
      await endSessionsOf(grant.session, 'disabled', parts);
      throw new SsoError('token_invalid', `the person is ${person?.state ?? 'gone'}`);
    }
    const origin = c.req.header('origin');
    if (origin !== undefined && !client.origins.includes(origin))
      throw new SsoError('token_invalid', `a page elsewhere has a token of ${client.id}`);
    return c.json({ ...claimsFor(person, grant.scope, client), sub: grant.session.userId });
  } catch (error) {
    return oauthErrorResponse(c, error, 'Bearer', log);
  }
}

/** `OPTIONS /userinfo` */
export function userinfoPreflight(c: GatewayContext, { clients }: SharedParts): Response {
  return preflight(c, clients.handOffOrigins, 'GET, POST');
}
