import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { html } from 'hono/html';
import type postgres from 'postgres';
import type { AutoLoginOptions } from '../../../gateway/sdk/hono.ts';
import { autoLogin, hasRole, type Sso, type SsoEnv } from '../../../gateway/sdk/hono.ts';
import { ensureTables, isDatabaseDown, isRowId } from './demo-tables.ts';
import { isOwnForm } from './own-form.ts';
import { createShell, type Html, type NavLink } from './page.ts';

/** What Notes is made of. */
export type NotesOptions = Pick<AutoLoginOptions, 'gateway' | 'url' | 'secret' | 'fetch' | 'clock'> & {
  readonly sql: postgres.Sql;
  /** Address of Photos. */
  readonly photos: string;
  /** Further links for the bar. */
  readonly links?: readonly NavLink[];
};

/** Notes: a value, for a server to serve. */
export type NotesApp = {
  /** Needs no `this`. */
  readonly fetch: (request: Request, env?: unknown) => Response | Promise<Response>;
  /** Creates the table. Idempotent. */
  ensureSchema(): Promise<void>;
};

const longestNote = 500;
const mostNotes = 100;
const longestBody = 8 * 1024;

/** A demo app on Hono: short notes, each person's own. */
export function createNotesApp({ sql, photos, links = [], ...sso }: NotesOptions): NotesApp {
  const app = new Hono<SsoEnv>();

  // These lines are all that an app needs to know of signing in. Behind them, `c.var.sso.person` is somebody.
  app.use(autoLogin({ ...sso, publicPaths: ['/bye'] }));
  const uidOf = ({ person }: Sso) => person?.id ?? '';

  const { origin } = new URL(sso.url);
  const nav: readonly NavLink[] = [
    { name: 'Team', href: '/team' },
    { name: 'Photos', href: photos },
    { name: 'Gateway', href: sso.gateway },
    ...links,
  ];
  const shell = createShell(brand);
  const page = (found: Sso | undefined, title: string, body: Html) =>
    shell.render({
      title,
      body,
      nav,
      ...(found?.person ? { person: found.person, signOutUrl: found.signOutUrl('/bye') } : {}),
    });
  const ownFormsOnly = createMiddleware(async (c, next) => {
    if (isOwnForm((name) => c.req.header(name), origin)) return await next();
    return c.html(page(undefined, 'Refused', message('This form came from another site', 'Nothing was changed.')), 403);
  });

  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(shell.headers)) {
      if (name !== 'Content-Type' && !c.res.headers.has(name)) c.header(name, value);
    }
  });

  app.get('/', async (c) => {
    const notes = await sql<Note[]>`
      select id::text, body, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from demo.notes
      where uid = ${uidOf(c.var.sso)} order by created_at desc, id desc limit ${mostNotes}`;
    return c.html(page(c.var.sso, 'Notes', notesPage(notes)));
  });

  const tooLong = bodyLimit({
    maxSize: longestBody,
    onError: (c) =>
      c.html(
        page(undefined, 'Too long', message('That is too long', `A note has at most ${longestNote} characters.`)),
        413,
      ),
  });
  app.post('/notes', ownFormsOnly, tooLong, async (c) => {
    const uid = uidOf(c.var.sso);
    const typed = (await c.req.parseBody()).body;
    const body = typeof typed === 'string' ? typed.replaceAll('\r\n', '\n').trim() : '';
    const mistake =
      body === ''
        ? 'A note needs a word or two.'
        : [...body].length > longestNote
          ? `A note has at most ${longestNote} characters; this one has ${[...body].length}.`
          : body.includes('\0')
            ? 'A note can’t contain that character.'
            : undefined;
    const added = mistake
      ? []
      : await sql`
          insert into demo.notes (uid, body) select ${uid}, ${body}
          where (select count(*) from demo.notes where uid = ${uid}) < ${mostNotes} returning id`;
    if (added.length > 0) return c.redirect('/', 303);
    const says = mistake ?? `There is room for ${mostNotes} notes. Delete one first.`;
    return c.html(page(c.var.sso, 'Error: Notes', writing(body.slice(0, 2 * longestNote), says)), 400);
  });

  app.post('/notes/:id/delete', ownFormsOnly, tooLong, async (c) => {
    const { id } = c.req.param();
    // by its writer too: an id is a number that anybody can count up
    const gone = isRowId(id)
      ? await sql`delete from demo.notes where id = ${id} and uid = ${uidOf(c.var.sso)} returning id`
      : [];
    if (gone.length > 0) return c.redirect('/', 303);
    return c.html(
      page(c.var.sso, 'No such note', message('There is no such note', 'Perhaps it is deleted already.')),
      404,
    );
  });

  app.get('/team', async (c) => {
    const { person } = c.var.sso;
    if (!hasRole(person, 'editor') && !hasRole(person, 'admin'))
      return c.html(
        page(
          c.var.sso,
          'Team',
          message(
            'This page is for editors',
            'Your account has neither the role editor nor admin. Ask whoever looks after your accounts.',
          ),
        ),
        403,
      );
    const people = await sql<{ uid: string; count: number }[]>`
      select uid, count(*)::int from demo.notes group by uid order by count desc, uid limit 50`;
    return c.html(page(c.var.sso, 'Team', teamPage(people, uidOf(c.var.sso))));
  });

  app.get('/api/me', (c) => {
    const { person } = c.var.sso;
    return c.json({
      uid: person?.id,
      email: person?.email ?? null,
      name: person?.name ?? null,
      roles: person?.roles ?? [],
      permissions: person?.permissions ?? [],
    });
  });

  app.get('/bye', (c) =>
    c.html(page(c.var.sso, 'Signed out', c.var.sso.person ? stillHere() : goodbye(c.var.sso.signInUrl('/')))),
  );

  app.notFound((c) => c.html(page(c.var.sso, 'Not found', message('There is nothing at this address', '')), 404));
  app.onError((error, c) => {
    if (!isDatabaseDown(error)) {
      console.error(error);
      return c.html(page(undefined, 'Error', message('Something went wrong', 'Trying again may help.')), 500);
    }
    c.header('Retry-After', '5');
    return c.html(
      page(
        undefined,
        'Back soon',
        message(
          'Your notes can’t be read right now',
          'They are not lost: the database does not answer. Try again in a moment.',
        ),
      ),
      503,
    );
  });

  return {
    fetch: (request, env) => app.fetch(request, env as never),
    ensureSchema: () =>
      ensureTables(
        sql,
        `create table if not exists demo.notes (
          id bigint generated always as identity primary key,
          uid text not null,
          body text not null,
          created_at timestamptz not null default clock_timestamp()
        )`,
        'create index if not exists notes_uid on demo.notes (uid, created_at)',
      ),
  };
}

type Note = { readonly id: string; readonly body: string; readonly at: string };

const brand = {
  name: 'Notes',
  sign: 'M6 3.5h8.5L19 8v12.5H6zM14 3.5V8.5h5M9 12.5h7M9 16h5',
  light: { accent: '#8a5206', onAccent: '#ffffff', link: '#8a5206', page: '#faf6ec', card: '#fffdf7' },
  dark: { accent: '#6f4305', onAccent: '#fff3da', link: '#f2bf6b', page: '#17140e', card: '#211d15' },
} as const;

function notesPage(notes: readonly Note[]): Html {
  return html`<h1>Your notes</h1>
${form('')}
${
  notes.length === 0
    ? html`<div class="empty"><h2>Nothing written yet</h2><p class="muted">Your first note is kept in Postgres, beside your id. Nobody else sees it.</p></div>`
    : html`<ul class="notes">${notes.map(
        ({ id, body, at }) => html`<li class="card note"><p>${body}</p>
<div class="row"><time class="small muted" datetime="${at}">${at.slice(0, 16).replace('T', ' ')} UTC</time>
<form method="post" action="/notes/${id}/delete"><button class="button plain little">Delete<span class="unseen"> the note “${body.slice(0, 30)}”</span></button></form></div></li>`,
      )}</ul>`
}`;
}

const writing = (typed: string, mistake: string): Html => html`<h1>Your notes</h1>
${form(typed, mistake)}
<p><a href="/">Back to your notes</a></p>`;

function form(typed: string, mistake?: string): Html {
  return html`<form class="card stack" method="post" action="/notes">
${mistake ? html`<p class="error" role="alert" id="mistake">${mistake}</p>` : ''}
<label for="body">New note</label>
<textarea id="body" name="body" required maxlength="${longestNote}" rows="3"${mistake ? html` aria-invalid="true" aria-describedby="mistake"` : ''}>
${typed}</textarea>
<div class="row"><span class="small muted">At most ${longestNote} characters.</span><button class="button">Keep it</button></div>
</form>`;
}

function teamPage(people: readonly { uid: string; count: number }[], self: string): Html {
  return html`<div><h1>Team</h1><p class="muted">Only the roles editor and admin open this page. Notes knows colleagues by their id alone.</p></div>
<div class="card">${
    people.length === 0
      ? html`<p>Nobody has written a note yet.</p>`
      : html`<table><thead><tr><th scope="col">Person</th><th scope="col">Notes</th></tr></thead>
<tbody>${people.map(({ uid, count }) => html`<tr><td><code>${uid}</code>${uid === self ? ' (you)' : ''}</td><td>${count}</td></tr>`)}</tbody></table>`
  }</div>`;
}

const goodbye = (signIn: string): Html => html`<div class="card message"><h1>You are signed out, everywhere</h1>
<p>Notes and every other app have forgotten this browser’s sign-in.</p><a class="button" href="${signIn}">Sign in again</a></div>`;

const stillHere = (): Html =>
  html`<div class="card message"><h1>You are signed in</h1><a class="button" href="/">To your notes</a></div>`;

const message = (title: string, says: string): Html => html`<div class="card message"><h1>${title}</h1>
${says ? html`<p>${says}</p>` : ''}<a class="button" href="/">To your notes</a></div>`;
