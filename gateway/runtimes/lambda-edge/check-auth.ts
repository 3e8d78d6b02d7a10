import type { Seconds } from '../../../shared/clock.ts';
import { cookieValues } from '../../../shared/cookies/cookie.ts';
import { SsoError } from '../../../shared/errors.ts';
import type { VerificationKeys } from '../../../shared/keys/signing.ts';
import { type HeaderReader, isNavigation, isPrefetch, isPreflight, isWebSocket } from '../../../shared/navigation.ts';
import { type JudgedUrl, judgeUrl } from '../../../shared/return-url.ts';
import { type CheckCore, createCheckCore, type Visitor } from '../../check/core.ts';
import { checkVary } from '../../check/identity-headers.ts';
import { type CheckRules, createCheckRules, isTimeToRenew } from '../../check/request.ts';
import type { Target } from '../../http/forwarded.ts';
import { redirect, refuse } from './answer.ts';
import { createReadAsked, type ReadAsked, type SiteAddress } from './asked.ts';
import type { EdgeDeps } from './deps.ts';
import {
  type CloudFrontRequest,
  type CloudFrontResponse,
  cookieOf,
  headerReader,
  joined,
  type RequestHandler,
} from './event.ts';
import { createImposeIdentity } from './identity-request-headers.ts';
import type { CheckAuthSettings } from './settings.ts';
import { createEdgeKeys, kidOf } from './verification-keys.ts';

/** Nobody who has to sign in, or whose session is worth renewing: what sends a browser elsewhere. */
class SignIn extends SsoError {
  readonly login: string;

  constructor(visitor: Visitor, login: string) {
    const expired = visitor.kind === 'nobody' && visitor.why === 'expired';
    super(expired ? 'session_expired' : 'not_signed_in', visitor.kind === 'nobody' ? visitor.why : 'known');
    this.login = login;
  }
}

const noKeys: VerificationKeys = new Map();

/** No news of ended sessions reaches the edge: there a session lives as long as its cookie. */
const noNews = { isEnded: () => false, permissionVersion: () => undefined, age: () => 0 };

/**
 * check_auth: lets a request of somebody who may through to cache and origin, with the identity in its headers, and sends
 * everybody else to sign in. For viewer-request alone: any later, CloudFront's cache has answered already.
 *
 * Decides offline by a signed cookie; of the five functions it is the one that runs for every request, and it holds no
 * secret.
 */
export function createCheckAuth(settings: CheckAuthSettings, deps: EdgeDeps): RequestHandler {
  const { clock, log } = deps;
  const elsewhere = new Set(settings.elsewhere);
  const rules = createCheckRules(settings.rules, () => false);
  const sites = new Map(settings.sites.map((site) => readSite(site, rules)));
  const imposeIdentity = createImposeIdentity(settings.headers);
  const keys = createEdgeKeys(settings.keys, deps);
  const { name } = settings.cookie;
  /** Where the last request went, and most likely the next one will. */
  let latest: { readonly host: string; readonly site: Site } | undefined;
  let core: CheckCore | undefined;
  let coreKeys: VerificationKeys | undefined;

  const siteAt = (host: string): Site | undefined => {
    const site = sites.get(host) ?? sites.get(host.toLowerCase());
    if (site) latest = { host, site };
    return site;
  };

  /** The core remembers who showed which cookie, so one that went by other keys is of no more use. */
  const coreBy = (current: VerificationKeys): CheckCore => {
    if (core === undefined || coreKeys !== current) {
      coreKeys = current;
      core = createCore(settings, current);
    }
    return core;
  };

  const allow = (request: CloudFrontRequest, identity: Parameters<typeof imposeIdentity>[1]): CloudFrontRequest => {
    imposeIdentity(request.headers, identity);
    return request;
  };

  const check = (request: CloudFrontRequest, site: Site, header: HeaderReader, now: Seconds, lastTry: boolean) => {
    const { path, rule } = site.read(request);
    if (elsewhere.has(path)) throw new SsoError('not_found', `${path} has no behaviour of its own`);
    if (isPreflight(request.method, header)) {
      const method = header('access-control-request-method') ?? '';
      if (!rule && !rules.match({ host: site.host, path, method }))
        throw new SsoError('forbidden', 'preflight that no rule covers');
      return allow(request, coreBy(keys.current(now) ?? noKeys).nobody);
    }
    const cookies = cookieOf(request.headers);
    const current = keys.current(now);
    if (current === undefined && !lastTry && cookieValues(cookies, name).length > 0) return 'keys' as const;
    const decided = coreBy(current ?? noKeys);
    if (mayBeSocket(request) && isWebSocket(header) && header('origin') !== site.origin) {
      if (rule?.public) return allow(request, decided.nobody);
      throw new SsoError('cross_site_refused', 'websocket of another origin');
    }
    const outcome = decided.check(cookies, rule, now);
    if (outcome.kind !== 'stale' && isUnread(outcome.visitor, cookies, name, current)) {
      if (!lastTry) return 'keys' as const;
      // what can't be read may be anybody's: that is no reason to end a session that may well be one
      if (current === undefined && outcome.kind === 'sign-in')
        throw new SsoError('provider_unavailable', 'no keys of the last 24 hours');
    }
    switch (outcome.kind) {
      case 'allow': {
        const { visitor, headers } = outcome;
        if (visitor.kind === 'nobody' || visitor.cookie.exp - now > settings.renewWithin)
          return allow(request, headers);
        const { target } = site.read.whole(request);
        const due = isTimeToRenew(visitor, target, header, now, settings.renewWithin);
        const returnTo = due ? returnable(target, site) : undefined;
        return returnTo === undefined ? allow(request, headers) : goTo(settings.refresh, returnTo);
      }
      case 'sign-in':
        return signIn(outcome.visitor, site.read.whole(request).target, site, header, settings);
      case 'forbid':
        throw new SsoError('forbidden', `rule for ${site.host}${path}: ${rule ? 'not allowed' : 'none'}`);
      case 'needs-permissions':
        throw new SsoError(
          'forbidden',
          'the cookie has no room for what this rule asks about, and the edge asks nobody',
        );
      case 'stale':
        throw new SsoError('permissions_stale', 'the edge has no feed that could be stale');
    }
  };

  return async (event) => {
    const { config, request } = event.Records[0].cf;
    const header = headerReader(request.headers);
    const now = clock();
    const host = joined(request.headers.host) ?? '';
    const site = host === latest?.host ? latest.site : siteAt(host);
    try {
      if (!site) throw new SsoError('wrong_host', 'none of the sites');
      if (config.eventType !== 'viewer-request')
        throw new SsoError('internal', `check_auth runs at ${config.eventType}, where the cache has answered already`);
      keys.freshen(now);
      const outcome = check(request, site, header, now, false);
      if (outcome !== 'keys') return outcome;
      await keys.fetch(now);
      const again = check(request, site, header, now, true);
      if (again === 'keys') throw new SsoError('internal', 'asks for keys twice');
      return again;
    } catch (error) {
      const about = { header, requestId: config.requestId, site: site?.origin ?? new URL(settings.login).origin };
      return await refuse(error, error instanceof SignIn ? { ...about, login: error.login } : about, log);
    }
  };
}

type Site = SiteAddress & { readonly read: ReadAsked };

function readSite(text: string, rules: CheckRules): [string, Site] {
  const { origin, protocol, host } = new URL(text);
  const address = { origin, scheme: protocol.slice(0, -1), host };
  return [host, { ...address, read: createReadAsked(address, rules) }];
}

function createCore({ cookie, headers }: CheckAuthSettings, keys: VerificationKeys): CheckCore {
  const { name, typ, issuer, audience } = cookie;
  return createCheckCore({
    config: {
      publicUrl: issuer,
      environment: '',
      // roles that did not fit the cookie can be had from nobody here: what asks for none goes on without
      cookie: { domain: audience, claims: [] },
      check: { headers, identityJwt: false },
    },
    keys,
    revocations: noNews,
    cookie: { name, expected: { keys, typ, issuer, audience } },
  });
}

/** A browser that says what it wants otherwise opens no WebSocket, and no page can make it say so. */
function mayBeSocket({ headers }: CloudFrontRequest): boolean {
  const mode = joined(headers['sec-fetch-mode']);
  return mode === undefined || mode === 'websocket';
}

/** Is there a cookie that counts for nothing only because its key is unknown here? */
function isUnread(
  visitor: Visitor,
  cookies: string | undefined,
  name: string,
  keys: VerificationKeys | undefined,
): boolean {
  if (visitor.kind !== 'nobody' || visitor.why !== 'no-cookie') return false;
  return [...new Set(cookieValues(cookies, name))].some((token) => {
    const kid = kidOf(token);
    return kid !== undefined && !keys?.has(kid);
  });
}

function signIn(
  visitor: Visitor,
  target: Target,
  site: Site,
  header: HeaderReader,
  { login, refresh }: CheckAuthSettings,
): CloudFrontResponse {
  if (isPrefetch(header)) throw new SsoError('prefetch_refused', 'prefetch of a guarded page');
  const returnTo = judge(target, site);
  if (!isNavigation(target.method, header)) throw new SignIn(visitor, withReturn(login, returnTo));
  const renewable = visitor.kind === 'nobody' && (visitor.why === 'expired' || visitor.why === 'conflict');
  return goTo(renewable ? refresh : login, returnTo);
}

const goTo = (address: string, returnTo: JudgedUrl): CloudFrontResponse =>
  redirect(withReturn(address, returnTo), { headers: { vary: checkVary } });

function withReturn(address: string, returnTo: JudgedUrl): string {
  const url = new URL(address);
  url.searchParams.set('return_to', returnTo);
  return url.href;
}

/** @throws SsoError `return_url_refused` for one that is too long */
const judge = (target: Target, site: Site): JudgedUrl =>
  judgeUrl(target.url.href, { gatewayOrigin: site.origin, cookieDomain: '', origins: [] });

/** Who may pass passes, also at an address that is too long to return to. */
function returnable(target: Target, site: Site): JudgedUrl | undefined {
  try {
    return judge(target, site);
  } catch (error) {
    if (error instanceof SsoError && error.code === 'return_url_refused') return undefined;
    throw error;
  }
}
