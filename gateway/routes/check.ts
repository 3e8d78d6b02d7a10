import type { Seconds } from '../../shared/clock.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { type HeaderReader, isNavigation, isPrefetch, isPreflight } from '../../shared/navigation.ts';
import { decide } from '../../shared/permissions/decide.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import type { Person } from '../../shared/users/directory.ts';
import type { CheckCore, Visitor } from '../check/core.ts';
import { checkVary, type FlatHeaders, passHeaders } from '../check/identity-headers.ts';
import type { MintIdentity } from '../check/identity-token.ts';
import type { PeopleAfresh } from '../check/people-afresh.ts';
import { type CheckRequest, type CheckRules, isTimeToRenew, readCheckRequest } from '../check/request.ts';
import { type GatewayContext, headerReader, peerAddress } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import type { Target } from '../http/forwarded.ts';
import { endSessionsOf } from '../session/end.ts';
import type { Parts } from '../session/parts.ts';

/** What the route needs beside the parts: the synchronous core and what surrounds it. */
export type Checker = {
  readonly core: CheckCore;
  readonly rules: CheckRules;
  /** Asked where a cookie's claims are missing or out of date. */
  readonly people: PeopleAfresh;
  /** Absent where identity JWTs are off. */
  readonly mintIdentity: MintIdentity | undefined;
};

/**
 * `GET /check`: may this request through? 204 with the identity headers; 401 problem+json with a `login` URL; 302 for a
 * navigation; 403 for somebody who lacks what the rule asks; 503 where that can't be known right now.
 *
 * The question is about the request that a trusted proxy forwards, or, without forwarded headers, about the caller alone.
 * Whoever is known and may pass is answered without waiting: a promise is what this costs most of the time.
 */
export function check(c: GatewayContext, checker: Checker, parts: Parts): Response | Promise<Response> {
  const header = headerReader(c);
  const request = readCheckRequest(header, peerAddress(c), checker.rules);
  const { target, rule } = request;
  const now = parts.clock();
  if (isPreflight(target?.method ?? c.req.method, header)) return preflight(header, request, checker, now);

  const outcome = checker.core.check(header('cookie'), rule, now);
  switch (outcome.kind) {
    case 'allow': {
      const { visitor } = outcome;
      if (isTimeToRenew(visitor, target, header, now, parts.config.cookie.renewWithin)) {
        const returnTo = returnable(target, parts);
        if (returnTo !== undefined) return redirect(c, parts.at.url('/refresh', { return_to: returnTo }));
      }
      return allow(withToken(outcome.headers, visitor, request, checker, now));
    }
    case 'needs-permissions':
      return checkAfresh(c, outcome.visitor, request, checker, parts);
    case 'stale':
      throw new SsoError('permissions_stale', 'the revocation feed is stale');
    case 'forbid':
      throw new SsoError('forbidden', `rule for ${target?.host}${target?.path}: ${rule ? 'not allowed' : 'none'}`);
    case 'sign-in':
      return signIn(c, outcome.visitor, request, parts);
  }
}

/**
 * Lets a preflight through as nobody, for the app to answer: it carries no cookie. Where no rule covers what it announces
 * there is nothing to ask for.
 */
function preflight(header: HeaderReader, request: CheckRequest, checker: Checker, now: Seconds): Response {
  const { target, rule } = request;
  const method = header('access-control-request-method') ?? '';
  if (target && !rule && !checker.rules.match({ host: target.host, path: target.path, method }))
    throw new SsoError('forbidden', `preflight for ${target.host}${target.path}: no rule`);
  return allow(withToken(checker.core.nobody, { kind: 'nobody', why: 'no-cookie' }, request, checker, now));
}

/** Decides by what the directory says right now. What everybody may see needs no directory: nobody is let through. */
async function checkAfresh(
  c: GatewayContext,
  visitor: Visitor & { kind: 'known' },
  request: CheckRequest,
  checker: Checker,
  parts: Parts,
): Promise<Response> {
  const now = parts.clock();
  const ended = { kind: 'nobody', why: 'session-ended' } as const;
  const isPublic = decide(request.rule, undefined, false) === 'allow';
  const asNobody = () => allow(withToken(checker.core.nobody, ended, request, checker, now));
  let person: Person | undefined;
  try {
    person = await checker.people.find(visitor.cookie, now);
  } catch (error) {
    if (isPublic) return asNobody();
    throw error;
  }
  if (person?.state !== 'active') {
    await endSessionsOf({ userId: visitor.cookie.uid }, 'disabled', parts);
    return isPublic ? asNobody() : signIn(c, ended, request, parts);
  }
  if (decide(request.rule, person, true) !== 'allow') throw new SsoError('forbidden', 'not allowed by the directory');
  const headers = passHeaders(parts.config.check, { ...person, uid: person.id });
  return allow(withToken(headers, { ...visitor, cookie: { ...visitor.cookie, ...person } }, request, checker, now));
}

function withToken(
  headers: FlatHeaders,
  visitor: Visitor,
  { target }: CheckRequest,
  { mintIdentity }: Checker,
  now: Seconds,
): FlatHeaders {
  return mintIdentity ? [...headers, ...mintIdentity(visitor, target?.host, now)] : headers;
}

function allow(headers: FlatHeaders): Response {
  // a plain record: @hono/node-server hands it on as it is, where a list or `Headers` would be parsed and copied
  const record: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) record[headers[i] ?? ''] = headers[i + 1] ?? '';
  return new Response(null, { status: 204, headers: record });
}

function redirect(c: GatewayContext, location: string): Response {
  c.header('cache-control', 'no-store');
  c.header('vary', checkVary);
  return c.redirect(location, 302);
}

/** The target as a return URL; `undefined` where it can't be one, such as for its length: who may pass, then passes. */
function returnable(target: Target | undefined, { at }: Parts): JudgedUrl | undefined {
  if (!target) return undefined;
  try {
    return at.judge(target.url.href);
  } catch (error) {
    if (error instanceof SsoError && error.code === 'return_url_refused') return undefined;
    throw error;
  }
}

/** Sends a navigation to sign in, or to renew where that may be enough; tells everybody else where a person could. */
function signIn(c: GatewayContext, visitor: Visitor, { target }: CheckRequest, parts: Parts): Response {
  const { at } = parts;
  const header = headerReader(c);
  const returnTo = target ? at.judge(target.url.href) : undefined;
  const login = at.url('/login', { return_to: returnTo });
  const code = visitor.kind === 'nobody' && visitor.why === 'expired' ? 'session_expired' : 'not_signed_in';
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of a guarded page');
  if (isNavigation(target?.method ?? c.req.method, header)) {
    const renewable = visitor.kind === 'nobody' && (visitor.why === 'expired' || visitor.why === 'conflict');
    return redirect(c, renewable ? at.url('/refresh', { return_to: returnTo }) : login);
  }
  const response = problem(c, code, failures[code], login);
  response.headers.set('cache-control', 'no-store');
  response.headers.set('vary', checkVary);
  return response;
}
