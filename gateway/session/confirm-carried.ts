import type { CarriedSession } from '../../shared/cookies/host-session.ts';
import type { Provider } from '../provider/openid.ts';
import { endSession } from './end.ts';
import type { Parts } from './parts.ts';
import type { KnownSession } from './provider-tokens.ts';

const rotating = new WeakSet<Provider>();

/**
 * The provider's word on a session without a store, where it is time to ask for it. Without one nothing keeps two tabs from
 * asking with the same refresh token, so the provider must not rotate them: the second one would be refused.
 *
 * @returns What the cookie has to carry from now on, where the provider was asked and said yes.
 */
export async function confirmCarried(
  session: KnownSession,
  parts: Parts,
): Promise<CarriedSession | 'confirmed' | 'ended' | 'down'> {
  const { carried, providerConfirmedAt, sid } = session;
  const { clock, config, log, providers } = parts;
  const now = clock();
  if (now - providerConfirmedAt < config.session.providerRefreshAfter) return 'confirmed';
  const provider = providers.get(carried?.identity.provider ?? '');
  if (!provider || carried?.refreshToken === undefined) return 'confirmed';
  const { identity, idToken, refreshToken, ...rest } = carried;
  let answer: Awaited<ReturnType<typeof provider.refresh>>;
  try {
    answer = await provider.refresh(refreshToken, identity);
  } catch (error) {
    log.warn('renewing without the provider', { sid, provider: identity.provider }, error);
    return 'down';
  }
  if (answer === 'ended') {
    await endSession(session, 'provider', parts);
    return 'ended';
  }
  const next = answer.refreshToken ?? refreshToken;
  if (next !== refreshToken && !rotating.has(provider)) {
    rotating.add(provider);
    log.error('the provider rotates refresh tokens: without a store that has to be off', {
      provider: identity.provider,
    });
  }
  const hint = idToken === undefined ? undefined : (answer.idToken ?? idToken);
  return {
    ...rest,
    identity,
    providerConfirmedAt: now,
    refreshToken: next,
    ...(hint === undefined ? {} : { idToken: hint }),
  };
}
