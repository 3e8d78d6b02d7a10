import type { Seconds } from '../clock.ts';
import { asSessionId, asSubject, asUserId } from '../identity.ts';
import type { Session } from './store.ts';

/** A row of `crossgate.sessions` as {@link sessionColumns} read it. */
export type SessionRow = {
  readonly sid: string;
  readonly user_id: string;
  readonly provider: string;
  readonly subject: string;
  readonly auth_time: Seconds;
  readonly created_at: Seconds;
  readonly ends_at: Seconds;
  readonly last_seen_at: Seconds;
  readonly user_agent: string | null;
  readonly sealed_provider_tokens: string | null;
  readonly provider_confirmed_at: Seconds;
  readonly provider_generation: number;
};

const times = ['auth_time', 'created_at', 'ends_at', 'last_seen_at', 'provider_confirmed_at'];

/** Select list of a session: times as seconds since 1970. */
export const sessionColumns = [
  'sid, user_id, provider, subject, user_agent, sealed_provider_tokens, provider_generation',
  ...times.map((time) => `extract(epoch from ${time})::float8 as ${time}`),
].join(', ');

export function sessionOf(row: SessionRow): Session {
  return {
    sid: asSessionId(row.sid),
    userId: asUserId(row.user_id),
    identity: { provider: row.provider, subject: asSubject(row.subject) },
    authTime: row.auth_time,
    createdAt: row.created_at,
    endsAt: row.ends_at,
    lastSeenAt: row.last_seen_at,
    ...(row.user_agent !== null && { userAgent: row.user_agent }),
    ...(row.sealed_provider_tokens !== null && { sealedProviderTokens: row.sealed_provider_tokens }),
    providerConfirmedAt: row.provider_confirmed_at,
    providerGeneration: row.provider_generation,
  };
}
