import type postgres from 'postgres';
import { ensureTables, isRowId } from './demo-tables.ts';

/** Somebody who writes, as far as the wiki knows them. */
export type Writer = { readonly id: string; readonly name: string };

/** One edit: the whole page as it was left. Times are ISO 8601 in UTC. */
export type Edit = {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  readonly body: string;
  /** What the writer said of it; may be empty. */
  readonly note: string;
  readonly uid: string;
  readonly by: string;
  readonly at: string;
};

/** An edit without its text. */
export type EditLine = Omit<Edit, 'body'>;

/** What somebody wants a page to say. */
export type Draft = Pick<Edit, 'slug' | 'title' | 'body' | 'note'> & {
  /** The edit that they started from; `undefined`: the page is to be a new one. */
  readonly base: string | undefined;
};

/** What became of a draft. `overtaken`: the page is not what the draft started from. */
export type Saved = { readonly kind: 'saved'; readonly edit: Edit } | { readonly kind: 'overtaken' | 'full' };

/** Pages and who wrote them. Nothing is ever overwritten: a page is its latest edit. */
export type WikiStore = {
  pages(): Promise<readonly EditLine[]>;
  /** `undefined`: nobody has written it yet. */
  page(slug: string): Promise<Edit | undefined>;
  /** Newest first. */
  history(slug: string): Promise<readonly EditLine[]>;
  edit(slug: string, id: string): Promise<Edit | undefined>;
  /** The latest edits of all pages, newest first. */
  changes(most: number): Promise<readonly EditLine[]>;
  save(draft: Draft, writer: Writer): Promise<Saved>;
  /** Creates the tables, and writes the first pages where nobody ever wrote one. Idempotent. */
  ensureSchema(first?: readonly (Omit<Draft, 'base'> & { readonly writer: Writer })[]): Promise<void>;
};

const mostPages = 200;
const longestHistory = 50;

class Overtaken extends Error {}

export function createWikiStore(sql: postgres.Sql): WikiStore {
  const time = sql`to_char(edits.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at`;
  const line = sql`edits.id::text, edits.slug, edits.title, edits.note, edits.uid, edits.name as by, ${time}`;
  const latest = sql`demo.wiki_edits as edits join demo.wiki_pages as pages on pages.edit_id = edits.id`;

  async function add(tx: postgres.Sql, { slug, title, body, note, base }: Draft, { id, name }: Writer): Promise<Edit> {
    const [edit] = await tx<Edit[]>`
      insert into demo.wiki_edits as edits (slug, title, body, note, uid, name)
      values (${slug}, ${title}, ${body}, ${note}, ${id}, ${name}) returning ${line}, edits.body`;
    if (!edit) throw new Error('no row came back');
    const set =
      base === undefined
        ? await tx`insert into demo.wiki_pages (slug, edit_id) values (${slug}, ${edit.id}) on conflict do nothing returning slug`
        : await tx`update demo.wiki_pages set edit_id = ${edit.id} where slug = ${slug} and edit_id = ${base} returning slug`;
    if (set.length === 0) throw new Overtaken();
    return edit;
  }

  return {
    pages: () => sql<EditLine[]>`select ${line} from ${latest} order by lower(edits.title), edits.slug`,
    async page(slug) {
      const [found] = await sql<Edit[]>`select ${line}, edits.body from ${latest} where pages.slug = ${slug}`;
      return found;
    },
    history: (slug) => sql<EditLine[]>`
      select ${line} from demo.wiki_edits as edits where slug = ${slug} order by edits.id desc limit ${longestHistory}`,
    async edit(slug, id) {
      if (!isRowId(id)) return undefined;
      const [found] = await sql<Edit[]>`
        select ${line}, edits.body from demo.wiki_edits as edits where id = ${id} and slug = ${slug}`;
      return found;
    },
    changes: (most) =>
      sql<EditLine[]>`select ${line} from demo.wiki_edits as edits order by edits.id desc limit ${most}`,
    async save(draft, writer) {
      if (draft.base !== undefined && !isRowId(draft.base)) return { kind: 'overtaken' };
      if (draft.base === undefined) {
        const [count] = await sql<{ pages: number }[]>`select count(*)::int as pages from demo.wiki_pages`;
        if ((count?.pages ?? 0) >= mostPages) return { kind: 'full' };
      }
      try {
        const edit = await sql.begin((tx) => add(tx as unknown as postgres.Sql, draft, writer));
        return { kind: 'saved', edit };
      } catch (error) {
        if (error instanceof Overtaken) return { kind: 'overtaken' };
        throw error;
      }
    },
    async ensureSchema(first = []) {
      await ensureTables(
        sql,
        `create table if not exists demo.wiki_edits (
          id bigint generated always as identity primary key,
          slug text not null,
          title text not null,
          body text not null,
          note text not null,
          uid text not null,
          name text not null,
          created_at timestamptz not null default clock_timestamp()
        )`,
        'create index if not exists wiki_edits_slug on demo.wiki_edits (slug, id)',
        `create table if not exists demo.wiki_pages (
          slug text primary key,
          edit_id bigint not null references demo.wiki_edits (id)
        )`,
      );
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtextextended('crossgate.demo.wiki', 0))`;
        if ((await tx`select from demo.wiki_edits limit 1`).length > 0) return;
        const written = new Map<string, string>();
        for (const { writer, ...draft } of first) {
          const edit = await add(tx as unknown as postgres.Sql, { ...draft, base: written.get(draft.slug) }, writer);
          written.set(draft.slug, edit.id);
        }
      });
    },
  };
}
