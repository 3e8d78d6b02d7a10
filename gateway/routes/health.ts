import { staleAfter } from '../check/feed.ts';
import type { GatewayContext } from '../http/context.ts';
import type { Parts } from '../session/parts.ts';

/** `GET /readyz`: is everything there that a sign-in needs? 503 with what is down; the log says why. */
export async function readiness(c: GatewayContext, parts: Parts): Promise<Response> {
  const checks: [string, Promise<boolean>][] = [
    ...(parts.store ? [['store', parts.store.ping().then(() => true)] as [string, Promise<boolean>]] : []),
    ['users', parts.users.ping().then(() => true)],
    ['revocation feed', Promise.resolve(parts.feed.age(parts.clock()) <= staleAfter)],
    ...[...parts.providers.values()].map((provider): [string, Promise<boolean>] => [
      `provider ${provider.config.id}`,
      provider.reachable(),
    ]),
  ];
  const outcomes = await Promise.allSettled(checks.map(([, outcome]) => outcome));
  const down = checks
    .map(([name]) => name)
    .filter((name, i) => {
      const outcome = outcomes[i];
      if (outcome?.status === 'rejected') parts.log.warn('not ready', { missing: name }, outcome.reason);
      return outcome?.status !== 'fulfilled' || !outcome.value;
    });
  return down.length === 0
    ? c.json({ status: 'ready' })
    : c.json({ status: 'not ready', down }, 503, { 'retry-after': '5' });
}
