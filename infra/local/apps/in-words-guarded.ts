import type { Step } from '../journal.ts';
import type { Actor } from './cast.ts';

/** What a request for the wiki means: the gateway stands there, and takes on to the wiki what may pass. */
export function atWiki({ details }: Step, isBrowser: boolean, target: Actor | undefined): string {
  const { method, status, handedOn, path, location } = details;
  const who = nameIn(handedOn);
  if (!isBrowser) {
    if (who === undefined) return 'Wiki sees that nobody is named in the four headers. This page is for everybody.';
    return method === 'POST'
      ? 'Wiki believes the four headers, for nobody but the gateway reaches it. An edit is kept under that id, and every open page hears of it.'
      : 'Wiki has no code for signing in: who is there it reads in the four headers. It believes them, for nobody but the gateway reaches it.';
  }
  if (handedOn !== undefined) {
    if (Number(status) >= 500)
      return 'The gateway let the request through, but Wiki does not answer, and people get a page that says so.';
    if (who !== undefined)
      return `The gateway stands in front of Wiki. It asked itself, by the signed cookie and its own rules, and handed the request on as ${who}.${Number(status) >= 400 ? ' That it came to nothing is Wiki’s own answer.' : ''}`;
    return path === '/bye'
      ? 'The gateway stands in front of Wiki. A rule says that everybody may see this page, so it handed the request on, as nobody.'
      : 'The gateway stands in front of Wiki, and handed the request on as nobody.';
  }
  if (target === 'gateway') {
    return isRefresh(location)
      ? 'The cookie’s half hour is over. The gateway, in front of Wiki, sends the browser to itself for a new one. Wiki hears nothing of it.'
      : 'Wiki can’t sign anybody in. The gateway stands in front of it, finds no sign-in cookie and sends the browser to sign in. Wiki hears nothing of it.';
  }
  if (status === 403)
    return 'The gateway knows who it is, and its rule for this path says no. Wiki hears nothing of it.';
  return 'The gateway, in front of Wiki, answers this itself.';
}

/** What a request for Docs means, apart from what its functions did. */
export function atDocs({ details }: Step, target: Actor | undefined): string {
  const status = Number(details.status);
  if (target === 'gateway')
    return 'CloudFront asks a function about the request first, and sends the browser where that says.';
  if (status === 403)
    return 'CloudFront asks a function about the request first. It says no, and the folder is never asked.';
  if (status === 404) return 'A function let the request through, but there is no such file in the folder.';
  if (status >= 500) return 'Something at the edge failed, and nobody gets through.';
  return 'CloudFront asks a function about the request first, takes the page from a folder of files, and lets another function add headers. The gateway isn’t asked.';
}

/** What a function at the edge did. */
export function atEdge({ details }: Step): string {
  const { location, status, identity, added } = details;
  if (details.error !== undefined) return 'The function failed, so nobody gets through.';
  switch (details.function) {
    case 'http-headers':
      return `http_headers adds ${Array.isArray(added) ? added.length : 'some'} headers to the answer, by which the browser keeps the page safe. A folder of files has none.`;
    case 'sign-out':
      return 'sign_out sends the browser to the gateway’s own sign-out, which asks first. The cookie is the gateway’s to remove.';
  }
  if (location !== undefined) {
    return isRefresh(location)
      ? 'check_auth finds a cookie whose half hour is over, and sends the browser to the gateway for a new one.'
      : 'check_auth finds no sign-in cookie, and sends the browser to the gateway. It can’t sign anybody in: it holds no secret.';
  }
  if (status === 403) return 'check_auth knows who it is, and the rule for this path says no.';
  if (status !== undefined) return 'check_auth answers this itself.';
  const who = nameIn(identity);
  return who === undefined
    ? 'check_auth finds a rule by which everybody may read this page, and lets the request through, as nobody.'
    : `check_auth checks the signed cookie right at the edge, with the gateway’s public keys, and lets the request through as ${who}. It asks nobody.`;
}

/** What a journey to an app without code was about. `undefined`: nothing special. */
export function guardedTitle({ details }: Step, here: Actor, where: string): string | undefined {
  const { path, method, query } = details;
  if (here === 'docs' && path === '/_sso/sign-out') return 'About to sign out';
  if (here !== 'wiki') return undefined;
  if (method === 'POST') return 'Writing in the wiki';
  const isElsewhere = typeof query === 'object' && query !== null && 'elsewhere' in query;
  return path === '/bye' && isElsewhere ? `${where} noticed a sign-out elsewhere` : undefined;
}

const isRefresh = (location: unknown): boolean =>
  typeof location === 'string' && URL.canParse(location) && new URL(location).pathname.endsWith('/refresh');

/** Whom identity headers name; `undefined`: nobody. */
function nameIn(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const values = headers as Readonly<Record<string, unknown>>;
  return [values['Remote-Name'], values['Remote-Email'], values['Remote-User']]
    .map(String)
    .find((one) => one !== '' && one !== 'undefined');
}
