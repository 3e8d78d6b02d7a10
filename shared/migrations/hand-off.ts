import type { Step } from './step.ts';

/**
 * The hand-off to apps on other domains. Which clients were given tokens stands in the session's own row: so its end,
 * which deletes the row, sees every client, however closely a redemption went before.
 */
export const handOff: Step = {
  name: '0006_hand_off',
  statements: [
    `alter table crossgate.sessions add column clients text[] not null default '{}'`,
    `comment on column crossgate.sessions.clients is 'clients that were given tokens for this session'`,
    `create table crossgate.codes (
      code_hash text primary key,
      client_id text not null,
      redirect_uri text not null,
      origin text not null,
      sid text not null,
      challenge text not null,
      nonce text,
      scope text not null,
      expires_at timestamptz not null,
      attempts integer not null default 0,
      given boolean not null default false,
      revoked boolean not null default false,
      access_hash text,
      access_until timestamptz,
      keep_until timestamptz not null
    )`,
    `comment on column crossgate.codes.code_hash is 'SHA-256 of the code, base64url; access_hash likewise'`,
    `comment on column crossgate.codes.attempts is 'the first try uses the code up, whatever comes of it'`,
    'create unique index codes_access_hash on crossgate.codes (access_hash) where access_hash is not null',
    'create index codes_keep_until on crossgate.codes (keep_until)',
    `create table crossgate.logouts (
      sid text not null,
      client_id text not null,
      user_id text not null,
      ended_at timestamptz not null,
      due_at timestamptz not null,
      until timestamptz not null,
      attempts integer not null default 0,
      state text not null default 'pending' check (state in ('pending', 'delivered', 'nowhere')),
      settled_at timestamptz,
      says text,
      primary key (sid, client_id)
    )`,
    `comment on table crossgate.logouts is 'clients that have to be told of the end of a session, and whether they were'`,
    `create index logouts_due_at on crossgate.logouts (due_at) where state = 'pending'`,
    'create index logouts_until on crossgate.logouts (until)',
  ],
};
