import { html } from 'hono/html';
import type { Seconds } from '../../shared/clock.ts';
import { type App, appTiles } from './app-tiles.ts';
import { gatewayHref } from './link.ts';
import type { Html } from './mark.ts';
import { renderPage } from './page.ts';
import { avatar, calledBy, type Person } from './person.ts';
import { ago, ahead, timeElement } from './time-in-words.ts';

/** More roles than these are counted, not listed. */
const listedRoles = 6;

/**
 * The gateway's home for someone who is signed in: who they are, their apps, since when and until when.
 *
 * Signing out is a POST to `/logout`; send the page with `form-action 'self'` and the origins to which
 * signing out may lead.
 *
 */
export function homePage(view: {
  readonly base: string;
  readonly person: Person;
  readonly apps: readonly App[];
  /** Is there a page that lists where the person is signed in? */
  readonly listsSessions: boolean;
  /** `undefined`: not known. */
  readonly signedInAt: Seconds | undefined;
  readonly endsAt: Seconds;
  readonly now: Seconds;
}): Html {
  const { base, person, signedInAt, endsAt, now } = view;
  const name = calledBy(person);
  const body = html`<section class="card" aria-labelledby="who">
<div class="who">${avatar(person)}<div>
<h1 id="who"><span class="unseen">Signed in as </span><bdi>${name}</bdi></h1>
${person.email && person.email !== name ? html`<p class="quiet"><bdi>${person.email}</bdi></p>` : ''}
${roles(person.roles ?? [])}
</div>
<form method="post" action="${gatewayHref(base, '/logout')}"><button class="button plain" type="submit">Sign out</button></form>
</div>
<p class="since small quiet">${signedInAt === undefined ? '' : html`<span>Signed in ${timeElement(signedInAt, ago(signedInAt, now))}</span> <span class="dot">·</span> `}<span>ends ${timeElement(endsAt, ahead(endsAt, now))}</span>${view.listsSessions ? html` <span class="dot">·</span> <span><a href="${gatewayHref(base, '/sessions')}">Where you are signed in</a></span>` : ''}</p>
</section>
<section class="apps" aria-labelledby="apps">
<h2 id="apps">Your apps</h2>
${appTiles(view.apps) ?? html`<p class="empty quiet">No apps are listed here yet. They appear once they are registered with this gateway.</p>`}
</section>`;
  return renderPage({ title: 'Signed in', body, base, wide: true });
}

function roles(all: readonly string[]): Html | '' {
  if (all.length === 0) return '';
  const rest = all.length - listedRoles;
  return html`<ul class="roles" role="list" aria-label="Roles">${all.slice(0, listedRoles).map((role) => html`<li>${role}</li>`)}${rest > 0 ? html`<li>${rest} more</li>` : ''}</ul>`;
}
