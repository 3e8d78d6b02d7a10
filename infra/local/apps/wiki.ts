import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import type postgres from 'postgres';
import { isDatabaseDown } from './demo-tables.ts';
import { isOwnForm } from './own-form.ts';
import { createShell, type Html, type KnownPerson, type NavLink } from './page.ts';
import { createLivePages } from './wiki-live.ts';
import * as pages from './wiki-pages.ts';
import { wikiScript } from './wiki-script.ts';
import { firstPages } from './wiki-seed.ts';
import { createWikiStore, type Draft, type Edit, type Writer } from './wiki-store.ts';
import { isSlug, slugOf } from './wiki-text.ts';

/** What the wiki is made of. */
export type WikiOptions = {
  readonly sql: postgres.Sql;
  /** Its own address, as people know it. */
  readonly url: string;
  /** Public URL of the gateway in front, for the way out. */
  readonly gateway: string;
  /** Further links for the bar. */
  readonly links?: readonly NavLink[];
};

/** The wiki: a value, for a server to serve that nobody but the gateway reaches. */
export type WikiApp = {
  /** Needs no `this`. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Creates the tables, with pages by these two where nobody ever wrote one. Idempotent. */
  ensureSchema(ann: Writer, bob: Writer): Promise<void>;
  /** Ends the open streams. */
  close(): void;
};

type Env = { Variables: { person: KnownPerson | undefined } };

const longestForm = 48 * 1024;
const shownChanges = 8;

/**
 * A demo app that has no code for signing in: a wiki behind the gateway itself. Whom it serves it reads in four headers,
 * and whoever comes with none of them has not come by way of the gateway.
 */
export function createWikiApp({ sql, url, gateway, links = [] }: WikiOptions): WikiApp {
  const app = new Hono<Env>();
  const store = createWikiStore(sql);
  const live = createLivePages();
  const { host, origin } = new URL(url);
  const shell = createShell(pages.brand, {
    style: pages.style,
    policy: [`script-src 'self'`, `connect-src 'self' ${new URL(gateway).origin}`],
    knownBy: 'The gateway in front wrote it into four headers of this request; the wiki has no code for signing in.',
    footer: 'A demo app behind Crossgate’s proxy mode. It has no code for signing in: it reads four headers.',
  });
  const nav = [{ name: 'Gateway', href: gateway }, ...links];
  const signOutUrl = `${gateway}/logout?return_to=${encodeURIComponent(`${origin}/bye`)}`;
  const page = (person: KnownPerson | undefined, title: string, body: Html, isLive = true) =>
    shell.render({
      title,
      body,
      nav,
      scripts: isLive ? ['/wiki.js'] : [],
      ...(person ? { person, signOutUrl } : {}),
    });
  const says = (person: KnownPerson | undefined, title: string, text: string) =>
    page(person, title, pages.message(title, text), false);

  // All that the wiki knows of signing in: what the gateway writes into every request. See the README for what that needs.
  app.use(async (c, next) => {
    // a page on another host whose name leads to this machine could write these headers too, but not this one
    if (c.req.header('host') !== host) return c.text(`This is the wiki’s own door. People come by ${url}\n`, 421);
    c.set(
      'person',
      readPerson((name) => c.req.header(name)),
    );
    if (!c.var.person && c.req.path !== '/bye')
      return c.text('Nobody said who you are: this request did not come through the gateway.\n', 403);
    await next();
    for (const [name, value] of Object.entries({ ...shell.headers, 'Cache-Control': 'private, no-cache' })) {
      if (name !== 'Content-Type' && !c.res.headers.has(name)) c.header(name, value);
    }
    return undefined;
  });
  const writer = (person: KnownPerson | undefined): Writer => ({
    id: person?.id ?? '',
    name: person?.name ?? person?.email ?? person?.id ?? '',
  });
  /** For what is shown alone. What is let through, the gateway decides by its rules. */
  const mayEdit = (person: KnownPerson | undefined) =>
    person?.roles?.some((role) => role === 'editor' || role === 'admin') ?? false;
  const existing = async () => {
    const slugs = new Set((await store.pages()).map(({ slug }) => slug));
    return (slug: string) => slugs.has(slug);
  };

  app.get('/', async (c) => {
    const [all, changes] = await Promise.all([store.pages(), store.changes(shownChanges)]);
    return c.html(page(c.var.person, 'Wiki', pages.indexPage(all, changes, mayEdit(c.var.person))));
  });

  app.get('/live', () => live.open());

  app.get('/pages/:slug', async (c) => {
    const { slug } = c.req.param();
    const [found, exists] = await Promise.all([store.page(slug), existing()]);
    if (found)
      return c.html(page(c.var.person, found.title, pages.readingPage(found, exists, mayEdit(c.var.person), true)));
    if (!isSlug(slug)) return c.notFound();
    return c.html(page(c.var.person, 'Not written yet', pages.missingPage(slug, mayEdit(c.var.person))), 404);
  });

  app.get('/pages/:slug/history', async (c) => {
    const { slug } = c.req.param();
    const edits = await store.history(slug);
    if (edits.length === 0) return c.notFound();
    return c.html(page(c.var.person, 'History', pages.historyPage(edits, slug)));
  });

  app.get('/pages/:slug/history/:id', async (c) => {
    const { slug, id } = c.req.param();
    const [found, latest, exists] = await Promise.all([store.edit(slug, id), store.page(slug), existing()]);
    if (!found) return c.notFound();
    const isLatest = latest?.id === found.id;
    const body = pages.readingPage(found, exists, mayEdit(c.var.person), isLatest);
    return c.html(page(c.var.person, found.title, body, isLatest));
  });

  app.get('/edit', (c) => {
    const draft = { slug: '', title: '', body: '', note: '', base: undefined };
    return c.html(page(c.var.person, 'New page', pages.editingPage(draft)));
  });

  app.get('/edit/:slug', async (c) => {
    const { slug } = c.req.param();
    const found = await store.page(slug);
    if (!found && !isSlug(slug)) return c.notFound();
    const title = found?.title ?? slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll('-', ' ');
    const draft = { slug, title, body: found?.body ?? '', note: '', base: found?.id };
    return c.html(page(c.var.person, `Editing ${title}`, pages.editingPage(draft)));
  });

  // The rule that lets only editors and admins come here stands in the gateway's configuration.
  const ownFormsOnly = createMiddleware<Env>(async (c, next) => {
    if (isOwnForm((name) => c.req.header(name), origin)) return await next();
    return c.html(says(undefined, 'This form came from another site', 'Nothing was changed.'), 403);
  });
  const tooLong = bodyLimit({
    maxSize: longestForm,
    onError: (c) =>
      c.html(says(undefined, 'That is too long', `A page has at most ${pages.longest.body} characters.`), 413),
  });

  app.on('POST', ['/edit', '/edit/:slug'], ownFormsOnly, tooLong, async (c) => {
    const draft = readDraft(await c.req.parseBody(), c.req.param('slug'));
    const again = (form: Partial<pages.Form>) =>
      page(c.var.person, 'Error: Wiki', pages.editingPage({ ...draft, slug: c.req.param('slug') ?? '', ...form }));
    const mistake = mistakeIn(draft);
    if (mistake) return c.html(again({ mistake }), 400);
    const before = await store.page(draft.slug);
    const isSame = before?.id === draft.base && before?.title === draft.title && before?.body === draft.body;
    if (isSame) return c.redirect(`/pages/${draft.slug}`, 303);
    const saved = await store.save(draft, writer(c.var.person));
    if (saved.kind === 'saved') {
      live.tell(saved.edit);
      return c.redirect(`/pages/${draft.slug}`, 303);
    }
    if (saved.kind === 'full')
      return c.html(again({ mistake: 'The wiki is full. Write on a page that is there.' }), 400);
    const theirs = await store.page(draft.slug);
    // from here on the writer has seen it, so that a second try counts
    const { slug } = draft;
    return c.html(again({ slug, base: theirs?.id, theirs, mistake: overtaken(draft, theirs) }), 409);
  });

  app.get('/api/me', (c) => {
    const { id, email, name, roles } = c.var.person ?? {};
    return c.json({ uid: id, email: email ?? null, name: name ?? null, roles: roles ?? [] });
  });
  const script = wikiScript(gateway);
  app.get('/wiki.js', (c) => c.body(script, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }));

  app.get('/bye', (c) =>
    c.var.person
      ? c.html(says(c.var.person, 'You are signed in', ''))
      : c.html(page(undefined, 'Signed out', pages.goodbye(c.req.query('elsewhere') !== undefined), false)),
  );

  app.notFound((c) => c.html(says(c.var.person, 'There is nothing at this address', ''), 404));
  app.onError((error, c) => {
    if (!isDatabaseDown(error)) {
      console.error(error);
      return c.html(says(undefined, 'Something went wrong', 'Trying again may help.'), 500);
    }
    c.header('Retry-After', '5');
    const text = 'They are not lost: the database does not answer. Try again in a moment.';
    return c.html(says(undefined, 'The pages can’t be read right now', text), 503);
  });

  return {
    fetch: (request) => app.fetch(request),
    ensureSchema: (ann, bob) => store.ensureSchema(firstPages(ann, bob)),
    close: live.close,
  };
}

/** Whom the gateway names. What is not ASCII it percent-encodes, `%` too. */
function readPerson(header: (name: string) => string | undefined): KnownPerson | undefined {
  const read = (name: string) => decoded(header(name) ?? '') || undefined;
  const [id, email, name] = [read('remote-user'), read('remote-email'), read('remote-name')];
  if (id === undefined) return undefined;
  const roles = (read('remote-groups') ?? '').split(',').filter((role) => role !== '');
  return { id, roles, ...(email !== undefined && { email }), ...(name !== undefined && { name }) };
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    // the gateway writes no such thing, so it was somebody else
    if (error instanceof URIError) return '';
    throw error;
  }
}

/** @param slug Of the page that the form was for; `undefined`: of the title. */
function readDraft(form: Readonly<Record<string, unknown>>, slug: string | undefined): Draft {
  const text = (name: string) => (typeof form[name] === 'string' ? form[name] : '');
  const title = text('title').replace(/\s+/g, ' ').trim();
  const body = text('body').replaceAll('\r\n', '\n').trim();
  const base = text('base') || undefined;
  return { slug: slug ?? slugOf(title), title, body, note: text('note').replace(/\s+/g, ' ').trim(), base };
}

function mistakeIn({ slug, title, body, note }: Draft): string | undefined {
  if (title === '' || body === '') return 'A page needs a title and a word or two.';
  if (!isSlug(slug)) return 'A title needs a letter from a to z, or a digit, for the page’s address.';
  if ([title, body, note].some((text) => text.includes('\0'))) return 'A page can’t contain that character.';
  const { longest } = pages;
  if ([...title].length > longest.title) return `A title has at most ${longest.title} characters.`;
  if ([...body].length > longest.body) return `A page has at most ${longest.body} characters.`;
  return [...note].length > longest.note ? `A note has at most ${longest.note} characters.` : undefined;
}

const overtaken = ({ base, slug }: Draft, theirs: Edit | undefined): string =>
  base === undefined || !theirs
    ? `There is a page called ${slug} already. Here are both: save again to put yours in its place.`
    : `${theirs.by} saved this page while you wrote. Here are both: take over what you need, and save again.`;
