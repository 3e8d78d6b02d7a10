import { html } from 'hono/html';
import { badge, type Html } from '../../pages/mark.ts';
import { renderPage } from '../../pages/page.ts';
import { linkButton } from '../../pages/retry.ts';

/**
 * Asks before signing out, where the request alone was no proof that the person wanted it.
 *
 * @param view.signOut Path that the form posts to.
 */
export function confirmPage(view: { readonly site: string; readonly signOut: string }): Html {
  const body = html`<section class="card stack">
${badge('leave')}
<h1>Sign out of ${new URL(view.site).host}?</h1>
<p class="quiet">Save your work in other tabs first.</p>
<form class="actions" method="post" action="${view.signOut}"><button class="button" type="submit">Sign out</button>${linkButton(`${view.site}/`, 'Cancel', true)}</form>
</section>`;
  return renderPage({ title: 'Sign out?', body, base: view.site });
}

/** Says that the session has ended. */
export function signedOutPage(site: string): Html {
  const body = html`<section class="card stack">
${badge('done')}
<h1>You are signed out</h1>
<p class="quiet">On a shared computer, close the browser as well.</p>
<p class="actions">${linkButton(`${site}/`, 'Go to the start page')}</p>
</section>`;
  return renderPage({ title: 'Signed out', body, base: site });
}
