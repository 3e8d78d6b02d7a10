import type postgres from 'postgres';
import type { UsersConfig } from '../config.ts';
import { askDatabase } from '../store/database-error.ts';
import { inSql, type Right, rights } from './grants.ts';

/** What the database role of a connection may not do, and what its rights are for and is not there. As SQL has them. */
export type MissingRights = {
  /** `update ("email") on "public"."members"` */
  readonly rights: readonly string[];
  /** `"public"."members"`, or `"email" of "public"."members"`. */
  readonly things: readonly string[];
};

/** One privilege on one thing, as the statement below takes it. */
type Question = Pick<Right, 'on' | 'name'> & { readonly privilege: string; readonly column?: string };

/**
 * Which of the rights that `grants` gives are missing. Reads the catalogue alone, so it works for a role that may do nothing.
 *
 * @throws SsoError `directory_unavailable`
 */
export async function missingRights(sql: postgres.Sql, users: UsersConfig): Promise<MissingRights> {
  const questions: Question[] = rights(users).flatMap(({ on, name, privileges, columns = [undefined] }) =>
    privileges.flatMap((privilege) =>
      columns.map((column) => ({ on, name, privilege, ...(column === undefined ? {} : { column }) })),
    ),
  );
  const answers = await askDatabase(sql, 'directory_unavailable', 'reading rights', async () => {
    return await sql<{ allowed: boolean | null }[]>`
      select case question.on
          when 'schema' then (select has_schema_privilege(oid, privilege) from pg_namespace where nspname = parts[1])
          when 'function' then (
            select bool_and(has_function_privilege(f.oid, privilege)) from pg_proc f join pg_namespace n on n.oid = pronamespace
            where nspname = parts[1] and proname = parts[2])
          else (
            select case when question.column is null then has_table_privilege(t.oid, privilege)
              else (select has_column_privilege(t.oid, attnum, privilege) from pg_attribute
                where attrelid = t.oid and attname = (parse_ident(question.column))[1] and not attisdropped) end
            from pg_class t join pg_namespace n on n.oid = relnamespace where nspname = parts[1] and relname = parts[2])
        end as allowed
      from rows from (jsonb_to_recordset(${sql.json(questions)}) as ("on" text, name text, privilege text, "column" text))
          with ordinality as question("on", name, privilege, "column", nr)
        cross join lateral parse_ident(question.name) as parts
      order by nr`;
  });
  const missing = (wanted: false | null) => questions.filter((_, i) => (answers[i]?.allowed ?? null) === wanted);
  const asRight = ({ on, name, privilege, column }: Question) =>
    inSql({ on, name, privileges: [privilege], ...(column === undefined ? {} : { columns: [column] }) });
  const asThing = ({ name, column }: Question) => (column === undefined ? name : `${column} of ${name}`);
  return { rights: missing(false).map(asRight), things: [...new Set(missing(null).map(asThing))] };
}
