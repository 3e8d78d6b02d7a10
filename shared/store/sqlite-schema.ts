/** A database as a Durable Object has it; nothing waits. */
export type Sqlite = {
  exec(query: string, ...bindings: (string | number | null)[]): { toArray(): object[] };
};

/**
 * The tables, made where they are missing. Times are seconds since 1970. What was released changes only by statements that
 * are added below: objects that live already run them too.
 *
 * `autoincrement`: the cursor of the feed counts on numbers that never come twice.
 */
export const schema: readonly string[] = [
  `create table if not exists sessions (
    sid text primary key, handle_hash text not null unique, user_id text not null,
    provider text not null, subject text not null,
    auth_time real not null, created_at real not null, ends_at real not null, last_seen_at real not null,
    user_agent text, sealed_provider_tokens text,
    provider_confirmed_at real not null, provider_generation integer not null default 0
  ) strict`,
  'create index if not exists sessions_user_id on sessions (user_id, created_at)',
  'create index if not exists sessions_ends_at on sessions (ends_at)',

  `create table if not exists session_clients (
    sid text not null, client_id text not null, primary key (sid, client_id)
  ) strict`,

  `create table if not exists feed (
    id integer primary key autoincrement, sid text not null, until real not null
  ) strict`,
  'create index if not exists feed_until on feed (until)',

  'create table if not exists claimed_once (name text primary key, until real not null) strict',
  'create index if not exists claimed_once_until on claimed_once (until)',

  `create table if not exists codes (
    code_hash text primary key, client_id text not null, redirect_uri text not null, origin text not null,
    sid text not null, challenge text not null, nonce text, scope text not null,
    expires_at real not null, keep_until real not null, attempts integer not null default 0,
    access_hash text unique, access_until real, revoked integer not null default 0
  ) strict`,
  'create index if not exists codes_keep_until on codes (keep_until)',

  `create table if not exists logouts (
    sid text not null, client_id text not null, user_id text not null, ended_at real not null,
    due_at real not null, until real not null, attempts integer not null default 0,
    state text not null default 'pending', settled_at real, says text, primary key (sid, client_id)
  ) strict`,
  "create index if not exists logouts_due_at on logouts (due_at) where state = 'pending'",
  'create index if not exists logouts_until on logouts (until)',
];
