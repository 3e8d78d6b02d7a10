import { html } from 'hono/html';
import type { Seconds } from '../../shared/clock.ts';
import { failures } from '../../shared/errors.ts';
import { badge, type Html } from './mark.ts';
import { renderPage } from './page.ts';
import { linkButton, quotable, type Retry } from './retry.ts';
import { timeElement } from './time-in-words.ts';

/**
 * Stops a sign-in that keeps coming back to its start, and names the likely causes, the likeliest first.
 *
 * @param view.app Name of the app that keeps asking; absent: not known.
 * @param view.cookieDomain Domain of the cookies to allow or clear; absent: the gateway's host.
 * @param view.now Shown beside the advice about the clock, for people to compare; absent: not shown.
 */
export function loginLoopPage(view: {
  readonly base: string;
  readonly app?: string | undefined;
  readonly cookieDomain?: string | undefined;
  readonly retry: Retry;
  readonly requestId: string;
  readonly now?: Seconds | undefined;
}): Html {
  const { base, app, now } = view;
  const domain = html`<strong>${view.cookieDomain ?? new URL(base).hostname}</strong>`;
  const asker = app ? html`<bdi>${app}</bdi>` : 'The app';
  const body = html`<section class="card stack">
${badge('loop')}
<h1>Signing in keeps coming back to the start</h1>
<p class="quiet">You were signed in, but ${app ? asker : 'the app'} asked for it again, several times within a minute. We stopped here. These are the likely causes:</p>
<ol class="causes" role="list">
<li><h2>Cookies are blocked</h2><p>Apps know you by a cookie. Allow cookies for ${domain} in the browser’s settings, and in any extension that blocks them.</p></li>
<li><h2>An old cookie is in the way</h2><p>Clear the cookies of ${domain}. A private window shows whether that will help: if signing in works there, it will.</p></li>
<li><h2>This computer’s clock is wrong</h2><p>A sign-in seems to be over before it began. Set date and time to automatic.${now === undefined ? '' : html` Our clock says ${timeElement(now, clockTime(now))}.`}</p></li>
<li><h2>Another app overwrites the cookie</h2><p>If a private window does not help either, the fault is ours, not yours. Tell whoever looks after ${app ? asker : 'the app'}, and quote what stands below.</p></li>
</ol>
<p class="actions">${linkButton(view.retry.href, view.retry.label ?? 'Try again')}</p>
${quotable('login_loop', view.requestId)}
</section>`;
  return renderPage({ title: failures.login_loop.says.replace(/\.$/, ''), body, base, tone: 'wait' });
}

/** "14:03 UTC". */
const clockTime = (now: Seconds) => `${new Date(now * 1000).toISOString().slice(11, 16)} UTC`;
