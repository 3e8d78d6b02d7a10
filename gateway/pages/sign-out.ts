import { html } from 'hono/html';
import { gatewayHref, httpHref } from './link.ts';
import { badge, type Html } from './mark.ts';
import { renderPage } from './page.ts';
import { avatar, calledBy, type Person } from './person.ts';

/**
 * Asks before signing out, where the request alone was no proof that the person wanted it.
 *
 * The form posts `return_to`, where there is one, to `/logout`.
 *
 * @param view.person Absent: nobody is known to be signed in, and the page names nobody.
 * @param view.returnTo A judged address: where Cancel leads, and where signing out ends. Absent: the gateway's home.
 */
export function confirmSignOutPage(view: {
  readonly base: string;
  readonly person?: Person | undefined;
  readonly returnTo?: string | undefined;
}): Html {
  const { base, person } = view;
  const returnTo = view.returnTo === undefined ? undefined : httpHref(view.returnTo);
  const body = html`<section class="card stack">
${badge('leave')}
<h1>Sign out of all apps?</h1>
<p class="quiet">This ends your sign-in in every app that uses it. Save your work in other tabs first.</p>
${person ? who(person) : ''}
<form class="actions" method="post" action="${gatewayHref(base, '/logout')}">${returnTo ? html`<input type="hidden" name="return_to" value="${returnTo}">` : ''}<button class="button" type="submit">Sign out</button><a class="button plain" href="${returnTo ?? gatewayHref(base, '/')}">Cancel</a></form>
</section>`;
  return renderPage({ title: 'Sign out?', body, base });
}

function who(person: Person): Html {
  const name = calledBy(person);
  const email = person.email && person.email !== name ? person.email : undefined;
  return html`<div class="person">${avatar(person, 'little')}<div><span class="unseen">Signed in as </span><strong><bdi>${name}</bdi></strong>${email ? html`<br><bdi class="small quiet">${email}</bdi>` : ''}</div></div>`;
}
