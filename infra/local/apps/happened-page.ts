import { html, raw } from 'hono/html';
import type { Step } from '../journal.ts';
import { shortened } from '../journal-redaction.ts';
import type { Cast } from './cast.ts';
import type { Html } from './page.ts';
import type { PersonRows } from './people-rows.ts';
import { timeline } from './timeline.ts';

/** What the live part of the page shows. */
export type Happened = {
  readonly steps: readonly Step[];
  /** `undefined`: Postgres did not say. */
  readonly people: readonly PersonRows[] | undefined;
  /** Id of the row that the last steps speak of. */
  readonly lastPerson: string | undefined;
  /** Claims of the shared cookie as this page's own request carried it. */
  readonly carried: Readonly<Record<string, unknown>> | undefined;
};

/** The page of what happened. `live` is {@link livePart}, which its script replaces as things happen. */
export function happenedPage(live: Html, cursor: number): Html {
  return html`<section class="hero row">
<div><h1>What just happened</h1>
<p class="lead">Every request, redirect, cookie and token of this local world, in order and in plain words. Tokens, codes and passwords are left out. Below: <a href="#now">what the browser and Postgres hold now</a>.</p></div>
<div class="tools"><p class="live quiet small" id="news" role="status">Reload to see more</p>
<form method="post" action="/what-happened/clear"><button class="button plain">Clear</button></form></div>
</section>
<div id="live" data-cursor="${cursor}">${live}</div>`;
}

/** The timeline, and what Postgres holds right now. */
export function livePart({ steps, people, lastPerson, carried }: Happened, cast: Cast): Html {
  return html`${
    steps.length === 0
      ? html`<div class="empty"><h2>Nothing yet</h2><p class="quiet">Open <a href="/">an app</a> in another tab. Each step appears here as it happens.</p></div>`
      : html`<section aria-labelledby="journeys"><h2 id="journeys" class="unseen">Journeys, newest first</h2>${timeline(steps, cast)}</section>`
  }
<section class="now" aria-labelledby="now"><h2 id="now">As it stands now</h2>
<div class="columns">
<div class="card"><h3>In this browser</h3>
${
  carried
    ? html`<p>It carries the cookie <code>__Secure-sso</code>, which the browser sends to every host below this one, this page included. It says:</p>
<details class="more" id="carried" open><summary>Its claims</summary><pre tabindex="0">${JSON.stringify(carried, undefined, 2)}</pre></details>`
    : html`<p class="quiet">No sign-in cookie: nobody is signed in.</p>`
}</div>
<div class="card"><h3>In Postgres</h3>${rows(people, lastPerson)}</div>
</div></section>`;
}

function rows(people: readonly PersonRows[] | undefined, lastPerson: string | undefined): Html {
  if (!people)
    return html`<p class="error" role="alert">The rows can’t be read right now: the database does not answer.</p>`;
  if (people.length === 0) return html`<p class="quiet">The users table is empty.</p>`;
  const last = people.find(({ id }) => id === lastPerson);
  const others = people.filter((one) => one !== last);
  return html`${last ? personRows(last) : ''}
<details class="more" id="others"${last ? '' : raw(' open')}><summary>${last ? 'Everybody else' : 'Everybody'} (${others.length})</summary>${others.map(personRows)}</details>`;
}

function personRows(person: PersonRows): Html {
  const {
    id,
    email,
    name,
    state,
    provider,
    subject,
    roles,
    permissions,
    version,
    sessions,
    notes,
    pictures,
    orders,
    edits,
  } = person;
  const none = html`<span class="quiet">none</span>`;
  return html`<article class="rows"><h4><bdi>${name ?? email ?? id}</bdi></h4>
<dl class="facts-list">
<dt>users.id</dt><dd><code>${id}</code></dd>
<dt>email</dt><dd>${email ?? none}</dd>
<dt>state</dt><dd>${state}</dd>
<dt>identity</dt><dd>${subject ? html`${provider} <code>${subject}</code>` : html`<span class="quiet">not linked yet</span>`}</dd>
<dt>roles</dt><dd>${roles.length > 0 ? roles.join(', ') : none}</dd>
<dt>permissions</dt><dd>${permissions.length > 0 ? permissions.join(', ') : none} <span class="quiet small">(version ${version})</span></dd>
<dt>sessions</dt><dd>${
    sessions.length === 0
      ? none
      : html`<ul>${sessions.map(
          ({ sid, created, ends }) =>
            html`<li><code>${shortened(sid)}</code> <span class="quiet small">since ${created.slice(11, 16)}, until ${ends.slice(11, 16)} UTC</span></li>`,
        )}</ul>`
  }</dd>
<dt>rows with this id</dt><dd>${notes} ${notes === 1 ? 'note' : 'notes'}, ${pictures} ${pictures === 1 ? 'picture' : 'pictures'}, ${orders} ${orders === 1 ? 'order' : 'orders'}, ${edits} ${edits === 1 ? 'edit' : 'edits'}</dd>
</dl></article>`;
}
