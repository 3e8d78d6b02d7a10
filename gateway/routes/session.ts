import type { ClientRegistry } from '../../shared/clients.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import { requestOrigin } from '../http/same-origin.ts';
import type { Parts } from '../session/parts.ts';
import { cookiesOf, type Renewal, renewSession } from '../session/renew.ts';

/** Body of `GET /session`. Times are seconds since 1970. */
export type SessionBody = {
  /** Primary key of the person's row. */
  readonly uid: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly auth_time: number;
  /** Nothing renews the session past this. */
  readonly ends_at: number;
};

/** Body of `POST /session`. */
export type RenewedBody = SessionBody & {
  /** When the renewed cookie's token ends: ask again before. */
  readonly expires_at: number;
};

/** `GET /session`: who am I, as the directory says right now. 401 for a visitor. Sets no domain cookie. */
export async function session(c: GatewayContext, parts: Parts): Promise<Response> {
  c.header('vary', 'Cookie');
  const found = await renewSession(c.req.header('cookie'), parts);
  if (!found) return visitor(c, parts);
  if (found.hostCookie !== undefined) addCookies(c, [found.hostCookie]);
  return c.json(bodyOf(found));
}

/**
 * `POST /session`: renews the domain cookie, for apps that only fetch. Their pages send our cookies along where they stand
 * below the parent domain; from anywhere else there is nobody to renew.
 *
 * @throws SsoError `cross_site_refused`: not a page of ours or of a registered app on the same site.
 */
export async function renewBySession(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, clients } = parts;
  c.header('vary', 'Origin');
  const from = requestOrigin(headerReader(c), at.origin, (one) => clients.byOrigin(one) !== undefined);
  if (from !== 'own' && from !== 'app') throw new SsoError('cross_site_refused', 'renewal asked for by another site');
  allowCredentials(c, clients);
  const found = await renewSession(c.req.header('cookie'), parts);
  if (!found) return visitor(c, parts);
  addCookies(c, cookiesOf(found));
  const body: RenewedBody = { ...bodyOf(found), expires_at: found.expiresAt };
  return c.json(body);
}

/** `OPTIONS /session`: what a page may send with {@link renewBySession}. */
export function sessionPreflight(c: GatewayContext, { clients }: Parts): Response {
  c.header('vary', 'Origin');
  if (allowCredentials(c, clients)) {
    c.header('access-control-allow-methods', 'POST');
    c.header('access-control-allow-headers', 'content-type');
    c.header('access-control-max-age', '600');
  }
  return c.body(null, 204);
}

function allowCredentials(c: GatewayContext, clients: ClientRegistry): boolean {
  const origin = c.req.header('origin');
  if (origin === undefined || !clients.byOrigin(origin)) return false;
  c.header('access-control-allow-origin', origin);
  c.header('access-control-allow-credentials', 'true');
  return true;
}

const visitor = (c: GatewayContext, { at }: Parts): Response =>
  problem(c, 'not_signed_in', failures.not_signed_in, at.url('/login'));

function bodyOf({ person, session: { authTime, endsAt } }: Renewal): SessionBody {
  return {
    uid: person.uid,
    email: person.email ?? null,
    name: person.name ?? null,
    roles: person.roles ?? [],
    permissions: person.permissions ?? [],
    auth_time: authTime,
    ends_at: endsAt,
  };
}
