import type postgres from 'postgres';
import type { Step } from '../journal.ts';

/** What Postgres knows of somebody. Times are ISO 8601 in UTC. */
export type PersonRows = {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly state: string;
  readonly provider: string | null;
  readonly subject: string | null;
  readonly created: string;
  readonly version: number;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  readonly sessions: readonly { readonly sid: string; readonly created: string; readonly ends: string }[];
  /** Rows of the demo apps that carry this id. */
  readonly notes: number;
  readonly pictures: number;
  readonly orders: number;
  /** In the wiki. */
  readonly edits: number;
};

type DemoTable = 'notes' | 'photos' | 'orders' | 'wiki_edits';

const time = 'YYYY-MM-DD"T"HH24:MI:SS"Z"';

/** Everybody, newest first, at most 30. `undefined`: the database does not answer, or has no such tables. */
export async function readPeople(sql: postgres.Sql): Promise<readonly PersonRows[] | undefined> {
  try {
    const [demo] = await sql<Record<DemoTable, boolean>[]>`
      select to_regclass('demo.notes') is not null as notes, to_regclass('demo.photos') is not null as photos,
        to_regclass('demo.orders') is not null as orders, to_regclass('demo.wiki_edits') is not null as wiki_edits`;
    const owned = (table: DemoTable) =>
      demo?.[table] ? sql`(select count(*)::int from demo.${sql(table)} where uid = users.id::text)` : sql`0`;
    return await sql<PersonRows[]>`
      select users.id::text, email, name, state, provider, subject,
        to_char(created_at at time zone 'UTC', ${time}) as created,
        coalesce((select permission_version::int from crossgate.people where user_id = users.id::text), 1) as version,
        array(select role from crossgate.user_roles where user_id = users.id::text order by role) as roles,
        array(
          select distinct permissions.resource || ':' || permissions.action
          from crossgate.user_roles
          join crossgate.role_permissions using (role)
          join crossgate.permissions on permissions.id = role_permissions.permission_id
          where user_id = users.id::text order by 1) as permissions,
        coalesce((
          select json_agg(json_build_object(
            'sid', sid,
            'created', to_char(sessions.created_at at time zone 'UTC', ${time}),
            'ends', to_char(ends_at at time zone 'UTC', ${time})) order by sessions.created_at desc)
          from crossgate.sessions where user_id = users.id::text and ends_at > now()), '[]') as sessions,
        ${owned('notes')} as notes, ${owned('photos')} as pictures,
        ${owned('orders')} as orders, ${owned('wiki_edits')} as edits
      from crossgate.users as users order by created_at desc, email limit 30`;
  } catch (error) {
    // a page that says what happened should say this too, and not break
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The person whom the last of these steps speak of, by the id of their row. */
export function lastPerson(steps: readonly Step[]): string | undefined {
  for (const { details } of steps.toReversed()) {
    const { claims, uid } = details;
    if (typeof uid === 'string') return uid;
    if (typeof claims !== 'object' || claims === null) continue;
    const said = 'uid' in claims ? claims.uid : 'sub' in claims ? claims.sub : undefined;
    if (typeof said === 'string') return said;
  }
  return undefined;
}
