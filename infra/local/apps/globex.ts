import type postgres from 'postgres';
import { createHandOff, createMemoryLogoutStore, type HandOffOptions, type Person } from '../../../gateway/sdk/core.ts';
import { systemClock } from '../../../shared/clock.ts';
import { ensureTables, isDatabaseDown, isRowId } from './demo-tables.ts';
import { brand, frontPage, goodbye, message, type Order, ordersPage, products } from './globex-pages.ts';
import { globexScript } from './globex-script.ts';
import { noteWay, readWay } from './globex-way.ts';
import { isOwnForm } from './own-form.ts';
import { createShell, type Html, type NavLink } from './page.ts';

/** What Globex is made of. */
export type GlobexOptions = Pick<
  HandOffOptions,
  'gateway' | 'url' | 'clientId' | 'secret' | 'fetch' | 'clock' | 'logoutStore' | 'onUnavailable'
> & {
  readonly clientSecret: string;
  readonly sql: postgres.Sql;
  /** Further links for the bar. */
  readonly links?: readonly NavLink[];
};

/** Globex: a value, for a server to serve. */
export type GlobexApp = {
  /** Needs no `this`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Creates the table. Idempotent. */
  ensureSchema(): Promise<void>;
};

const mostOrders = 50;
const longestForm = 1024;

/**
 * A demo app of another company, on a domain of its own: a shop for offices, whose front page anybody may read. Plain
 * Fetch API, no framework.
 */
export function createGlobexApp({ sql, links = [], ...settings }: GlobexOptions): GlobexApp {
  const { gateway, url, clientId, clock = systemClock } = settings;

  // These lines are all that its server needs to know of signing in.
  const sso = createHandOff({
    logoutStore: createMemoryLogoutStore(clock),
    ...settings,
    publicPaths: ['/', '/globex.js', '/bye'],
    postLogoutPath: '/bye',
  });

  const { origin } = new URL(url);
  const { origin: gatewayOrigin } = new URL(gateway);
  const script = globexScript(gateway, clientId);
  const shell = createShell(brand, {
    policy: [
      `script-src 'self' ${gatewayOrigin}`,
      `frame-src ${gatewayOrigin}`,
      // 'self' for the endpoints below /sso, the gateway for FedCM
      `connect-src 'self' ${gatewayOrigin}`,
    ],
    knownBy: 'The gateway told it once, when you came; it stands in Globex’s own sealed cookie.',
    footer:
      'A demo app of another company, on a domain of its own, behind the same Crossgate. It keeps no passwords and no accounts, only rows that carry a person’s id.',
  });
  const nav: readonly NavLink[] = [
    { name: 'Your orders', href: '/orders' },
    { name: 'Gateway', href: gateway },
    ...links,
  ];

  async function page(person: Person | undefined, title: string, body: Html, status = 200, live = true) {
    const out = person ? { person, signOutUrl: sso.signOutUrl() } : {};
    const scripts = live ? ['/globex.js'] : [];
    const shown = await shell.render({ title, body, nav, scripts, ...out });
    return new Response(String(shown), { status, headers: shell.headers });
  }
  const seeOther = (path: string) => new Response(null, { status: 303, headers: { Location: path } });

  async function ordersOf(person: Person): Promise<readonly Order[]> {
    return await sql<Order[]>`
      select id::text, item, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from demo.orders
      where uid = ${person.id} order by created_at desc, id desc limit ${mostOrders}`;
  }

  async function order(request: Request, person: Person): Promise<Response> {
    const item = new URLSearchParams(await request.text()).get('item') ?? '';
    if (!products.some(({ id }) => id === item))
      return await page(person, 'No such thing', message('We don’t sell that', 'Nothing was ordered.'), 400);
    const added = await sql`
      insert into demo.orders (uid, item) select ${person.id}, ${item}
      where (select count(*) from demo.orders where uid = ${person.id}) < ${mostOrders} returning id`;
    if (added.length > 0) return seeOther('/orders');
    const says = `There is room for ${mostOrders} orders. Cancel one first.`;
    return await page(person, 'Too many orders', message('That is a lot of orders', says), 400);
  }

  async function cancel(id: string, person: Person): Promise<Response> {
    // by its buyer too: an id is a number that anybody can count up
    const gone = isRowId(id)
      ? await sql`delete from demo.orders where id = ${id} and uid = ${person.id} returning id`
      : [];
    if (gone.length > 0) return seeOther('/orders');
    return await page(person, 'No such order', message('There is no such order', 'Perhaps it is cancelled.'), 404);
  }

  async function posted(request: Request, path: string, person: Person | undefined): Promise<Response | undefined> {
    const [, id] = /^\/orders\/([^/]+)\/cancel$/.exec(path) ?? [];
    if (!person || (path !== '/orders' && id === undefined)) return undefined;
    if (!isOwnForm((name) => request.headers.get(name) ?? undefined, origin))
      return await page(undefined, 'Refused', message('This form came from another site', 'Nothing was done.'), 403);
    if (!(Number(request.headers.get('content-length') ?? Number.NaN) <= longestForm))
      return await page(person, 'Too long', message('That is too long', 'Nothing was done.'), 413);
    return id === undefined ? await order(request, person) : await cancel(id, person);
  }

  async function answer(request: Request, person: Person | undefined): Promise<Response> {
    const { pathname: path, searchParams } = new URL(request.url);
    if (request.method === 'POST') {
      const done = await posted(request, path, person);
      if (done) return done;
    } else if (path === '/globex.js') {
      const headers = { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' };
      return new Response(script, { headers: { ...headers, 'X-Content-Type-Options': 'nosniff' } });
    } else if (path === '/') {
      return await page(person, 'Globex', frontPage(person, readWay(request.headers.get('cookie'))));
    } else if (path === '/bye') {
      // no script: whoever has just left is not to be let in again by the way
      const body = goodbye(searchParams.has('elsewhere'), sso.signInUrl('/'));
      return await page(person, 'Signed out', body, 200, false);
    } else if (path === '/orders' && person) {
      return await page(person, 'Your orders', ordersPage(await ordersOf(person)));
    } else if (path === '/api/me' && person) {
      return Response.json({ uid: person.id, email: person.email ?? null, name: person.name ?? null });
    }
    return await page(person, 'Not found', message('There is nothing at this address', ''), 404);
  }

  async function failed(error: unknown): Promise<Response> {
    if (!isDatabaseDown(error)) {
      console.error(error);
      return await page(undefined, 'Error', message('Something went wrong', 'Trying again may help.'), 500, false);
    }
    const says = 'They are not lost: the database does not answer. Try again in a moment.';
    const response = await page(undefined, 'Back soon', message('Orders can’t be read right now', says), 503, false);
    response.headers.set('Retry-After', '5');
    return response;
  }

  return {
    async fetch(request) {
      try {
        const outcome = await sso.handle(request);
        if (outcome.kind === 'respond') {
          const isLost = outcome.response.status === 401 && request.headers.get('sec-fetch-mode') === 'navigate';
          if (!isLost) return noteWay(request, outcome.response, clock);
          const says = 'You were signed out in the meantime, so nothing was done.';
          return await page(undefined, 'Signed out', message('Nobody is signed in', says), 401, false);
        }
        const response = await answer(request, outcome.kind === 'signed-in' ? outcome.person : undefined);
        for (const cookie of outcome.cookies) response.headers.append('Set-Cookie', cookie);
        for (const [name, value] of outcome.headers) {
          if (name === 'Vary') response.headers.append(name, value);
          else if (outcome.cookies.length > 0 || !response.headers.has(name)) response.headers.set(name, value);
        }
        return response;
      } catch (error) {
        return await failed(error);
      }
    },
    ensureSchema: () =>
      ensureTables(
        sql,
        `create table if not exists demo.orders (
          id bigint generated always as identity primary key,
          uid text not null,
          item text not null,
          created_at timestamptz not null default clock_timestamp()
        )`,
        'create index if not exists orders_uid on demo.orders (uid, created_at)',
      ),
  };
}
