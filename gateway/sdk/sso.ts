import { type Answer, refusal } from './answer.ts';
import type { SignedIn, SignedOut, SsoFilter } from './decision.ts';
import type { Incoming } from './incoming.ts';
import { hasPermission, hasRole, type Person } from './person.ts';

/** What a handler finds of the sign-in: `c.var.sso` in Hono, `request.sso` in Express. */
export type Sso = Pick<SsoFilter, 'signInUrl' | 'signOutUrl'> &
  (
    | { readonly person: Person; readonly sid: string }
    /** An optional page and nobody there, or a CORS preflight. */
    | { readonly person: undefined; readonly sid: undefined; readonly challenge: () => Answer }
  );

/** What the filter decided, as a handler sees it. */
export function ssoOf(filter: SsoFilter, decision: SignedIn | SignedOut): Sso {
  const { signInUrl, signOutUrl } = filter;
  return decision.kind === 'signed-in'
    ? { person: decision.person, sid: decision.sid, signInUrl, signOutUrl }
    : { person: undefined, sid: undefined, challenge: decision.challenge, signInUrl, signOutUrl };
}

/** What a guard asks for. */
export type Demand = { readonly role: string } | { readonly permission: string };

/**
 * How a guard answers: nobody is sent to sign in, somebody without the role or permission is refused (403). So is
 * everybody where the cookie does not carry it: what is not known is not granted.
 *
 * @param sso `undefined`: the filter did not run, which counts as nobody's permission to pass.
 * @returns `undefined`: let through.
 */
export function guard(sso: Sso | undefined, demand: Demand, incoming: Incoming): Answer | undefined {
  if (sso && !sso.person) return sso.challenge();
  const allowed = 'role' in demand ? hasRole(sso?.person, demand.role) : hasPermission(sso?.person, demand.permission);
  return allowed ? undefined : refusal('forbidden', incoming);
}
