import type { Step } from './step.ts';

/** The characters of which no part of a permission has any: colon, spaces of all kinds, control and invisible ones. */
const barred = ':\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff';
const part = `'^[^${barred}]{1,64}$'`;

const definer = 'language plpgsql security definer set search_path = pg_catalog';

/**
 * One writer of permissions at a time. A change of a role's permissions must see everybody who has the role, also those
 * who were given it by a transaction that commits at the same moment; else their tokens would never be called in.
 */
const takeTurns = `perform pg_advisory_xact_lock(hashtextextended('crossgate.permissions', 0))`;

const everybody = `(select array_agg(user_id) from crossgate.user_roles)`;
const statement = 'for each statement execute function';

/**
 * People, roles and permissions, and the triggers that give everybody concerned by a change a new permission version and
 * tell the feed, whoever made the change. User ids are text whatever the type of the users table's key.
 */
export const permissions: Step = {
  name: '0002_permissions',
  statements: [
    `create table crossgate.people (
      user_id text primary key,
      permission_version bigint not null default 1 check (permission_version > 0),
      last_login_at timestamptz
    )`,
    `comment on table crossgate.people is 'what the users table lacks; no row is the same as one with the defaults'`,
    `create table crossgate.identities (
      provider text not null,
      subject text not null,
      user_id text not null,
      linked_at timestamptz not null default clock_timestamp(),
      primary key (provider, subject)
    )`,
    `comment on table crossgate.identities is 'for a users table without a column for the subject'`,
    'create index identities_user_id on crossgate.identities (user_id)',
    `create table crossgate.roles (
      name text primary key check (name ~ '^[A-Za-z0-9._:-]{1,64}$'),
      description text
    )`,
    `create table crossgate.permissions (
      id bigint generated always as identity primary key,
      resource text not null check (resource ~ ${part}),
      action text not null check (action ~ ${part}),
      description text,
      unique (resource, action)
    )`,
    `create table crossgate.role_permissions (
      role text not null references crossgate.roles on update cascade on delete cascade,
      permission_id bigint not null references crossgate.permissions on delete cascade,
      primary key (role, permission_id)
    )`,
    'create index role_permissions_permission_id on crossgate.role_permissions (permission_id)',
    `create table crossgate.user_roles (
      user_id text not null,
      role text not null references crossgate.roles on update cascade on delete cascade,
      granted_at timestamptz not null default clock_timestamp(),
      primary key (user_id, role)
    )`,
    'create index user_roles_role on crossgate.user_roles (role)',

    // Tokens with an older version live for a day at most (the longest life of a domain cookie), then the news may go.
    `create function crossgate.bump_permission_version(user_ids text[]) returns void ${definer} as $$
    begin
      with bumped as (
        insert into crossgate.people as known (user_id, permission_version)
        select id, 2 from (select distinct unnest(user_ids) as id) as ids where id is not null order by id
        on conflict (user_id) do update set permission_version = known.permission_version + 1
        returning user_id, permission_version
      )
      insert into crossgate.feed (kind, user_id, version, until)
      select 'permissions-changed', user_id, permission_version, clock_timestamp() + interval '25 hours' from bumped;
    end $$`,
    `comment on function crossgate.bump_permission_version is
      'calls in the claims of these people; for a trigger on a users table of your own, when a state changes'`,
    'revoke all on function crossgate.bump_permission_version from public',

    `create function crossgate.user_roles_changed() returns trigger ${definer} as $$
    begin
      ${takeTurns};
      case tg_op
        when 'INSERT' then perform crossgate.bump_permission_version((select array_agg(user_id) from added));
        when 'DELETE' then perform crossgate.bump_permission_version((select array_agg(user_id) from removed));
        when 'TRUNCATE' then perform crossgate.bump_permission_version(${everybody});
        else perform crossgate.bump_permission_version(
          (select array_agg(user_id) from (select user_id from added union select user_id from removed) as both_sides));
      end case;
      return null;
    end $$`,
    `create trigger user_roles_added after insert on crossgate.user_roles
      referencing new table as added ${statement} crossgate.user_roles_changed()`,
    `create trigger user_roles_updated after update on crossgate.user_roles
      referencing old table as removed new table as added ${statement} crossgate.user_roles_changed()`,
    `create trigger user_roles_removed after delete on crossgate.user_roles
      referencing old table as removed ${statement} crossgate.user_roles_changed()`,
    `create trigger user_roles_truncated before truncate on crossgate.user_roles
      ${statement} crossgate.user_roles_changed()`,

    `create function crossgate.role_permissions_changed() returns trigger ${definer} as $$
    declare
      concerned text[];
    begin
      ${takeTurns};
      case tg_op
        when 'INSERT' then concerned := array(select role from added);
        when 'DELETE' then concerned := array(select role from removed);
        when 'TRUNCATE' then concerned := array(select name from crossgate.roles);
        else concerned := array(select role from added union select role from removed);
      end case;
      perform crossgate.bump_permission_version(
        array(select user_id from crossgate.user_roles where role = any (concerned)));
      return null;
    end $$`,
    `create trigger role_permissions_added after insert on crossgate.role_permissions
      referencing new table as added ${statement} crossgate.role_permissions_changed()`,
    `create trigger role_permissions_updated after update on crossgate.role_permissions
      referencing old table as removed new table as added ${statement} crossgate.role_permissions_changed()`,
    `create trigger role_permissions_removed after delete on crossgate.role_permissions
      referencing old table as removed ${statement} crossgate.role_permissions_changed()`,
    `create trigger role_permissions_truncated before truncate on crossgate.role_permissions
      ${statement} crossgate.role_permissions_changed()`,

    // Deleting a role or a permission reaches the triggers above by its cascade; renaming a permission reaches none.
    `create function crossgate.permissions_renamed() returns trigger ${definer} as $$
    begin
      ${takeTurns};
      perform crossgate.bump_permission_version(array(
        select user_id from crossgate.user_roles join crossgate.role_permissions using (role)
        where permission_id in (
          select id from removed join added using (id)
          where (removed.resource, removed.action) <> (added.resource, added.action))));
      return null;
    end $$`,
    `create trigger permissions_renamed after update on crossgate.permissions
      referencing old table as removed new table as added ${statement} crossgate.permissions_renamed()`,
  ],
};
