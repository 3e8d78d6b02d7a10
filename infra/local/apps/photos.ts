import { randomInt } from 'node:crypto';
import type { RequestListener } from 'node:http';
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { html, raw } from 'hono/html';
import type postgres from 'postgres';
import { type AutoLoginOptions, autoLogin, requirePermission } from '../../../gateway/sdk/express.ts';
import { ensureTables, isDatabaseDown, isRowId } from './demo-tables.ts';
import { isOwnForm } from './own-form.ts';
import { createShell, type Html, type NavLink } from './page.ts';
import { highestSeed, paint, titleFor } from './picture.ts';

/** What Photos is made of. */
export type PhotosOptions = Pick<AutoLoginOptions, 'gateway' | 'url' | 'secret' | 'fetch' | 'clock'> & {
  readonly sql: postgres.Sql;
  /** Address of Notes. */
  readonly notes: string;
  /** Further links for the bar. */
  readonly links?: readonly NavLink[];
};

/** Photos: a value, for a server to serve. */
export type PhotosApp = {
  /** The Express app. */
  readonly listener: RequestListener;
  /** Creates the table. Idempotent. */
  ensureSchema(): Promise<void>;
};

const longestTitle = 60;
const mostPictures = 60;

/** A demo app on Express: pictures that are painted and not taken, each person's own. */
export function createPhotosApp({ sql, notes, links = [], ...sso }: PhotosOptions): PhotosApp {
  const app = express().disable('x-powered-by').disable('etag');

  // These lines are all that an app needs to know of signing in. Behind them, `request.sso.person` is somebody.
  app.use(autoLogin({ ...sso, publicPaths: ['/bye'] }));
  const uidOf = (request: Request) => request.sso?.person?.id ?? '';

  const { origin } = new URL(sso.url);
  const nav: readonly NavLink[] = [{ name: 'Notes', href: notes }, { name: 'Gateway', href: sso.gateway }, ...links];
  const shell = createShell(brand);
  const send = async (request: Request, response: Response, status: number, title: string, body: Html) => {
    const { sso: found } = request;
    const page = await shell.render({
      title,
      body,
      nav,
      ...(found?.person ? { person: found.person, signOutUrl: found.signOutUrl('/bye') } : {}),
    });
    response.status(status).set(shell.headers).send(String(page));
  };
  const form = express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 10 });
  const ownFormsOnly: RequestHandler = async (request, response, next) => {
    if (isOwnForm((name) => request.get(name), origin)) return next();
    await send(request, response, 403, 'Refused', message('This form came from another site', 'Nothing was changed.'));
  };

  app.get('/', async (request, response) => {
    const pictures = await sql<Picture[]>`
      select id::text, seed, title from demo.photos
      where uid = ${uidOf(request)} order by id desc limit ${mostPictures}`;
    await send(request, response, 200, 'Photos', gallery(pictures));
  });

  app.post('/pictures', ownFormsOnly, form, async (request, response) => {
    const seed = randomInt(highestSeed);
    const title = titleOf(request.body) || titleFor(seed);
    if ([...title].length > longestTitle || title.includes('\0'))
      return await send(
        request,
        response,
        400,
        'Error: Photos',
        message('That title is no good', `A title has at most ${longestTitle} characters.`),
      );
    const uid = uidOf(request);
    const added = await sql`
      insert into demo.photos (uid, seed, title) select ${uid}, ${seed}, ${title}
      where (select count(*) from demo.photos where uid = ${uid}) < ${mostPictures} returning id`;
    if (added.length > 0) return response.redirect(303, '/');
    await send(
      request,
      response,
      400,
      'Error: Photos',
      message('The album is full', `There is room for ${mostPictures} pictures. Delete one first.`),
    );
  });

  app.post('/pictures/:id/delete', ownFormsOnly, form, async (request, response) => {
    const id = String(request.params.id);
    // by its owner too: an id is a number that anybody can count up
    const gone = isRowId(id)
      ? await sql`delete from demo.photos where id = ${id} and uid = ${uidOf(request)} returning id`
      : [];
    if (gone.length > 0) return response.redirect(303, '/');
    await send(
      request,
      response,
      404,
      'No such picture',
      message('There is no such picture', 'Perhaps it is deleted already.'),
    );
  });

  // What needs a permission says so where it is mounted. Ann has this one, Bob and Cyd don't.
  app.get('/api/album', requirePermission('photos:write'), async (request, response) => {
    const pictures = await sql<Picture[]>`
      select id::text, seed, title from demo.photos where uid = ${uidOf(request)} order by id`;
    response.json({ pictures });
  });

  app.get('/api/me', (request, response) => {
    const person = request.sso?.person;
    response.json({
      uid: person?.id,
      email: person?.email ?? null,
      name: person?.name ?? null,
      roles: person?.roles ?? [],
      permissions: person?.permissions ?? [],
    });
  });

  app.get('/bye', async (request, response) => {
    const { sso: found } = request;
    await send(
      request,
      response,
      200,
      'Signed out',
      found && !found.person ? goodbye(found.signInUrl('/')) : stillHere(),
    );
  });

  app.use((request, response) =>
    send(request, response, 404, 'Not found', message('There is nothing at this address', '')),
  );
  const onError: ErrorRequestHandler = async (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
    if (isDatabaseDown(error)) {
      response.set('Retry-After', '5');
      await send(
        request,
        response,
        503,
        'Back soon',
        message(
          'Your pictures can’t be read right now',
          'They are not lost: the database does not answer. Try again in a moment.',
        ),
      );
    } else if (status >= 400 && status < 500) {
      await send(request, response, status, 'Error', message('That could not be read', 'Go back and try again.'));
    } else {
      console.error(error);
      await send(request, response, 500, 'Error', message('Something went wrong', 'Trying again may help.'));
    }
  };
  app.use(onError);

  return {
    listener: app,
    ensureSchema: () =>
      ensureTables(
        sql,
        `create table if not exists demo.photos (
          id bigint generated always as identity primary key,
          uid text not null,
          seed integer not null,
          title text not null,
          created_at timestamptz not null default clock_timestamp()
        )`,
        'create index if not exists photos_uid on demo.photos (uid, id)',
      ),
  };
}

type Picture = { readonly id: string; readonly seed: number; readonly title: string };

const brand = {
  name: 'Photos',
  sign: 'M4 7.5h3.5L9 5h6l1.5 2.5H20v11.5H4zM12 16.25a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5z',
  light: { accent: '#5a35a8', onAccent: '#ffffff', link: '#5a35a8', page: '#f5f3fa', card: '#ffffff' },
  dark: { accent: '#43287f', onAccent: '#efe8ff', link: '#c3adff', page: '#121018', card: '#1c1926' },
} as const;

/** What was typed as a title, on one line. */
function titleOf(body: unknown): string {
  const title = typeof body === 'object' && body !== null && 'title' in body ? body.title : undefined;
  return typeof title === 'string' ? title.replace(/\s+/g, ' ').trim() : '';
}

function gallery(pictures: readonly Picture[]): Html {
  return html`<h1>Your pictures</h1>
<form class="card stack" method="post" action="/pictures">
<label for="title">Title <span class="muted small">(or leave it to us)</span></label>
<div class="row"><input class="grow" type="text" id="title" name="title" maxlength="${longestTitle}" autocomplete="off"><button class="button">Take a picture</button></div>
</form>
${
  pictures.length === 0
    ? html`<div class="empty"><h2>An empty album</h2><p class="muted">Press the button: each picture is painted from a number, which is kept in Postgres beside your id.</p></div>`
    : html`<ul class="pictures">${pictures.map(
        ({ id, seed, title }) => html`<li class="card picture">${raw(paint(seed, id, 'Painted landscape'))}
<div class="row"><h2>${title}</h2>
<form method="post" action="/pictures/${id}/delete"><button class="button plain little">Delete<span class="unseen"> ${title}</span></button></form></div></li>`,
      )}</ul>`
}`;
}

const goodbye = (signIn: string): Html => html`<div class="card message"><h1>You are signed out, everywhere</h1>
<p>Photos and every other app have forgotten this browser’s sign-in.</p><a class="button" href="${signIn}">Sign in again</a></div>`;

const stillHere = (): Html =>
  html`<div class="card message"><h1>You are signed in</h1><a class="button" href="/">To your pictures</a></div>`;

const message = (title: string, says: string): Html => html`<div class="card message"><h1>${title}</h1>
${says ? html`<p>${says}</p>` : ''}<a class="button" href="/">To your pictures</a></div>`;
