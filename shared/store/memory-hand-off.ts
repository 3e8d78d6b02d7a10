import type { Seconds } from '../clock.ts';
import type { SessionId } from '../identity.ts';
import {
  codeOutlives,
  type HandOffStore,
  type LogoutRecord,
  logoutKept,
  type NewCode,
  type RedemptionOutcome,
} from './hand-off.ts';
import { cleaned } from './storable.ts';
import type { Session } from './store.ts';

type Code = {
  readonly code: NewCode;
  attempts: number;
  given?: { readonly accessHash: string; readonly accessUntil: Seconds };
  revoked: boolean;
  keepUntil: Seconds;
};

type Notice = { record: LogoutRecord; dueAt: Seconds; readonly until: Seconds };

/** The part of the store in memory that the hand-off needs, and what the rest of it tells this part. */
export type MemoryHandOff = HandOffStore & {
  /** Notes for each client of a session that it has to be told of the end. */
  ended(session: Session, now: Seconds): void;
  /** Removes what has expired and says how much that was. */
  sweepHandOff(now: Seconds): number;
};

/**
 * @param answering Throws while the store is switched off.
 * @param findLive The live session of that name.
 */
export function createMemoryHandOff(
  answering: () => void,
  findLive: (sid: SessionId, now: Seconds) => Session | undefined,
): MemoryHandOff {
  const codes = new Map<string, Code>();
  const clients = new Map<SessionId, Set<string>>();
  const notices = new Map<string, Notice>();
  const nameOf = (sid: SessionId, clientId: string) => `${sid} ${clientId}`;

  return {
    createCode: async (code) => {
      answering();
      codes.set(code.hash, { code, attempts: 0, revoked: false, keepUntil: code.expiresAt + codeOutlives });
    },

    redeemCode: async (tried, now): Promise<RedemptionOutcome> => {
      answering();
      const found = codes.get(tried.hash);
      if (!found) return { kind: 'refused' };
      const { code } = found;
      found.attempts += 1;
      found.keepUntil = Math.max(found.keepUntil, tried.accessUntil + codeOutlives);
      const fits =
        tried.clientId === code.clientId &&
        tried.redirectUri === code.redirectUri &&
        tried.challenge === code.challenge &&
        (tried.origin ?? code.origin) === code.origin;
      if (found.attempts > 1) {
        if (!found.given || !fits) return { kind: 'refused' };
        found.revoked = true;
        return { kind: 'reused' };
      }
      if (!fits || code.expiresAt <= now) return { kind: 'refused' };
      found.given = { accessHash: tried.accessHash, accessUntil: tried.accessUntil };
      const session = findLive(code.sid, now);
      if (!session) return { kind: 'refused' };
      clients.set(session.sid, (clients.get(session.sid) ?? new Set()).add(code.clientId));
      return {
        kind: 'redeemed',
        session,
        scope: code.scope,
        ...(code.nonce !== undefined && { nonce: code.nonce }),
      };
    },

    findGrant: async (accessHash, now) => {
      answering();
      for (const { code, given, revoked } of codes.values()) {
        if (given?.accessHash !== accessHash || revoked || given.accessUntil <= now) continue;
        const session = findLive(code.sid, now);
        return session && { clientId: code.clientId, scope: code.scope, session, expiresAt: given.accessUntil };
      }
      return undefined;
    },

    takeLogouts: async (now, leaseUntil, limit) => {
      answering();
      return [...notices.values()]
        .filter(({ record, dueAt, until }) => record.state === 'pending' && dueAt <= now && until > now)
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map((notice) => {
          const { sid, clientId, userId, endedAt, attempts } = notice.record;
          notice.record = { ...notice.record, attempts: attempts + 1 };
          notice.dueAt = leaseUntil;
          return { sid, clientId, userId, endedAt, attempt: attempts + 1 };
        });
    },

    noteLogout: async ({ sid, clientId }, result, now) => {
      answering();
      const notice = notices.get(nameOf(sid, clientId));
      if (!notice || notice.record.state === 'delivered') return;
      if (result.kind === 'failed') {
        const { settledAt: _, ...rest } = notice.record;
        const says = cleaned(result.says, 200);
        notice.record = { ...rest, state: 'pending', ...(says !== undefined && { says }) };
        notice.dueAt = result.retryAt;
      } else {
        notice.record = { ...notice.record, state: result.kind, settledAt: now };
      }
    },

    logoutsOf: async (sid) => {
      answering();
      return [...notices.values()]
        .map(({ record }) => record)
        .filter((record) => record.sid === sid)
        .sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
    },

    ended({ sid, userId }, now) {
      for (const clientId of clients.get(sid) ?? []) {
        const record: LogoutRecord = { sid, clientId, userId, endedAt: now, attempts: 0, state: 'pending' };
        notices.set(nameOf(sid, clientId), { record, dueAt: now, until: now + logoutKept });
      }
      clients.delete(sid);
    },

    sweepHandOff(now) {
      const before = codes.size + notices.size;
      for (const [hash, { keepUntil }] of codes) if (keepUntil <= now) codes.delete(hash);
      for (const [name, { until }] of notices) if (until <= now) notices.delete(name);
      return before - codes.size - notices.size;
    },
  };
}
