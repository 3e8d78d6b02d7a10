import { html } from 'hono/html';
import type { Seconds } from '../../shared/clock.ts';
import { deviceInWords } from './device.ts';
import { gatewayHref } from './link.ts';
import { badge, type Html } from './mark.ts';
import { renderPage } from './page.ts';
import { linkButton } from './retry.ts';
import { ago, timeElement } from './time-in-words.ts';

/** A session as its owner sees it; a `Session` of the store is one. */
export type ShownSession = {
  readonly sid: string;
  readonly createdAt: Seconds;
  readonly lastSeenAt: Seconds;
  /** As the browser sent it; only words of ours are made of it. */
  readonly userAgent?: string | undefined;
};

/** More sessions than these are counted, not listed. */
const listed = 25;

/**
 * Where somebody is signed in, with a button to end each, and one for all but this browser's.
 *
 * The forms post `sid`, or `others`, to `/sessions/end`; this browser's goes the way of signing out. A session's id stands
 * in the form as its name: it proves nothing.
 *
 * @param view.sessions All that live, newest first.
 * @param view.current The one of this browser.
 */
export function sessionsPage(view: {
  readonly base: string;
  readonly sessions: readonly ShownSession[];
  readonly current: string;
  readonly now: Seconds;
}): Html {
  const { base, current, now } = view;
  const here = view.sessions.filter(({ sid }) => sid === current);
  const others = view.sessions.filter(({ sid }) => sid !== current);
  const unlisted = others.length - listed;
  const body = html`<section class="card" aria-labelledby="where">
<h1 id="where">Where you are signed in</h1>
<ul class="sessions" role="list">${here.map((one) => item(one, true, base, now))}${others.slice(0, listed).map((one) => item(one, false, base, now))}</ul>
${unlisted > 0 ? html`<p class="quiet more">And ${unlisted} older ${unlisted === 1 ? 'one' : 'ones'}.</p>` : ''}
${others.length > 0 ? everywhereElse(base) : html`<p class="else quiet">You are signed in nowhere else.</p>`}
</section>
<p class="actions back">${linkButton(gatewayHref(base, '/'), 'Back to your apps', true)}</p>`;
  return renderPage({ title: 'Where you are signed in', body, base, wide: true });
}

function item(session: ShownSession, isCurrent: boolean, base: string, now: Seconds): Html {
  const { sid, createdAt, lastSeenAt, userAgent } = session;
  const { name, kind } = deviceInWords(userAgent);
  const end = isCurrent
    ? html`<form method="post" action="${gatewayHref(base, '/logout')}">${button(name)}</form>`
    : html`<form method="post" action="${gatewayHref(base, '/sessions/end')}"><input type="hidden" name="sid" value="${sid}">${button(name)}</form>`;
  const signedIn = html`<span>Signed in ${timeElement(createdAt, ago(createdAt, now))}</span>`;
  const seen = html`<span>last seen ${timeElement(lastSeenAt, ago(lastSeenAt, now))}</span>`;
  return html`
<li>${badge(kind)}<div class="about"><strong>${name}</strong>${isCurrent ? html` <span class="tag">This browser</span>` : ''}<p class="small quiet">${signedIn} <span class="dot">·</span> ${seen}</p></div>${end}</li>`;
}

const button = (name: string): Html =>
  html`<button class="button plain" type="submit">Sign out<span class="unseen"> of ${name}</span></button>`;

function everywhereElse(base: string): Html {
  return html`<div class="else"><p class="quiet">Is there one that you don’t know? Sign out of it, and change your password.</p>
<form method="post" action="${gatewayHref(base, '/sessions/end')}"><input type="hidden" name="others" value="all"><button class="button" type="submit">Sign out everywhere else</button></form></div>`;
}
