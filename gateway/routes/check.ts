import { failures, SsoError } from '../../shared/errors.ts';
import { decide } from '../../shared/permissions/decide.ts';
import type { CheckCore, Visitor } from '../check/core.ts';
import { type FlatHeaders, identityHeaders } from '../check/identity-headers.ts';
import type { MintIdentity } from '../check/identity-token.ts';
import { type CheckRequest, type CheckRules, readCheckRequest } from '../check/request.ts';
import { type GatewayContext, headerReader } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import { isNavigation, isPrefetch, isPreflight } from '../http/navigation.ts';
import { endSessionsOf } from '../session/end.ts';
import type { Parts } from '../session/parts.ts';

/** What the route needs beside the parts: the synchronous core and what surrounds it. */
export type Checker = {
  readonly core: CheckCore;
  readonly rules: CheckRules;
  /** Absent where identity JWTs are off. */
  readonly mintIdentity: MintIdentity | undefined;
};

/**
 * `GET /check`: may this request through? 204 with the identity headers; 401 problem+json with a `login` URL; 302 for a
 * navigation; 403 for somebody who lacks what the rule asks; 503 where that can't be known right now.
 *
 * The question is about the request that a trusted proxy forwards, or, without forwarded headers, about the caller alone.
 */
export async function check(c: GatewayContext, checker: Checker, parts: Parts): Promise<Response> {
  const { clock } = parts;
  const header = headerReader(c);
  c.header('vary', 'Cookie, Sec-Fetch-Mode, Sec-Fetch-Dest, Accept');
  const request = readCheckRequest(header, c.env.incoming?.socket.remoteAddress, checker.rules);
  const { target, rule } = request;
  const method = target?.method ?? c.req.method;
  if (isPreflight(method, header)) return allow(c, checker.core.nobody);

  const now = clock();
  const outcome = checker.core.check(c.req.header('cookie'), rule, now);
  switch (outcome.kind) {
    case 'allow': {
      const { visitor } = outcome;
      // towards the end of its life a page load is the moment to renew: the person doesn't notice
      if (visitor.kind === 'known' && target && visitor.cookie.exp - now <= parts.config.cookie.renewWithin) {
        if (isNavigation(method, header) && !isPrefetch(header))
          return c.redirect(parts.at.url('/refresh', { return_to: parts.at.judge(target.url.href) }), 302);
      }
      return allow(c, withToken(outcome.headers, visitor, request, checker, now));
    }
    case 'needs-permissions':
      return await checkAfresh(c, outcome.visitor, request, checker, parts);
    case 'stale':
      throw new SsoError('permissions_stale', 'the revocation feed is stale');
    case 'forbid':
      throw new SsoError('forbidden', `rule for ${target?.host}${target?.path}: ${rule ? 'not allowed' : 'none'}`);
    case 'sign-in':
      return signIn(c, outcome.visitor, request, parts);
  }
}

/** Decides by what the directory says right now. */
async function checkAfresh(
  c: GatewayContext,
  visitor: Visitor & { kind: 'known' },
  request: CheckRequest,
  checker: Checker,
  parts: Parts,
): Promise<Response> {
  const person = await parts.users.findById(visitor.cookie.uid);
  if (person?.state !== 'active') {
    await endSessionsOf({ userId: visitor.cookie.uid }, 'disabled', parts);
    return signIn(c, { kind: 'nobody', why: 'session-ended' }, request, parts);
  }
  if (decide(request.rule, person, true) !== 'allow') throw new SsoError('forbidden', 'not allowed by the directory');
  const headers = identityHeaders(parts.config.check, { ...person, uid: person.id });
  const now = parts.clock();
  return allow(c, withToken(headers, { ...visitor, cookie: { ...visitor.cookie, ...person } }, request, checker, now));
}

function withToken(
  headers: FlatHeaders,
  visitor: Visitor,
  { target }: CheckRequest,
  { mintIdentity }: Checker,
  now: number,
): FlatHeaders {
  return mintIdentity ? [...headers, ...mintIdentity(visitor, target?.host, now)] : headers;
}

function allow(c: GatewayContext, headers: FlatHeaders): Response {
  for (let i = 0; i < headers.length; i += 2) c.header(headers[i] ?? '', headers[i + 1]);
  return c.body(null, 204);
}

/** Sends a navigation to sign in, or to renew where that may be enough; tells everybody else where a person could. */
function signIn(c: GatewayContext, visitor: Visitor, { target }: CheckRequest, parts: Parts): Response {
  const { at } = parts;
  const header = headerReader(c);
  const returnTo = target ? at.judge(target.url.href) : undefined;
  const login = at.url('/login', { return_to: returnTo });
  const code = visitor.kind === 'nobody' && visitor.why === 'expired' ? 'session_expired' : 'not_signed_in';
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of a guarded page');
  if (target && isNavigation(target.method, header)) {
    const renewable = visitor.kind === 'nobody' && (visitor.why === 'expired' || visitor.why === 'conflict');
    return c.redirect(renewable ? at.url('/refresh', { return_to: returnTo }) : login, 302);
  }
  return problem(c, code, failures[code], login);
}
