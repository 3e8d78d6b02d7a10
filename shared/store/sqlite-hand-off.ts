import type { Seconds } from '../clock.ts';
import { asSessionId, asUserId } from '../identity.ts';
import {
  codeOutlives,
  type HandOffStore,
  type LogoutNotice,
  type LogoutRecord,
  type RedemptionOutcome,
} from './hand-off.ts';
import { cleaned } from './storable.ts';
import type { Session } from './store.ts';

/** The hand-off's part of the store, without waiting. */
export type SyncHandOff = {
  readonly [Name in keyof HandOffStore]: (
    ...args: Parameters<HandOffStore[Name]>
  ) => Awaited<ReturnType<HandOffStore[Name]>>;
};

type CodeRow = {
  readonly client_id: string;
  readonly redirect_uri: string;
  readonly origin: string;
  readonly sid: string;
  readonly challenge: string;
  readonly nonce: string | null;
  readonly scope: string;
  readonly expires_at: Seconds;
  readonly attempts: number;
  readonly access_hash: string | null;
  readonly access_until: Seconds | null;
};

type LogoutRow = {
  readonly sid: string;
  readonly client_id: string;
  readonly user_id: string;
  readonly ended_at: Seconds;
  readonly attempts: number;
  readonly state: LogoutRecord['state'];
  readonly settled_at: Seconds | null;
  readonly says: string | null;
};

/** Runs a statement and answers its rows. */
type All = <Row extends object>(query: string, ...bindings: (string | number | null)[]) => Row[];

/**
 * @param rest.isName Can this text be stored and compared as it is?
 * @param rest.findSession The live session of that name.
 */
export function createSqliteHandOff(
  all: All,
  rest: { isName(text: string): boolean; findSession(sid: string, now: Seconds): Session | undefined },
): SyncHandOff {
  return {
    createCode: ({ hash, clientId, redirectUri, origin, sid, challenge, nonce, scope, expiresAt }) => {
      all(
        `insert into codes (code_hash, client_id, redirect_uri, origin, sid, challenge, nonce, scope, expires_at, keep_until)
          values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[hash, clientId, redirectUri, origin, sid, challenge, nonce ?? null, scope],
        ...[expiresAt, expiresAt + codeOutlives],
      );
    },

    redeemCode: (
      { hash, clientId, redirectUri, challenge, origin, accessHash, accessUntil },
      now,
    ): RedemptionOutcome => {
      if (!rest.isName(hash)) return { kind: 'refused' };
      const [code] = all<CodeRow>(
        `update codes set attempts = attempts + 1, keep_until = max(keep_until, ?) where code_hash = ? returning *`,
        ...[accessUntil + codeOutlives, hash],
      );
      if (!code) return { kind: 'refused' };
      const fits =
        clientId === code.client_id &&
        redirectUri === code.redirect_uri &&
        challenge === code.challenge &&
        (origin ?? code.origin) === code.origin;
      if (!fits) return { kind: 'refused' };
      if (code.attempts > 1) {
        if (code.access_hash === null) return { kind: 'refused' };
        all('update codes set revoked = 1 where code_hash = ?', hash);
        return { kind: 'reused' };
      }
      if (code.expires_at <= now) return { kind: 'refused' };
      all('update codes set access_hash = ?, access_until = ? where code_hash = ?', accessHash, accessUntil, hash);
      const session = rest.findSession(code.sid, now);
      if (!session) return { kind: 'refused' };
      all('insert into session_clients values (?, ?) on conflict do nothing', code.sid, code.client_id);
      return { kind: 'redeemed', session, scope: code.scope, ...(code.nonce !== null && { nonce: code.nonce }) };
    },

    findGrant: (accessHash, now) => {
      if (!rest.isName(accessHash)) return undefined;
      const [code] = all<CodeRow>(
        'select * from codes where access_hash = ? and revoked = 0 and access_until > ?',
        ...[accessHash, now],
      );
      const session = code && rest.findSession(code.sid, now);
      return session && { clientId: code.client_id, scope: code.scope, session, expiresAt: code.access_until ?? now };
    },

    takeLogouts: (now, leaseUntil, limit) =>
      all<LogoutRow>(
        `update logouts set attempts = attempts + 1, due_at = ? where rowid in (
          select rowid from logouts where state = 'pending' and due_at <= ? and until > ? order by due_at limit ?)
          returning *`,
        ...[leaseUntil, now, now, limit],
      ).map((row): LogoutNotice => ({ ...noticeOf(row), attempt: row.attempts })),

    noteLogout: ({ sid, clientId }, result, now) => {
      const failed = result.kind === 'failed' ? result : undefined;
      all(
        `update logouts set state = ?, settled_at = ?, due_at = ?, says = coalesce(?, says)
          where sid = ? and client_id = ? and state <> 'delivered'`,
        ...[failed ? 'pending' : result.kind, failed ? null : now, failed?.retryAt ?? now],
        ...[cleaned(failed?.says, 200) ?? null, sid, clientId],
      );
    },

    logoutsOf: (sid) =>
      rest.isName(sid)
        ? all<LogoutRow>('select * from logouts where sid = ? order by client_id', sid).map(
            (row): LogoutRecord => ({
              ...noticeOf(row),
              attempts: row.attempts,
              state: row.state,
              ...(row.settled_at !== null && { settledAt: row.settled_at }),
              ...(row.says !== null && { says: row.says }),
            }),
          )
        : [],
  };
}

function noticeOf(row: LogoutRow): Omit<LogoutNotice, 'attempt'> {
  return {
    sid: asSessionId(row.sid),
    clientId: row.client_id,
    userId: asUserId(row.user_id),
    endedAt: row.ended_at,
  };
}
