import { SsoError } from '../../shared/errors.ts';
import { authenticateClient, type Credentials, readCredentials } from '../hand-off/client-authentication.ts';
import type { GatewayContext } from '../http/context.ts';
import { readForm, singleParameters } from '../http/form.ts';
import { oauthErrorResponse } from '../http/oauth-error.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import type { Introspection } from '../introspection/introspection.ts';
import type { SharedParts } from '../session/parts.ts';

const longestForm = 16_384;

/**
 * `POST /introspect`: an app's server that can't verify tokens itself asks about one (RFC 7662). `token_type_hint` is not
 * needed and not read.
 */
export async function introspect(
  c: GatewayContext,
  introspection: Introspection,
  limit: RateLimit,
  parts: SharedParts,
): Promise<Response> {
  let credentials: Credentials | undefined;
  try {
    const posted = await readForm(c, longestForm);
    if (!posted) throw new SsoError('bad_request', 'no form');
    const form = singleParameters(posted);
    credentials = readCredentials(c.req.header('authorization'), form);
    const client = await authenticateClient(credentials, parts);
    if (client.introspections === 0) throw new SsoError('introspection_refused', `${client.id} may not introspect`);
    const now = parts.clock();
    const retryAfter = limit.take(client.id, client.introspections, now);
    if (retryAfter !== undefined) {
      c.header('retry-after', String(retryAfter));
      throw new SsoError('rate_limited', `${client.id}: over ${client.introspections} a minute`);
    }
    const token = form.get('token');
    if (token === undefined) throw new SsoError('bad_request', 'no token');
    c.header('cache-control', 'no-store');
    return c.json(await introspection.introspect(token, client, now));
  } catch (error) {
    const challenge = credentials?.challenge ?? (c.req.header('authorization') === undefined ? undefined : 'Basic');
    return oauthErrorResponse(c, error, challenge, parts.log);
  }
}
