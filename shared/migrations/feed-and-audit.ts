import type { Step } from './step.ts';

/**
 * The feed of news for the synchronous core, and the audit trail.
 *
 * `feed.tx` is the transaction that wrote the row: rows become visible in the order of commits, not of `id`, and a reader
 * that remembers the oldest transaction still under way when it last looked misses none. Whoever inserts, psql included,
 * wakes the listeners on channel `crossgate_feed`.
 */
export const feedAndAudit: Step = {
  name: '0001_feed_and_audit',
  statements: [
    `create table crossgate.feed (
      id bigint generated always as identity primary key,
      tx xid8 not null default pg_current_xact_id(),
      kind text not null check (kind in ('session-ended', 'permissions-changed')),
      sid text,
      user_id text,
      version bigint,
      until timestamptz not null,
      created_at timestamptz not null default clock_timestamp(),
      check (case kind when 'session-ended' then sid is not null else user_id is not null and version is not null end)
    )`,
    'create index feed_tx on crossgate.feed (tx)',
    'create index feed_until on crossgate.feed (until)',
    `create function crossgate.feed_added() returns trigger language plpgsql set search_path = pg_catalog as $$
    begin
      if exists (select from added) then perform pg_notify('crossgate_feed', ''); end if;
      return null;
    end $$`,
    `create trigger feed_added after insert on crossgate.feed referencing new table as added
      for each statement execute function crossgate.feed_added()`,
    `create table crossgate.audit (
      id bigint generated always as identity primary key,
      at timestamptz not null default clock_timestamp(),
      event text not null,
      actor text,
      subject text,
      details jsonb not null default '{}'
    )`,
    `comment on column crossgate.audit.actor is 'user id, client id or process that did it'`,
    `comment on column crossgate.audit.subject is 'user id of the person whom it concerns'`,
    'create index audit_subject on crossgate.audit (subject, at)',
    'create index audit_at on crossgate.audit (at)',
  ],
};
