import type { Seconds } from '../../shared/clock.ts';
import type { Revocations } from '../check/feed.ts';
import type { PassingVisitor } from '../http/passage.ts';

/**
 * Has an answer under way outlived what its visitor passed by?
 *
 * @param lasting Whether it goes on by itself, such as a WebSocket or an event stream: then it is as good as a new request
 *   every moment, and ends with the proof that began it and with each change of permissions. A download ends with the
 *   session alone.
 */
export function isOutlived(
  news: Pick<Revocations, 'isEnded' | 'permissionVersion'>,
  { uid, sid, permissionVersion, exp }: PassingVisitor,
  lasting: boolean,
  now: Seconds,
): boolean {
  return news.isEnded(sid) || (lasting && (exp <= now || (news.permissionVersion(uid) ?? 0) > permissionVersion));
}

/** Is that the media type of what goes on by itself? */
export const isEventStream = (type: string | null | undefined): boolean => /^text\/event-stream\b/i.test(type ?? '');
