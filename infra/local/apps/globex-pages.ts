import { html } from 'hono/html';
import type { Person } from '../../../gateway/sdk/core.ts';
import type { readWay, Way } from './globex-way.ts';
import type { Brand, Html } from './page.ts';

/** Another company: its colours are none of the others'. */
export const brand: Brand = {
  name: 'Globex',
  sign: 'M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M3.5 12h17M12 3.5c3 2.5 3.5 5.5 3.5 8.5s-.5 6-3.5 8.5c-3-2.5-3.5-5.5-3.5-8.5s.5-6 3.5-8.5',
  light: { accent: '#1f3fbf', onAccent: '#ffffff', link: '#1f3fbf', page: '#f0f3fb', card: '#ffffff' },
  dark: { accent: '#2b47b8', onAccent: '#eef1ff', link: '#a9b8ff', page: '#0e111b', card: '#171b29' },
};

/** What Globex sells. */
export const products = [
  { id: 'lamp', name: 'Desk lamp', says: 'Warm light, one switch.' },
  { id: 'beans', name: 'Coffee beans, 5 kg', says: 'For an office of twenty, or one person in October.' },
  { id: 'plant', name: 'Rubber plant', says: 'Grows on being ignored.' },
] as const;

/** An order as its row has it. */
export type Order = { readonly id: string; readonly item: string; readonly at: string };

const ways: Readonly<Record<Way, string>> = {
  frame: 'By the gateway’s frame in this page: you were signed in at Acme, nothing was asked, and no page was left.',
  fedcm: 'By FedCM: the browser itself carried the sign-in over.',
  page: 'By a script of this page.',
  bounce: 'By a short trip to the gateway and back, without a word.',
  redirect: 'By the gateway’s own pages.',
};

const utc = (at: number): string => `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const nameOf = (item: string): string => products.find(({ id }) => id === item)?.name ?? item;

/** The front page, which anybody may read. */
export function frontPage(person: Person | undefined, noted: ReturnType<typeof readWay>): Html {
  return html`<div class="stack"><h1>Everything an office needs</h1><p class="muted">Anybody can look. To order, Globex has to know you, and asks Acme.</p></div>
${person ? welcome(person, noted) : signIn()}
<section class="stack" aria-labelledby="shelf"><h2 id="shelf">On the shelf</h2>
<ul class="notes">${products.map(
    ({ id, name, says }) => html`<li class="card note"><h3>${name}</h3><p>${says}</p>
${
  person
    ? html`<form method="post" action="/orders"><input type="hidden" name="item" value="${id}"><button class="button little">Order<span class="unseen"> ${name}</span></button></form>`
    : html`<span class="small muted">Sign in to order</span>`
}</li>`,
  )}</ul></section>`;
}

function welcome(person: Person, noted: ReturnType<typeof readWay>): Html {
  return html`<section class="card stack" aria-labelledby="you"><h2 id="you">You are <bdi>${person.name ?? person.email ?? person.id}</bdi></h2>
<dl class="facts">
<dt>How you got in</dt><dd>${noted ? ways[noted.way] : 'Nobody noted it.'}</dd>
<dt>Here since</dt><dd>${noted ? utc(noted.at) : '–'}</dd>
<dt>At Acme since</dt><dd>${utc(person.authTime)}</dd>
<dt>All that Globex keeps of you</dt><dd><code>${person.id}</code></dd>
</dl>
<p class="small muted" id="live" role="status">Live: needs a script.</p></section>`;
}

function signIn(): Html {
  return html`<section class="card stack" aria-labelledby="you"><h2 id="you">Nobody is signed in</h2>
<form id="sign-in" class="row" method="get" action="/sso/login"><input type="hidden" name="return_to" value="/">
<p class="muted">Whoever is signed in at Acme is known here without a word, where the browser allows it.</p>
<button class="button">Sign in with Acme</button></form>
<div class="stack" hidden><p class="small muted">Or by the gateway’s own button, in a frame of the gateway:</p><div id="frame-button"></div></div>
<p class="small muted" id="live" role="status">Live: needs a script.</p></section>`;
}

/** The members’ page. */
export function ordersPage(orders: readonly Order[]): Html {
  return html`<div class="stack"><h1>Your orders</h1><p class="muted">Only for somebody. Each is a row in Postgres beside your id, and nobody else sees it.</p></div>
${
  orders.length === 0
    ? html`<div class="empty"><h2>Nothing ordered yet</h2><p><a href="/">To the shelf</a></p></div>`
    : html`<ul class="stack">${orders.map(
        ({ id, item, at }) => html`<li class="card row"><div><h2>${nameOf(item)}</h2>
<time class="small muted" datetime="${at}">${at.slice(0, 16).replace('T', ' ')} UTC</time></div>
<form method="post" action="/orders/${id}/cancel"><button class="button plain little">Cancel<span class="unseen"> the order of ${nameOf(item)}</span></button></form></li>`,
      )}</ul>`
}
<p class="small muted" id="live" role="status">Live: needs a script.</p>`;
}

/** Where a sign-out ends. @param elsewhere It happened in another tab, app or browser window. */
export const goodbye = (elsewhere: boolean, signInUrl: string): Html =>
  html`<div class="card message">${
    elsewhere
      ? html`<h1>You were signed out elsewhere</h1><p>Another app, or the gateway, ended your sign-in. Globex noticed, and forgot you too.</p>`
      : html`<h1>You are signed out, everywhere</h1><p>Globex and every other app have forgotten this browser’s sign-in.</p>`
  }<a class="button" href="${signInUrl}">Sign in again</a></div>`;

/** A page that says one thing. */
export const message = (title: string, says: string): Html => html`<div class="card message"><h1>${title}</h1>
${says ? html`<p>${says}</p>` : ''}<a class="button" href="/">To the shelf</a></div>`;
