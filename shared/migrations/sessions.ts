import type { Step } from './step.ts';

/** Live sessions (an ended one has no row), and the names that can be claimed once. */
export const sessions: Step = {
  name: '0003_sessions',
  statements: [
    `create table crossgate.sessions (
      sid text primary key,
      handle_hash text not null unique,
      user_id text not null,
      provider text not null,
      subject text not null,
      auth_time timestamptz not null,
      created_at timestamptz not null,
      ends_at timestamptz not null,
      last_seen_at timestamptz not null,
      user_agent text,
      sealed_provider_tokens text,
      provider_confirmed_at timestamptz not null,
      provider_generation integer not null default 0
    )`,
    `comment on column crossgate.sessions.handle_hash is 'SHA-256 of the handle in the cookie, base64url'`,
    `comment on column crossgate.sessions.sealed_provider_tokens is 'sealed by the gateway; opaque to the database'`,
    'create index sessions_user_id on crossgate.sessions (user_id, created_at)',
    'create index sessions_ends_at on crossgate.sessions (ends_at)',
    `create table crossgate.claimed_once (
      name text primary key,
      until timestamptz not null
    )`,
    `comment on column crossgate.claimed_once.name is 'SHA-256 of the name, base64url'`,
    'create index claimed_once_until on crossgate.claimed_once (until)',
  ],
};
