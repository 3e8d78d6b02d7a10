import type { RuleConfig } from '../../shared/config.ts';
import { compileRules, type Rule, type RuleMatcher } from '../../shared/permissions/rules.ts';
import { forwardedTarget, type Target } from '../http/forwarded.ts';
import type { HeaderReader } from '../http/navigation.ts';

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

/** Compiles the rules of a configuration. */
export function createCheckRules(rules: readonly RuleConfig[], isTrustedPeer: CheckRules['isTrustedPeer']): CheckRules {
  const itself = { host: 'itself', path: '/*', allow: 'signed-in' };
  const self = compileRules([itself])({ host: itself.host, path: '/', method: 'GET' });
  if (!self) throw new Error('the rule for a caller itself does not match');
  return { match: compileRules(rules), isTrustedPeer, self };
}

/**
 * Reads what a call of `/check` asks.
 *
 * @param peer Address of the caller; `undefined` where the runtime can't tell, who is then trusted with nothing.
 * @throws SsoError `forwarded_refused`
 */
export function readCheckRequest(header: HeaderReader, peer: string | undefined, rules: CheckRules): CheckRequest {
  const target = forwardedTarget(header, () => peer !== undefined && rules.isTrustedPeer(peer));
  return { target, rule: target ? rules.match(target) : rules.self };
}
