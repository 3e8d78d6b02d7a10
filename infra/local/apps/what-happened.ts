import { createHash, randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { html, raw } from 'hono/html';
import type postgres from 'postgres';
import { faviconUrl, mark } from '../../../gateway/pages/mark.ts';
import { cookieValues } from '../../../shared/cookies/cookie.ts';
import type { Journal } from '../journal.ts';
import { decodeDomainCookie } from '../journal-cookies.ts';
import { safeValue } from '../journal-redaction.ts';
import { type SeedPerson, seedAccounts } from '../seed.ts';
import type { WorldAddresses } from '../world-config.ts';
import { createCast } from './cast.ts';
import { happenedPage, livePart } from './happened-page.ts';
import { happenedScript } from './happened-script.ts';
import { isOwnForm } from './own-form.ts';
import type { Html } from './page.ts';
import { lastPerson, readPeople } from './people-rows.ts';
import { startPage } from './start-page.ts';
import { style } from './what-happened-style.ts';

export type StartPageOptions = {
  readonly journal: Journal;
  /** The world's database, read to show rows. */
  readonly sql: postgres.Sql;
  readonly at: WorldAddresses;
  /** Whom one can be. Default: the seeded people. */
  readonly accounts?: readonly SeedPerson[];
};

/** The start page at `/` and what happened at `/what-happened`, live by `/what-happened.json?since=`. */
export function createStartPage({ journal, sql, at, accounts = seedAccounts }: StartPageOptions): {
  /** Needs no `this`. */
  readonly fetch: (request: Request, env?: unknown) => Response | Promise<Response>;
} {
  const app = new Hono();
  const cast = createCast(at);
  const { origin } = new URL(at.start);

  const live = async (cookies: string | undefined) => {
    const steps = journal.steps();
    const people = await readPeople(sql);
    return await livePart({ steps, people, lastPerson: lastPerson(steps), carried: carriedBy(cookies) }, cast);
  };

  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Referrer-Policy', 'same-origin');
    if (!c.res.headers.has('Content-Security-Policy')) c.header('Content-Security-Policy', policy());
  });

  app.get('/', async (c) => c.html(frame('Local world', startPage(at, accounts), 'start')));

  app.get('/what-happened', async (c) => {
    const { cursor } = journal;
    const nonce = randomBytes(16).toString('base64');
    c.header('Content-Security-Policy', policy(nonce));
    const body = happenedPage(await live(c.req.header('cookie')), cursor);
    const script = html`<script nonce="${nonce}">${raw(happenedScript)}</script>`;
    return c.html(frame('What happened', html`${body}${script}`, 'happened'));
  });

  app.get('/what-happened.json', async (c) => {
    const since = Number(c.req.query('since') ?? 0);
    if (!Number.isSafeInteger(since) || since < 0) return c.json({ title: 'since is a number', status: 400 }, 400);
    const { cursor } = journal;
    if (since === cursor) return c.json({ cursor, steps: [] });
    return c.json({ cursor, steps: journal.steps(since), html: String(await live(c.req.header('cookie'))) });
  });

  app.post('/what-happened/clear', (c) => {
    if (!isOwnForm((name) => c.req.header(name), origin)) return c.text('This form came from another site.', 403);
    journal.clear();
    return c.redirect('/what-happened', 303);
  });

  app.notFound((c) =>
    c.html(
      frame(
        'Not found',
        html`<section class="hero"><h1>There is nothing at this address</h1><p><a href="/">To the start</a></p></section>`,
        '',
      ),
      404,
    ),
  );
  return { fetch: (request, env) => app.fetch(request, env as never) };
}

const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

function policy(nonce?: string): string {
  const script = nonce === undefined ? '' : ` script-src 'nonce-${nonce}'; connect-src 'self';`;
  return `default-src 'none'; style-src ${styleSource}; img-src data:;${script} form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}

/** Claims of the sign-in cookie that a request carries, to look at: nothing is verified, and nothing rests on it. */
function carriedBy(cookies: string | undefined): Readonly<Record<string, unknown>> | undefined {
  const [token] = cookieValues(cookies, '__Secure-sso');
  const claims = token === undefined ? undefined : decodeDomainCookie(token);
  return claims && (safeValue(claims) as Readonly<Record<string, unknown>>);
}

function frame(title: string, body: Html | Promise<Html>, here: 'start' | 'happened' | ''): Html {
  const current = (one: string) => (one === here ? raw(' aria-current="page"') : '');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · Crossgate</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${faviconUrl}">
<style>${raw(style)}</style>
</head>
<body>
<header class="top"><a class="name" href="/">${mark()}<span>Crossgate</span></a><nav aria-label="Pages"><a href="/"${current('start')}>Start</a><a href="/what-happened"${current('happened')}>What happened</a></nav></header>
<main>
${body}
</main>
<footer><p>For development, on this machine alone.</p></footer>
</body>
</html>
`;
}
