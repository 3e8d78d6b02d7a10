import type { Seconds } from '../../shared/clock.ts';
import { failures, SsoError } from '../../shared/errors.ts';
import { type HeaderReader, isNavigation, isPrefetch, isPreflight, isWebSocket } from '../../shared/navigation.ts';
import { decide } from '../../shared/permissions/decide.ts';
import type { Rule } from '../../shared/permissions/rules.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import type { Person } from '../../shared/users/directory.ts';
import type { CheckCore, Visitor } from '../check/core.ts';
import { type Dialect, forwardAuth } from '../check/dialects.ts';
import { checkVary, type FlatHeaders, passHeaders } from '../check/identity-headers.ts';
import type { MintIdentity } from '../check/identity-token.ts';
import type { PeopleAfresh } from '../check/people-afresh.ts';
import {
  type CheckRequest,
  type CheckRules,
  isTimeToRenew,
  isTimeToRenewInPassing,
  readCheckRequest,
} from '../check/request.ts';
import { type GatewayContext, headerReader, peerAddress, rawRequest } from '../http/context.ts';
import { problem } from '../http/error-response.ts';
import type { Target } from '../http/forwarded.ts';
import { endSessionsOf } from '../session/end.ts';
import type { Parts } from '../session/parts.ts';
import type { RenewalsInPassing } from '../session/renew-in-passing.ts';

/** What the route needs beside the parts: the synchronous core and what surrounds it. */
export type Checker = {
  readonly core: CheckCore;
  readonly rules: CheckRules;
  /** Asked where a cookie's claims are missing or out of date. */
  readonly people: PeopleAfresh;
  /** Absent where identity JWTs are off. */
  readonly mintIdentity: MintIdentity | undefined;
  /** Absent where `/check` renews nothing by itself. */
  readonly renewals: RenewalsInPassing | undefined;
};

/** How a question is put and answered. */
export type Ways = Dialect & {
  /**
   * What happens to a request that may pass, in place of an answer that says so.
   *
   * @param renewed `Set-Cookie` value for the visitor.
   */
  readonly pass?: (
    headers: FlatHeaders,
    visitor: Visitor,
    rule: Rule | undefined,
    renewed: string | undefined,
  ) => Promise<Response>;
  /** Origins whose pages may open a WebSocket. Absent: those of every registered app. */
  readonly sockets?: readonly string[];
};

/**
 * `GET /check`: may this request through? 204 with the identity headers; 401 problem+json with a `login` URL; 302 for a
 * navigation; 403 for somebody who lacks what the rule asks; 503 where that can't be known right now. A proxy of another
 * dialect reads other statuses. With `check.renews`, the answer that lets a fetch through may have one `Set-Cookie`, for the
 * proxy to hand on.
 *
 * The question is about the request that a trusted proxy forwards, or, without forwarded headers, about the caller alone.
 * Whoever is known and may pass is answered without waiting: a promise is what this costs most of the time.
 */
export function check(
  c: GatewayContext,
  checker: Checker,
  parts: Parts,
  dialect: Ways = forwardAuth,
): Response | Promise<Response> {
  const header = headerReader(c);
  const request = readCheckRequest(header, peerAddress(c), checker.rules, dialect, rawRequest(c));
  const { target, rule } = request;
  const now = parts.clock();
  if (isPreflight(target?.method ?? c.req.method, header)) return preflight(header, request, checker, dialect, now);
  if (target && isWebSocket(header) && !isOwnSocket(header('origin'), target, parts, dialect))
    return foreignSocket(request, checker, dialect, now);

  const outcome = checker.core.check(header('cookie'), rule, now);
  switch (outcome.kind) {
    case 'allow': {
      const { visitor } = outcome;
      if (isTimeToRenew(visitor, target, header, now, parts.config.cookie.renewWithin)) {
        const returnTo = returnable(target, parts);
        if (returnTo !== undefined) return redirect(c, parts.at.url('/refresh', { return_to: returnTo }), dialect);
      }
      return letThroughAndRenew(c, outcome.headers, visitor, request, checker, parts, dialect, now);
    }
    case 'needs-permissions':
      return checkAfresh(c, outcome.visitor, request, checker, parts, dialect);
    case 'stale':
      throw new SsoError('permissions_stale', 'the revocation feed is stale');
    case 'forbid':
      throw new SsoError('forbidden', `rule for ${target?.host}${target?.path}: ${rule ? 'not allowed' : 'none'}`);
    case 'sign-in':
      return signIn(c, outcome.visitor, request, parts, dialect);
  }
}

/**
 * Lets a preflight through as nobody, for the app to answer: it carries no cookie. Where no rule covers what it announces
 * there is nothing to ask for.
 */
function preflight(
  header: HeaderReader,
  request: CheckRequest,
  checker: Checker,
  dialect: Ways,
  now: Seconds,
): Response | Promise<Response> {
  const { target, rule } = request;
  const method = header('access-control-request-method') ?? '';
  if (target && !rule && !checker.rules.match({ host: target.host, path: target.path, method }))
    throw new SsoError('forbidden', `preflight for ${target.host}${target.path}: no rule`);
  return asNobody(request, checker, dialect, now);
}

/** Browsers send a page's cookies along with a WebSocket that any other page opens, and no CORS stops them. */
function isOwnSocket(origin: string | undefined, target: Target, { clients }: Parts, { sockets }: Ways): boolean {
  if (origin === undefined) return false;
  return sockets ? sockets.includes(origin) : origin === target.url.origin || clients.byOrigin(origin) !== undefined;
}

/** Lets a WebSocket of somebody else's page through as nobody, where everybody may come. */
function foreignSocket(
  request: CheckRequest,
  checker: Checker,
  dialect: Ways,
  now: Seconds,
): Response | Promise<Response> {
  if (decide(request.rule, undefined, false) === 'allow') return asNobody(request, checker, dialect, now);
  throw new SsoError('cross_site_refused', 'websocket of another origin');
}

function asNobody(request: CheckRequest, checker: Checker, dialect: Ways, now: Seconds): Response | Promise<Response> {
  const nobody = { kind: 'nobody', why: 'no-cookie' } as const;
  return letThrough(checker.core.nobody, nobody, request, checker, dialect, now);
}

/** Decides by what the directory says right now. What everybody may see needs no directory: nobody is let through. */
async function checkAfresh(
  c: GatewayContext,
  visitor: Visitor & { kind: 'known' },
  request: CheckRequest,
  checker: Checker,
  parts: Parts,
  dialect: Ways,
): Promise<Response> {
  const now = parts.clock();
  const ended = { kind: 'nobody', why: 'session-ended' } as const;
  const isPublic = decide(request.rule, undefined, false) === 'allow';
  let person: Person | undefined;
  try {
    person = await checker.people.find(visitor.cookie, now);
  } catch (error) {
    if (isPublic) return asNobody(request, checker, dialect, now);
    throw error;
  }
  if (person?.state !== 'active') {
    await endSessionsOf({ userId: visitor.cookie.uid }, 'disabled', parts);
    return isPublic ? asNobody(request, checker, dialect, now) : signIn(c, ended, request, parts, dialect);
  }
  if (decide(request.rule, person, true) !== 'allow') throw new SsoError('forbidden', 'not allowed by the directory');
  const headers = passHeaders(parts.config.check, { ...person, uid: person.id });
  const refreshed = { ...visitor, cookie: { ...visitor.cookie, ...person } };
  return letThroughAndRenew(c, headers, refreshed, request, checker, parts, dialect, now);
}

/** Lets somebody through, with a new cookie where it is time for one and this is the way to it. */
function letThroughAndRenew(
  c: GatewayContext,
  headers: FlatHeaders,
  visitor: Visitor,
  request: CheckRequest,
  checker: Checker,
  parts: Parts,
  dialect: Ways,
  now: Seconds,
): Response | Promise<Response> {
  const { renewals } = checker;
  if (!renewals) return letThrough(headers, visitor, request, checker, dialect, now);
  const settings = { cookie: parts.names.domain, renewWithin: parts.config.cookie.renewWithin };
  const isTime = isTimeToRenewInPassing(visitor, request, headerReader(c), now, settings);
  if (!isTime || !renewals.isOpen(visitor.cookie, now))
    return letThrough(headers, visitor, request, checker, dialect, now);
  return renewals.renew(visitor.cookie).then((renewal) => {
    if (renewal.kind === 'ended' || parts.feed.isEnded(visitor.cookie.sid))
      return signIn(c, { kind: 'nobody', why: 'session-ended' }, request, parts, dialect);
    const renewed = renewal.kind === 'renewed' ? renewal.cookie : undefined;
    return letThrough(headers, visitor, request, checker, dialect, now, renewed);
  });
}

function letThrough(
  headers: FlatHeaders,
  visitor: Visitor,
  request: CheckRequest,
  checker: Checker,
  dialect: Ways,
  now: Seconds,
  renewed?: string,
): Response | Promise<Response> {
  const complete = withToken(headers, visitor, request, checker, now);
  return dialect.pass ? dialect.pass(complete, visitor, request.rule, renewed) : allow(complete, dialect, renewed);
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

function allow(headers: FlatHeaders, { passes }: Dialect, renewed: string | undefined): Response {
  // a plain record: @hono/node-server hands it on as it is, where a list or `Headers` would be parsed and copied
  const record: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) record[headers[i] ?? ''] = headers[i + 1] ?? '';
  if (renewed !== undefined) record['Set-Cookie'] = renewed;
  if (passes === 200) record['Content-Length'] = '0';
  return new Response(null, { status: passes, headers: record });
}

function redirect(c: GatewayContext, location: string, { redirects }: Dialect): Response {
  c.header('cache-control', 'no-store');
  c.header('vary', checkVary);
  if (redirects === 302) return c.redirect(location, 302);
  c.header('location', location);
  c.header('www-authenticate', 'Cookie');
  return c.body(null, redirects);
}

/** The target as a return URL; `undefined` where it can't be one, such as for its length: who may pass, then passes. */
export function returnable(target: Target | undefined, { at }: Parts): JudgedUrl | undefined {
  if (!target) return undefined;
  try {
    return at.judge(target.url.href);
  } catch (error) {
    if (error instanceof SsoError && error.code === 'return_url_refused') return undefined;
    throw error;
  }
}

/** Sends a navigation to sign in, or to renew where that may be enough; tells everybody else where a person could. */
function signIn(
  c: GatewayContext,
  visitor: Visitor,
  { target }: CheckRequest,
  parts: Parts,
  dialect: Dialect,
): Response {
  const { at } = parts;
  const header = headerReader(c);
  const returnTo = target ? at.judge(target.url.href) : undefined;
  const login = at.url('/login', { return_to: returnTo });
  const code = visitor.kind === 'nobody' && visitor.why === 'expired' ? 'session_expired' : 'not_signed_in';
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of a guarded page');
  if (isNavigation(target?.method ?? c.req.method, header)) {
    const renewable = visitor.kind === 'nobody' && (visitor.why === 'expired' || visitor.why === 'conflict');
    return redirect(c, renewable ? at.url('/refresh', { return_to: returnTo }) : login, dialect);
  }
  const response = problem(c, code, failures[code], login);
  response.headers.set('cache-control', 'no-store');
  response.headers.set('vary', checkVary);
  return response;
}
