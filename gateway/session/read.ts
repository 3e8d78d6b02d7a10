import { readCrossSiteSession } from '../../shared/cookies/cross-site-session.ts';
import { type HostSession, hashHandle, readHostSession } from '../../shared/cookies/host-session.ts';
import type { Session } from '../../shared/store/store.ts';
import { hasStore, type Parts, type SharedParts } from './parts.ts';
import type { KnownSession } from './provider-tokens.ts';

/** A host session cookie that is ours, and what the store says of it, or it says itself. */
export type HostSessionReading = {
  readonly host: HostSession;
  /** The live session. */
  readonly session: KnownSession;
};

/**
 * The live session of a browser, by its host cookie: the only cookie that the gateway's own pages trust.
 *
 * @param header `Cookie` header as received.
 * @returns `undefined`: a visitor, or a session that has ended.
 * @throws SsoError `store_unavailable`
 */
export async function readSession(header: string | undefined, parts: Parts): Promise<HostSessionReading | undefined> {
  const now = parts.clock();
  const host = await readHostSession(header, parts.names.host, parts.keyring.sealing, now);
  if (!host) return undefined;
  if (!hasStore(parts)) {
    const session = readCarried(host);
    return session && !parts.feed.isEnded(session.sid) ? { host, session } : undefined;
  }
  const session = await parts.store.findSessionByHandle(hashHandle(host.handle), now);
  return session && session.sid === host.sid ? { host, session } : undefined;
}

/** A session that is all in its cookie; `undefined` where the cookie is of a time when there was a store. */
function readCarried({ carried, sid, uid, authTime, endsAt }: HostSession): KnownSession | undefined {
  if (!carried) return undefined;
  const { identity, createdAt, providerConfirmedAt } = carried;
  const seen = { lastSeenAt: providerConfirmedAt, providerConfirmedAt, providerGeneration: 0 };
  return { sid, userId: uid, identity, authTime, createdAt, endsAt, ...seen, carried };
}

/**
 * The live session of a browser that another site made ask, by the cross-site cookie.
 *
 * @param header `Cookie` header as received.
 * @returns `undefined`: no cookie that we may see, or a session that has ended.
 * @throws SsoError `store_unavailable`
 */
export async function readSessionAcrossSites(
  header: string | undefined,
  parts: SharedParts,
): Promise<Session | undefined> {
  const now = parts.clock();
  const found = await readCrossSiteSession(header, parts.names.crossSite, parts.keyring.sealing, now);
  if (!found || parts.feed.isEnded(found.sid)) return undefined;
  return await parts.store.findSession(found.sid, now);
}
