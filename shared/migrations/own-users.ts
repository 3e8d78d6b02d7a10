import type { Step } from './step.ts';

/**
 * A users table, for those who have none of their own. Ids are uuid v7, made by the gateway. Provider and subject are
 * either both set or both empty: a row without them waits to be linked. An email is no key: two providers may say the same.
 */
export const ownUsers: Step = {
  name: '0004_own_users',
  neededBy: (users) => users.table === undefined,
  statements: [
    `create table crossgate.users (
      id uuid primary key,
      provider text,
      subject text,
      email text,
      name text,
      state text not null default 'active' check (state in ('active', 'disabled', 'deleted')),
      created_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      unique (provider, subject),
      check ((provider is null) = (subject is null))
    )`,
    'create index users_email on crossgate.users (lower(email collate "C"))',
    `create function crossgate.users_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog as $$
    begin
      if tg_op = 'DELETE' then
        perform crossgate.bump_permission_version(array(select id::text from removed));
      else
        perform crossgate.bump_permission_version(array(
          select id::text from removed join added using (id) where removed.state <> added.state));
      end if;
      return null;
    end $$`,
    `create trigger users_updated after update on crossgate.users
      referencing old table as removed new table as added for each statement execute function crossgate.users_changed()`,
    `create trigger users_removed after delete on crossgate.users
      referencing old table as removed for each statement execute function crossgate.users_changed()`,
  ],
};
