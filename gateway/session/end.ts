import { clearCookie, cookieNamesWith } from '../../shared/cookies/cookie.ts';
import { clearCrossSiteSession } from '../../shared/cookies/cross-site-session.ts';
import { clearHostSession } from '../../shared/cookies/host-session.ts';
import type { EndReason, Session } from '../../shared/store/store.ts';
import { hasStore, type Parts, type SharedParts } from './parts.ts';
import { type KnownSession, openProviderTokens, type ProviderTokens } from './provider-tokens.ts';

/**
 * Removes every cookie of ours from a browser, whether or not a session stands behind them.
 *
 * @param header `Cookie` header, for the names of unfinished sign-ins.
 * @returns `Set-Cookie` values.
 */
export function clearSessionCookies(header: string | undefined, parts: Pick<Parts, 'names' | 'config'>): string[] {
  const { names, config } = parts;
  return [
    clearHostSession(names.host),
    clearCookie(names.domain, config.cookie.domain),
    clearCrossSiteSession(names.crossSite),
    ...cookieNamesWith(header, names.loginPrefix)
      .filter((name) => /^[A-Za-z0-9_-]+$/.test(name))
      .slice(0, 20)
      .map((name) => clearCookie(name)),
  ];
}

/**
 * Ends a session everywhere: in the store, at this process at once and at the others by the feed, at every app that was
 * given tokens by a logout token (which nobody waits for), and at the provider, whose refresh token is revoked.
 *
 * Without a store it ends at this process and at the provider alone: at others a copy of its cookie opens until the
 * provider is asked again.
 *
 * @returns What the session kept of the provider's tokens, for the provider's own sign-out.
 * @throws SsoError `store_unavailable`: the session lives on, and the person has to be told.
 */
export async function endSession(session: KnownSession, reason: EndReason, parts: Parts): Promise<ProviderTokens> {
  const ended = await parts.store?.endSession(session.sid, reason, parts.clock());
  parts.logouts.wake();
  parts.feed.apply({ kind: 'session-ended', sid: session.sid, until: session.endsAt });
  parts.log.info('session ended', { uid: session.userId, sid: session.sid, reason });
  return await revokeTokens(ended ?? session, parts);
}

/**
 * Ends every session of somebody who may no longer come in. Idempotent, over all processes. Without a store nobody knows of
 * them: each is refused when it is next renewed.
 */
export async function endSessionsOf(session: Pick<Session, 'userId'>, reason: EndReason, parts: Parts): Promise<void> {
  if (!hasStore(parts)) return;
  const ended = await parts.store.endSessionsOf(session.userId, reason, parts.clock());
  if (ended.length === 0) return;
  parts.log.warn('all sessions of a person ended', { uid: session.userId, reason, sessions: ended.length });
  spread(ended, parts);
}

/** Ends every session of a person but this one, because the person asked for it. */
export async function endOtherSessions({ sid, userId }: Session, parts: SharedParts): Promise<void> {
  const ended = await parts.store.endSessionsOf(userId, 'logout', parts.clock(), sid);
  if (ended.length === 0) return;
  parts.log.info('other sessions ended', { uid: userId, sid, sessions: ended.length });
  spread(ended, parts);
  await Promise.all(ended.map((one) => revokeTokens(one, parts)));
}

/** This process knows at once that these have ended, and the apps are told. */
function spread(ended: readonly Session[], parts: Parts): void {
  parts.logouts.wake();
  for (const { sid, endsAt } of ended) parts.feed.apply({ kind: 'session-ended', sid, until: endsAt });
}

async function revokeTokens(session: KnownSession, parts: Parts): Promise<ProviderTokens> {
  const { keyring, providers, clock } = parts;
  const tokens = await openProviderTokens(session, keyring.sealing, clock());
  if (tokens.refreshToken !== undefined) await providers.get(session.identity.provider)?.revoke(tokens.refreshToken);
  return tokens;
}
