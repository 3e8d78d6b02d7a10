import type postgres from 'postgres';
import type { UserId } from '../../shared/identity.ts';
import { claimsOf, claimsSize } from '../../shared/permissions/claims.ts';
import { databaseError } from '../../shared/store/database-error.ts';
import type { Person, UserDirectory } from '../../shared/users/directory.ts';

/** People on a page. */
const pageSize = 1000;

/**
 * The active people with the most claims, the largest first; whoever has no role has nothing to carry and is not among
 * them. Goes through everybody page by page: memory holds a page, the roles with their permissions, and the result.
 *
 * @param most How many.
 * @throws SsoError `directory_unavailable`
 */
export async function largestPeople(
  sql: postgres.Sql,
  directory: UserDirectory,
  most: number,
): Promise<readonly Person[]> {
  const permissionsOf = await asked(sql, readRoles);
  let largest: { id: UserId; size: number }[] = [];
  for (let after: UserId | undefined; ; ) {
    const page = await directory.page({ limit: pageSize, ...(after !== undefined && { after }) });
    const active = page.people.filter(({ state }) => state === 'active').map(({ id }) => id);
    const rolesOf = await asked(sql, (on) => readRolesOf(on, active));
    for (const [id, roles] of rolesOf) {
      const permissions = [...new Set(roles.flatMap((role) => permissionsOf.get(role) ?? []))];
      const size = claimsSize(claimsOf({ id, state: 'active', roles, permissions, permissionVersion: 1 }));
      largest.push({ id, size });
    }
    largest = largest.sort((a, b) => b.size - a.size).slice(0, most);
    after = page.next;
    if (after === undefined) break;
  }
  const people = await Promise.all(largest.map(({ id }) => directory.findById(id)));
  return people.filter((person) => person !== undefined);
}

async function asked<T>(sql: postgres.Sql, ask: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  try {
    return await ask(sql);
  } catch (cause) {
    throw databaseError('directory_unavailable', 'reading roles', cause);
  }
}

/** What each role allows. */
async function readRoles(sql: postgres.Sql): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await sql<{ role: string; permissions: string[] }[]>`
    select role, array_agg(resource || ':' || action) as permissions
    from crossgate.role_permissions join crossgate.permissions on permissions.id = permission_id group by role`;
  return new Map(rows.map(({ role, permissions }) => [role, permissions]));
}

/** The roles of those who have some. */
async function readRolesOf(sql: postgres.Sql, ids: readonly UserId[]): Promise<ReadonlyMap<UserId, readonly string[]>> {
  const rows = await sql<{ id: UserId; roles: string[] }[]>`
    select user_id as id, array_agg(role) as roles from crossgate.user_roles
    where user_id = any (${[...ids]}) group by user_id`;
  return new Map(rows.map(({ id, roles }) => [id, roles]));
}
