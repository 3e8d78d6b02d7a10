import { readCrossSiteSession } from '../../shared/cookies/cross-site-session.ts';
import { type HostSession, hashHandle, readHostSession } from '../../shared/cookies/host-session.ts';
import type { Session } from '../../shared/store/store.ts';
import type { Parts } from './parts.ts';

/** A host session cookie that is ours, and what the store says of it. */
export type HostSessionReading = {
  readonly host: HostSession;
  /** The live session. */
  readonly session: Session;
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
  const session = await parts.store.findSessionByHandle(hashHandle(host.handle), now);
  return session && session.sid === host.sid ? { host, session } : undefined;
}

/**
 * The live session of a browser that another site made ask, by the cross-site cookie.
 *
 * @param header `Cookie` header as received.
 * @returns `undefined`: no cookie that we may see, or a session that has ended.
 * @throws SsoError `store_unavailable`
 */
export async function readSessionAcrossSites(header: string | undefined, parts: Parts): Promise<Session | undefined> {
  const now = parts.clock();
  const found = await readCrossSiteSession(header, parts.names.crossSite, parts.keyring.sealing, now);
  if (!found || parts.feed.isEnded(found.sid)) return undefined;
  return await parts.store.findSession(found.sid, now);
}
