import { failures } from '../../shared/errors.ts';
import type { GatewayContext } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import type { Parts } from '../session/parts.ts';
import { renewSession } from '../session/renew.ts';

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

/** `GET /session`: who am I, as the directory says right now. 401 for a visitor. Sets no cookie. */
export async function session(c: GatewayContext, parts: Parts): Promise<Response> {
  c.header('vary', 'Cookie');
  const found = await renewSession(c.req.header('cookie'), parts);
  if (!found) return problem(c, 'not_signed_in', failures.not_signed_in, parts.at.url('/login'));
  const { person } = found;
  const body: SessionBody = {
    uid: person.uid,
    email: person.email ?? null,
    name: person.name ?? null,
    roles: person.roles ?? [],
    permissions: person.permissions ?? [],
    auth_time: found.session.authTime,
    ends_at: found.session.endsAt,
  };
  return c.json(body);
}
