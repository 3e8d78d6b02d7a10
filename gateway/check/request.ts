import type { Seconds } from '../../shared/clock.ts';
import type { RuleConfig } from '../../shared/config.ts';
import { cookieValues } from '../../shared/cookies/cookie.ts';
import { type HeaderReader, isNavigation, isPrefetch, isPreflight, isWebSocket } from '../../shared/navigation.ts';
import { allowTheSame, compileRules, type Rule, type RuleMatcher } from '../../shared/permissions/rules.ts';
import { refuseForwarded, type Target } from '../http/forwarded.ts';
import type { Visitor } from './core.ts';
import { type Dialect, forwardAuth, type RawRequest } from './dialects.ts';

/** What one call of `/check` asks. */
export type CheckRequest = {
  /** The request that a proxy asks about; `undefined`: the caller asks about itself. */
  readonly target: Target | undefined;
  /** What decides; `undefined`: no rule matches, and nobody gets through. */
  readonly rule: Rule | undefined;
};

/** The rules, and whose forwarded headers pick one of them. */
export type CheckRules = {
  readonly match: RuleMatcher;
  readonly isTrustedPeer: (address: string) => boolean;
  /** Decides about a caller that asks about itself. */
  readonly self: Rule;
};

/** Compiles the rules of a configuration. Their paths may be written percent-encoded or not: they mean the same. */
export function createCheckRules(rules: readonly RuleConfig[], isTrustedPeer: CheckRules['isTrustedPeer']): CheckRules {
  const itself = { host: 'itself', path: '/*', allow: 'signed-in' };
  const self = compileRules([itself])({ host: itself.host, path: '/', method: 'GET' });
  if (!self) throw new Error('the rule for a caller itself does not match');
  return { match: compileRules(rules.map(decoded)), isTrustedPeer, self };
}

/**
 * Reads what a call of `/check` asks.
 *
 * @param peer Address of the caller; `undefined` where the runtime can't tell, who is then trusted with nothing.
 * @param raw The request as it came, where the dialect looks at it.
 * @throws SsoError `forwarded_refused`
 */
export function readCheckRequest(
  header: HeaderReader,
  peer: string | undefined,
  rules: CheckRules,
  dialect: Dialect = forwardAuth,
  raw?: RawRequest,
): CheckRequest {
  const target = dialect.target(header, () => peer !== undefined && rules.isTrustedPeer(peer), raw);
  return { target, rule: target ? ruleFor(target, rules.match) : rules.self };
}

/**
 * Is this the moment to renew? Towards the end of a cookie's life a page load is: the person doesn't notice. A fetch
 * can't follow a redirect to the gateway, and a prefetch shouldn't.
 *
 * @param renewWithin Seconds before expiry from which on a cookie is renewed, at most the last third of its life.
 */
export function isTimeToRenew(
  visitor: Visitor,
  target: Target | undefined,
  header: HeaderReader,
  now: Seconds,
  renewWithin: Seconds,
): boolean {
  if (visitor.kind !== 'known' || !target || !nearsEnd(visitor, now, renewWithin)) return false;
  return isNavigation(target.method, header) && !isPrefetch(header);
}

/**
 * May the answer to this request bring a new cookie along, towards the end of the old one? A fetch of a page's script is
 * asked for one person's sake, and seldom kept by caches; whatever else a page loads is another matter, and what a rule
 * makes public may be kept by all of them.
 *
 * With a second cookie of the name, even the same once more, it may not: a new one would stand beside what is left of
 * them, and two that differ are nobody's.
 *
 * @param settings `cookie`: name of the domain cookie. `renewWithin`: see {@link isTimeToRenew}.
 */
export function isTimeToRenewInPassing(
  visitor: Visitor,
  { target, rule }: CheckRequest,
  header: HeaderReader,
  now: Seconds,
  settings: { readonly cookie: string; readonly renewWithin: Seconds },
): visitor is Visitor & { kind: 'known' } {
  if (visitor.kind !== 'known' || !target || !nearsEnd(visitor, now, settings.renewWithin)) return false;
  if (header('sec-fetch-dest') !== 'empty' || !rule || rule.public) return false;
  if (isPrefetch(header) || isWebSocket(header) || isPreflight(target.method, header)) return false;
  return cookieValues(header('cookie'), settings.cookie).length === 1;
}

function nearsEnd({ cookie: { iat, exp } }: Visitor & { kind: 'known' }, now: Seconds, renewWithin: Seconds): boolean {
  // the short cookies of an outage would otherwise be due from the start, and every page load sent to and fro
  return exp - now <= Math.min(renewWithin, (exp - iat) / 3);
}

/**
 * The rule of a target. Java servers leave `;x` out of `/admin;x/users`, Express takes `/Admin/` for `/admin`, others do
 * neither: where the rules of the readings allow different things, nobody can say which of them would be broken.
 */
function ruleFor(target: Target, match: RuleMatcher): Rule | undefined {
  const rule = match(target);
  const { host, method, path } = target;
  const bare = path.includes(';') ? { host, method, path: path.replace(/;[^/]*/g, '') } : target;
  const bareRule = bare === target ? rule : match(bare);
  if (!allowTheSame(bareRule, rule)) refuseForwarded('rule depends on `;`');
  if (match.rival(bare, bareRule)) refuseForwarded('rule depends on upper and lower case, or on a slash at the end');
  return rule;
}

/** A rule's path as targets have it. An encoded slash stays: no target has one, and decoded it would be another path. */
function decoded(rule: RuleConfig): RuleConfig {
  return rule.path.includes('%') && !/%2f|%5c/i.test(rule.path) ? { ...rule, path: decodePath(rule.path) } : rule;
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // a lone `%`, which no target has either
    return path;
  }
}
