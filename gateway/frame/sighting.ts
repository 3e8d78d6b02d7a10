import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import type { Session } from '../../shared/store/store.ts';
import { type Monitor, readMonitor } from '../hand-off/monitor.ts';
import { confirmSession } from '../session/confirm.ts';
import { endSessionsOf } from '../session/end.ts';
import type { SharedParts } from '../session/parts.ts';
import { readSessionAcrossSites } from '../session/read.ts';

/**
 * What a frame's cookies show. By the monitor cookie we know of a session that an app was told of, and that is all it is
 * good for.
 */
export type Sighting =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'monitored'; readonly session: Session }
  /** `by`: the monitor of the session that ended; absent where we would see a session of any kind. */
  | { readonly kind: 'signed-out'; readonly by?: Monitor }
  /** No cookie, and that says nothing: the browser may hold it back. */
  | { readonly kind: 'unknown' };

/**
 * Looks for a live session in the cookies of a frame. That there is none is only said where we would see it.
 *
 * @param header `Cookie` header as received.
 * @param hasAccess Whether the frame sees its cookies as if it stood alone.
 * @throws SsoError `store_unavailable`
 */
export async function lookForSession(
  header: string | undefined,
  client: ClientConfig,
  hasAccess: boolean,
  parts: SharedParts,
): Promise<Sighting> {
  const session = await readSessionAcrossSites(header, parts);
  if (session) return { kind: 'session', session };
  if (hasAccess) return { kind: 'signed-out' };
  const now = parts.clock();
  const monitor = await readMonitor(header, parts.names.monitor, client.id, parts.keyring.sealing, now);
  if (!monitor) return { kind: 'unknown' };
  const monitored = parts.feed.isEnded(monitor.sid) ? undefined : await parts.store.findSession(monitor.sid, now);
  return monitored ? { kind: 'monitored', session: monitored } : { kind: 'signed-out', by: monitor };
}

/**
 * May the person of a live session still come in? Ends all their sessions if not.
 *
 * @throws SsoError `directory_unavailable`, `store_unavailable`
 */
export async function isWelcome(session: Session, parts: SharedParts): Promise<boolean> {
  const person = await parts.users.findById(session.userId);
  if (person?.state === 'active') return true;
  await endSessionsOf(session, 'disabled', parts);
  return false;
}

/**
 * May a live session be handed to an app? As at `/authorize`: by what the directory says now, and the provider, if it was
 * last asked too long ago.
 *
 * @returns `false`: it has ended.
 * @throws SsoError `directory_unavailable`, `store_unavailable`, `provider_unavailable`
 */
export async function mayBeHandedOff(session: Session, parts: SharedParts): Promise<boolean> {
  try {
    return (await confirmSession(session, await parts.users.findById(session.userId), parts)) !== undefined;
  } catch (error) {
    if (error instanceof SsoError && (error.code === 'account_disabled' || error.code === 'account_unknown'))
      return false;
    throw error;
  }
}
