import type { Seconds } from '../../shared/clock.ts';
import type { CarriedSession } from '../../shared/cookies/host-session.ts';
import type { SealingKeys } from '../../shared/keys/keyring.ts';
import type { Session } from '../../shared/store/store.ts';
import { seal, unseal } from '../../shared/tokens/sealed.ts';

/** What a session keeps of the provider's tokens. */
export type ProviderTokens = {
  readonly refreshToken?: string;
  /** Only for RP-Initiated Logout, which wants it as a hint. */
  readonly idToken?: string;
};

/** Seals the tokens for the store; `undefined` where there is nothing to keep. */
export async function sealProviderTokens(
  tokens: { readonly refreshToken: string | undefined; readonly idToken: string | undefined },
  keys: SealingKeys,
  now: Seconds,
  endsAt: Seconds,
): Promise<string | undefined> {
  const { refreshToken, idToken } = tokens;
  if (refreshToken === undefined && idToken === undefined) return undefined;
  return await seal(keys, 'provider-tokens', { refreshToken, idToken }, now, endsAt);
}

/** A session as the store has it, or as a cookie carries it. */
export type KnownSession = Session & { readonly carried?: CarriedSession };

/** What a session kept of the provider's tokens; empty where it can't be opened any more. */
export async function openProviderTokens(
  { sealedProviderTokens: sealed, carried }: Pick<KnownSession, 'sealedProviderTokens' | 'carried'>,
  keys: SealingKeys,
  now: Seconds,
): Promise<ProviderTokens> {
  if (carried) return carried;
  return (sealed === undefined ? undefined : await unseal<ProviderTokens>(keys, 'provider-tokens', sealed, now)) ?? {};
}
