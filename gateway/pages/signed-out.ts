import { html } from 'hono/html';
import { type App, appTiles } from './app-tiles.ts';
import { loginHref } from './link.ts';
import { badge, type Html } from './mark.ts';
import { renderPage } from './page.ts';

/**
 * Says that the session has ended, and offers to start another.
 *
 * @param view.returnTo A judged address to come back to after signing in again; absent: the gateway's home.
 */
export function signedOutPage(view: {
  readonly base: string;
  readonly returnTo?: string | undefined;
  readonly apps: readonly App[];
}): Html {
  const tiles = appTiles(view.apps);
  const body = html`<section class="card stack">
${badge('done')}
<h1>You are signed out everywhere</h1>
<p class="quiet">No app that uses this sign-in lets this browser in until you sign in again. On a shared computer, close the browser as well.</p>
<p class="actions"><a class="button" href="${loginHref(view.base, view.returnTo)}">Sign in again</a></p>
</section>
${tiles ? html`<section class="apps" aria-labelledby="apps"><h2 id="apps">Or go to an app</h2>${tiles}</section>` : ''}`;
  return renderPage({ title: 'Signed out', body, base: view.base });
}
