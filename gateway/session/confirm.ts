import type { Seconds } from '../../shared/clock.ts';
import type { CarriedSession } from '../../shared/cookies/host-session.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Person } from '../../shared/users/directory.ts';
import { confirmCarried } from './confirm-carried.ts';
import { endSession, endSessionsOf } from './end.ts';
import { hasStore, type Parts, type SharedParts } from './parts.ts';
import { type KnownSession, openProviderTokens, sealProviderTokens } from './provider-tokens.ts';

/** A session that may go on, as of a moment. */
export type Confirmed = {
  readonly person: Person;
  readonly at: Seconds;
  /** Since when the provider has not been heard; absent in ordinary times. */
  readonly degradedSince: Seconds | undefined;
  /** What the host session has to carry from now on; absent: what it does. */
  readonly carries?: CarriedSession;
};

/**
 * Finds out whether a session may go on: the person may still come in, the provider has not ended its grant (asked where
 * it was last asked too long ago), and nobody ended the session meanwhile. Ends what may not.
 *
 * @param session Live, as the store has just said, or its cookie where there is none.
 * @param person The session's, as the directory has just said; `undefined`: there is no row.
 * @returns `undefined`: the session has ended.
 * @throws SsoError `account_disabled`, `account_unknown` (every session of the person is over then; without a store, this one),
 *   `store_unavailable`, `provider_unavailable` (nothing has ended)
 */
export async function confirmSession(
  session: KnownSession,
  person: Person | undefined,
  parts: Parts,
): Promise<Confirmed | undefined> {
  if (person?.state !== 'active') {
    await (hasStore(parts) ? endSessionsOf(session, 'disabled', parts) : endSession(session, 'disabled', parts));
    throw new SsoError(person ? 'account_disabled' : 'account_unknown', `the person is ${person?.state ?? 'gone'}`);
  }
  const answer = hasStore(parts) ? await confirmWithProvider(session, parts) : await confirmCarried(session, parts);
  const provider = typeof answer === 'object' ? 'confirmed' : answer;
  if (provider === 'ended') return undefined;
  const now = parts.clock();
  const degradedSince =
    provider === 'down' ? session.providerConfirmedAt + parts.config.session.providerRefreshAfter : undefined;
  if (degradedSince !== undefined && now - degradedSince > parts.config.session.outageLimit) {
    throw new SsoError('provider_unavailable', `unconfirmed by the provider since ${session.providerConfirmedAt}`);
  }
  // the last look: what was ended while we worked stays ended
  if ((await parts.store?.touchSession(session.sid, now)) === false || parts.feed.isEnded(session.sid))
    return undefined;
  return { person, at: now, degradedSince, ...(typeof answer === 'object' ? { carries: answer } : {}) };
}

/** The provider's word on a session, where it is time to ask for it. */
async function confirmWithProvider(session: KnownSession, parts: SharedParts): Promise<'confirmed' | 'ended' | 'down'> {
  const now = parts.clock();
  if (now - session.providerConfirmedAt < parts.config.session.providerRefreshAfter) return 'confirmed';
  const provider = parts.providers.get(session.identity.provider);
  const { refreshToken, idToken } = await openProviderTokens(session, parts.keyring.sealing, now);
  if (!provider || refreshToken === undefined) return 'confirmed';
  // one process asks; with rotation a second one would burn the token that the first is using
  const turn = `refresh ${session.sid} ${session.providerGeneration}`;
  if (!(await parts.store.claimOnce(turn, now, now + 15))) return await othersOutcome(session, parts);

  let answer: Awaited<ReturnType<typeof provider.refresh>>;
  try {
    answer = await provider.refresh(refreshToken, session.identity);
  } catch (error) {
    parts.log.warn('renewing without the provider', { sid: session.sid, provider: session.identity.provider }, error);
    return 'down';
  }
  if (answer === 'ended') {
    const latest = await parts.store.findSession(session.sid, now);
    // final only if the token that was refused is still the session's own
    if (latest && latest.providerGeneration !== session.providerGeneration) return 'confirmed';
    await endSession(session, 'provider', parts);
    return 'ended';
  }
  const tokens = {
    refreshToken: answer.refreshToken,
    idToken: idToken === undefined ? undefined : (answer.idToken ?? idToken),
  };
  const sealed = await sealProviderTokens(tokens, parts.keyring.sealing, now, session.endsAt);
  await parts.store.swapProviderTokens(session.sid, session.providerGeneration, {
    ...(sealed === undefined ? {} : { sealedProviderTokens: sealed }),
    confirmedAt: now,
  });
  return 'confirmed';
}

/** Waits a moment for what another process, which asks the provider right now, hears. */
async function othersOutcome(session: KnownSession, parts: SharedParts): Promise<'confirmed' | 'ended' | 'down'> {
  for (let look = 0; look < 5; look++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const latest = await parts.store.findSession(session.sid, parts.clock());
    if (!latest) return 'ended';
    if (latest.providerGeneration !== session.providerGeneration) return 'confirmed';
  }
  return 'down';
}
