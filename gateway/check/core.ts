import type { Seconds } from '../../shared/clock.ts';
import type { Config } from '../../shared/config.ts';
import { cookieNames, cookieValues } from '../../shared/cookies/cookie.ts';
import { type DomainCookie, domainCookieExpectation, readDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import type { VerificationKeys } from '../../shared/keys/signing.ts';
import { decide } from '../../shared/permissions/decide.ts';
import type { Rule } from '../../shared/permissions/rules.ts';
import { type Expectation, leeway } from '../../shared/tokens/signed.ts';
import { type Revocations, staleAfter } from './feed.ts';
import { type FlatHeaders, type IdentitySettings, passHeaders } from './identity-headers.ts';
import { createVerifiedTokens } from './verified-tokens.ts';

/** Who a request is by its domain cookie alone. */
export type Visitor =
  | {
      readonly kind: 'known';
      readonly cookie: DomainCookie;
      /** The whole answer's, see `passHeaders`. */
      readonly headers: FlatHeaders;
    }
  | { readonly kind: 'nobody'; readonly why: 'no-cookie' | 'expired' | 'conflict' | 'session-ended' };

/** What the core decides without waiting for anything. */
export type CheckOutcome =
  /** Let through, with the headers of the answer. */
  | { readonly kind: 'allow'; readonly headers: FlatHeaders; readonly visitor: Visitor }
  | { readonly kind: 'sign-in'; readonly visitor: Visitor }
  | { readonly kind: 'forbid'; readonly visitor: Visitor }
  /** The cookie's claims do not answer the question: the route asks the directory. */
  | { readonly kind: 'needs-permissions'; readonly visitor: Visitor & { kind: 'known' } }
  /** The revocation feed is too old to vouch for roles and permissions. */
  | { readonly kind: 'stale' };

/** The synchronous core of forward-auth: cookie header, rule and time in; ready headers or a denial out. */
export type CheckCore = {
  /** Who is it? Verified once, then remembered; expiry and revocation are looked at every time. */
  visitor(cookieHeader: string | undefined, now: Seconds): Visitor;
  /**
   * @param rule The rule that the target matched; `undefined`: none did, which lets nobody through.
   */
  check(cookieHeader: string | undefined, rule: Rule | undefined, now: Seconds): CheckOutcome;
  /** The headers of the answer that lets nobody in particular through. */
  readonly nobody: FlatHeaders;
};

/** Does a rule ask for more than being signed in? */
export const isRestricted = (rule: Rule): boolean => !rule.public && !rule.signedIn;

export type CheckCoreOptions = {
  readonly config: Pick<Config, 'publicUrl' | 'environment'> & {
    readonly check: IdentitySettings;
    readonly cookie: Pick<Config['cookie'], 'domain' | 'claims'>;
  };
  readonly keys: VerificationKeys;
  readonly revocations: Revocations;
  /** Another cookie than the domain cookie of that gateway, with the same claims. */
  readonly cookie?: { readonly name: string; readonly expected: Expectation };
};

/** Tokens remembered at most; about 2 KB each. */
const remembered = 10_000;

type Known = Visitor & { kind: 'known' };

function domainCookieOf(
  { environment, publicUrl, cookie }: CheckCoreOptions['config'],
  keys: VerificationKeys,
): NonNullable<CheckCoreOptions['cookie']> {
  const expected = domainCookieExpectation({ publicUrl, cookieDomain: cookie.domain }, keys);
  return { name: cookieNames(environment).domain, expected };
}

/** Makes the core. It holds no bearer token: see {@link createVerifiedTokens}. */
export function createCheckCore({ config, keys, revocations, cookie }: CheckCoreOptions): CheckCore {
  const { name, expected } = cookie ?? domainCookieOf(config, keys);
  const cache = createVerifiedTokens<Known>(remembered);
  const nobody = passHeaders(config.check, undefined);
  const carriesRoles = config.cookie.claims.includes('roles');
  const noCookie: Visitor = { kind: 'nobody', why: 'no-cookie' };
  const expired: Visitor = { kind: 'nobody', why: 'expired' };
  const sessionEnded: Visitor = { kind: 'nobody', why: 'session-ended' };

  const verified = (header: string | undefined, only: string | undefined, now: Seconds): Visitor => {
    const reading = readDomainCookie(header, name, expected, now);
    if (reading.kind === 'none') return noCookie;
    if (reading.kind !== 'valid') return { kind: 'nobody', why: reading.kind };
    const { cookie } = reading;
    const known: Known = { kind: 'known', cookie, headers: passHeaders(config.check, cookie) };
    if (only !== undefined) cache.set(only, known);
    return known;
  };

  const visitor = (header: string | undefined, now: Seconds): Visitor => {
    const [token, another] = cookieValues(header, name);
    if (token === undefined) return noCookie;
    // with several values under the name, only the whole reading can say whether they agree
    const only = another === undefined ? token : undefined;
    const found = (only === undefined ? undefined : cache.get(only)) ?? verified(header, only, now);
    if (found.kind === 'nobody') return found;
    if (found.cookie.exp + leeway <= now) return expired;
    return revocations.isEnded(found.cookie.sid) ? sessionEnded : found;
  };

  return {
    nobody,
    visitor,
    check(header, rule, now) {
      const who = visitor(header, now);
      if (who.kind === 'nobody') {
        const outcome = decide(rule, undefined, false);
        return outcome === 'allow'
          ? { kind: 'allow', headers: nobody, visitor: who }
          : { kind: 'sign-in', visitor: who };
      }
      const { uid, roles, permissions, permissionVersion } = who.cookie;
      const current = (revocations.permissionVersion(uid) ?? 0) <= permissionVersion;
      // there is news of this person: even the identity that is handed on has to be read afresh
      // so has one whose roles were too many for the cookie: the upstream is told of roles as well
      if (rule && (!current || (roles === undefined && carriesRoles)))
        return { kind: 'needs-permissions', visitor: who };
      const outcome = decide(
        rule,
        { roles: roles ?? [], permissions: permissions ?? [] },
        (roles !== undefined || rule?.roles.length === 0) &&
          (permissions !== undefined || rule?.permissions.length === 0),
      );
      if (rule && isRestricted(rule) && revocations.age(now) > staleAfter) return { kind: 'stale' };
      switch (outcome) {
        case 'allow':
          return { kind: 'allow', headers: who.headers, visitor: who };
        case 'needs-permissions':
          return { kind: 'needs-permissions', visitor: who };
        case 'forbid':
          return { kind: 'forbid', visitor: who };
        case 'sign-in':
          return { kind: 'sign-in', visitor: who };
      }
    },
  };
}
