import { staleAfter } from '../check/feed.ts';
import type { GatewayContext } from '../http/context.ts';
import type { Parts } from '../session/parts.ts';

/** What each gateway's log was last told to be missing: anybody may ask, as often as they like. */
const told = new WeakMap<Parts, string>();

/** `GET /readyz`: is everything there that a sign-in needs? 503 with what is down; the log says why, once. */
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
  const down = checks.flatMap(([name], i) => {
    const outcome = outcomes[i];
    return outcome?.status === 'fulfilled' && outcome.value ? [] : [{ name, outcome }];
  });
  const names = down.map(({ name }) => name);
  if (names.join() !== (told.get(parts) ?? '')) {
    for (const { name, outcome } of down)
      if (outcome?.status === 'rejected') parts.log.warn('not ready', { missing: name }, outcome.reason);
    told.set(parts, names.join());
  }
  return names.length === 0
    ? c.json({ status: 'ready' })
    : c.json({ status: 'not ready', down: names }, 503, { 'retry-after': '5' });
}
