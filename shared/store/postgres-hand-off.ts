import type postgres from 'postgres';
import type { Seconds } from '../clock.ts';
import { asSessionId, asUserId } from '../identity.ts';
import {
  codeOutlives,
  type HandOffStore,
  type LogoutNotice,
  type LogoutRecord,
  logoutKept,
  type RedemptionOutcome,
} from './hand-off.ts';
import { type SessionRow, sessionColumns, sessionOf } from './session-row.ts';
import { cleaned, isStorable } from './storable.ts';

/** Runs a question to the database, with what is being done for the log. */
type Asked = <T>(doing: string, ask: () => Promise<T>) => Promise<T>;

type TriedCode = {
  readonly attempts: number;
  readonly given: boolean;
  readonly fits: boolean;
  readonly code_scope: string;
  readonly code_nonce: string | null;
};

type LogoutRow = {
  readonly sid: string;
  readonly client_id: string;
  readonly user_id: string;
  readonly ended_at: Seconds;
  readonly attempts: number;
};

type RecordRow = LogoutRow & {
  readonly state: LogoutRecord['state'];
  readonly settled_at: Seconds | null;
  readonly says: string | null;
};

/** A query that notes, for the deleted sessions that `gone` has, which clients are to be told. For use in a `with`. */
export function tellingClients(sql: postgres.Sql, now: Seconds) {
  const at = sql`to_timestamp(${now}::float8)`;
  return sql`
    insert into crossgate.logouts (sid, client_id, user_id, ended_at, due_at, until)
    select sid, client, user_id, ${at}, ${at}, ${at} + ${logoutKept}::float8 * interval '1 second'
    from gone cross join unnest(gone.clients) as client
    on conflict do nothing`;
}

/** The part of the store that the hand-off needs. */
export function createPostgresHandOff(sql: postgres.Sql, asked: Asked, longestName: number): HandOffStore {
  const sessionList = sql.unsafe(sessionColumns);
  const time = (seconds: Seconds) => sql`to_timestamp(${seconds}::float8)`;

  return {
    createCode: (code) =>
      asked('putting a code away', async () => {
        const expires = time(code.expiresAt);
        await sql`
          insert into crossgate.codes
            (code_hash, client_id, redirect_uri, origin, sid, challenge, nonce, scope, expires_at, keep_until)
          values (${code.hash}, ${code.clientId}, ${code.redirectUri}, ${code.origin}, ${code.sid}, ${code.challenge},
            ${code.nonce ?? null}, ${code.scope}, ${expires}, ${expires} + ${codeOutlives}::float8 * interval '1 second')`;
      }),

    redeemCode: (tried, now) =>
      asked('redeeming a code', async (): Promise<RedemptionOutcome> => {
        const { hash, clientId, redirectUri, challenge, origin, accessHash, accessUntil } = tried;
        const texts = [hash, clientId, redirectUri, challenge, origin ?? '', accessHash];
        if (!isStorable(hash, longestName)) return { kind: 'refused' };
        // what can't be stored equals nothing that is; the code is used up nevertheless
        const comparable = texts.every((text) => isStorable(text, longestName));
        const safe = (text: string) => (comparable ? text : '');
        const fits = sql`(client_id = ${safe(clientId)} and redirect_uri = ${safe(redirectUri)}
          and challenge = ${safe(challenge)} and coalesce(${origin === undefined ? null : safe(origin)}::text, origin) = origin)`;
        const first = sql`(attempts = 0 and ${fits} and expires_at > ${time(now)})`;
        // Every try writes the row, so that tries at the same time wait for each other and see what the last one wrote.
        // The session is written too: a deletion at the same time either comes first and leaves nothing to write to, or
        // waits and then reads the client.
        const [row] = await sql<(TriedCode & (SessionRow | { readonly sid: null }))[]>`
          with code as (
            update crossgate.codes set
              attempts = attempts + 1,
              revoked = revoked or (attempts > 0 and given and ${fits}),
              given = given or ${first},
              access_hash = case when ${first} then ${accessHash} else access_hash end,
              access_until = case when ${first} then ${time(accessUntil)} else access_until end,
              keep_until = greatest(keep_until, ${time(accessUntil)} + ${codeOutlives}::float8 * interval '1 second')
            where code_hash = ${hash}
            returning *, ${fits} as fits
          ),
          live as (
            update crossgate.sessions as session set clients = case
              when code.client_id = any (session.clients) then session.clients
              else session.clients || code.client_id end
            from code
            where session.sid = code.sid and code.attempts = 1 and code.given and session.ends_at > ${time(now)}
            returning session.*
          )
          select shown.*, attempts, given, fits, scope as code_scope, nonce as code_nonce
          from (select attempts, given, fits, scope, nonce from code) as code
            left join (select ${sessionList} from live) as shown on true`;
        if (!row) return { kind: 'refused' };
        if (row.attempts > 1) return { kind: row.given && row.fits ? 'reused' : 'refused' };
        if (row.sid === null) return { kind: 'refused' };
        return {
          kind: 'redeemed',
          session: sessionOf(row),
          scope: row.code_scope,
          ...(row.code_nonce !== null && { nonce: row.code_nonce }),
        };
      }),

    findGrant: (accessHash, now) =>
      asked('finding a grant', async () => {
        if (!isStorable(accessHash, longestName)) return undefined;
        const [row] = await sql<(SessionRow & { client_id: string; code_scope: string; access_until: Seconds })[]>`
          select live.*, code.client_id, code.scope as code_scope,
            extract(epoch from code.access_until)::float8 as access_until
          from crossgate.codes as code
            join (select ${sessionList} from crossgate.sessions where ends_at > ${time(now)}) as live using (sid)
          where code.access_hash = ${accessHash} and not code.revoked and code.access_until > ${time(now)}`;
        return (
          row && {
            clientId: row.client_id,
            scope: row.code_scope,
            session: sessionOf(row),
            expiresAt: row.access_until,
          }
        );
      }),

    takeLogouts: (now, leaseUntil, limit) =>
      asked('taking logout notices', async () => {
        const rows = await sql<LogoutRow[]>`
          update crossgate.logouts as notice set attempts = attempts + 1, due_at = ${time(leaseUntil)}
          from (
            select sid, client_id from crossgate.logouts
            where state = 'pending' and due_at <= ${time(now)} and until > ${time(now)}
            order by due_at limit ${limit} for update skip locked
          ) as due
          where (notice.sid, notice.client_id) = (due.sid, due.client_id)
          returning notice.sid, notice.client_id, user_id, extract(epoch from ended_at)::float8 as ended_at, attempts`;
        return rows.map(({ attempts, ...row }): LogoutNotice => ({ ...noticeOf(row), attempt: attempts }));
      }),

    noteLogout: ({ sid, clientId }, result, now) =>
      asked('noting what came of a logout notice', async () => {
        const failed = result.kind === 'failed' ? result : undefined;
        await sql`
          update crossgate.logouts set
            state = ${failed ? 'pending' : result.kind},
            settled_at = case when ${failed !== undefined} then null else ${time(now)} end,
            due_at = ${time(failed?.retryAt ?? now)},
            says = coalesce(${cleaned(failed?.says, 200) ?? null}::text, says)
          where sid = ${sid} and client_id = ${clientId} and state <> 'delivered'`;
      }),

    logoutsOf: (sid) =>
      asked('listing logout notices', async () => {
        if (!isStorable(sid, longestName)) return [];
        const rows = await sql<RecordRow[]>`
          select sid, client_id, user_id, attempts, state, says, extract(epoch from ended_at)::float8 as ended_at,
            extract(epoch from settled_at)::float8 as settled_at
          from crossgate.logouts where sid = ${sid} order by client_id collate "C"`;
        return rows.map(
          (row): LogoutRecord => ({
            ...noticeOf(row),
            attempts: row.attempts,
            state: row.state,
            ...(row.settled_at !== null && { settledAt: row.settled_at }),
            ...(row.says !== null && { says: row.says }),
          }),
        );
      }),
  };
}

function noticeOf(row: Omit<LogoutRow, 'attempts'>): Omit<LogoutNotice, 'attempt'> {
  return {
    sid: asSessionId(row.sid),
    clientId: row.client_id,
    userId: asUserId(row.user_id),
    endedAt: row.ended_at,
  };
}
