import { html } from 'hono/html';
import { type Failure, type FailureCode, failures } from '../../shared/errors.ts';
import { gatewayHref, loginHref } from './link.ts';
import { badge, type Html, type Icon } from './mark.ts';
import { renderPage, type Tone } from './page.ts';
import { linkButton, quotable, type Retry } from './retry.ts';

/**
 * Tells a person what went wrong and what they can do, from the public face of the failure alone.
 *
 * @param view.host See {@link renderPage}.
 * @param view.requestId Finds the request in the log; short enough to be read out.
 * @param view.retry The way on. Absent: what helps most with that failure, if anything does.
 * @param view.home Whether to offer the gateway's home too. Default: yes, unless the account itself was
 *   turned away, to whom the home would say the same again.
 */
export function errorPage(view: {
  readonly base: string;
  readonly host?: string | undefined;
  readonly code: FailureCode;
  readonly requestId: string;
  readonly retry?: Retry | undefined;
  readonly home?: boolean | undefined;
}): Html {
  const { base, code } = view;
  const failure: Failure = failures[code];
  const [heading, rest] = headingOf(failure.says);
  const way = view.retry ?? wayOn(base, code);
  const primary = way ? linkButton(way.href, way.label ?? labelFor(code, failure)) : '';
  const home = gatewayHref(base, '/');
  const offersHome = (view.home ?? !code.startsWith('account_')) && way?.href !== home;
  const homeLink = offersHome ? linkButton(home, 'Go to your apps', primary !== '') : '';
  const { tone, icon } = moodOf(code, failure);
  const body = html`<section class="card stack">
${badge(icon)}
<h1>${prose(heading)}</h1>
${[rest, failure.hint, waiting(failure)].filter((text) => text !== undefined).map((text) => html`<p class="quiet">${prose(text)}</p>`)}
${primary || homeLink ? html`<p class="actions">${primary}${homeLink}</p>` : ''}
${quotable(code, view.requestId)}
</section>`;
  return renderPage({ title: heading.replaceAll('`', ''), body, base, host: view.host, tone });
}

/** Where a failure has a way on of its own, whoever shows the page. */
function wayOn(base: string, code: FailureCode): Retry | undefined {
  switch (code) {
    case 'login_attempt_used': // most often the Back button, after all went well
      return { href: gatewayHref(base, '/') };
    case 'account_disabled':
    case 'account_unknown':
    case 'account_conflict': // the provider would sign the same account in again, unless asked afresh
      return { href: loginHref(base, undefined, 'login') };
    default:
      return undefined;
  }
}

function labelFor(code: FailureCode, { status, mayRedirect }: Failure): string {
  if (code === 'login_attempt_used') return 'Continue';
  if (code === 'session_unknown') return 'See where you are signed in';
  if (code.startsWith('account_')) return 'Use another account';
  if (mayRedirect) return 'Sign in';
  return code.startsWith('login_') && status < 500 ? 'Sign in again' : 'Try again';
}

function moodOf(code: FailureCode, { status }: Failure): { readonly tone: Tone; readonly icon: Icon } {
  if (code === 'login_cancelled') return { tone: 'calm', icon: 'leave' };
  if (code === 'login_loop') return { tone: 'wait', icon: 'loop' };
  if (status >= 500) return { tone: 'wait', icon: 'wait' };
  if (status === 403 || status === 401) return { tone: status === 403 ? 'shut' : 'calm', icon: 'lock' };
  if (status === 404) return { tone: 'calm', icon: 'search' };
  return { tone: 'calm', icon: 'info' };
}

/** The first sentence without its full stop, and what follows it. */
function headingOf(says: string): readonly [string, string | undefined] {
  const end = says.indexOf('. ');
  return end < 0 ? [says.replace(/\.$/, ''), undefined] : [says.slice(0, end), says.slice(end + 2)];
}

function waiting({ retryAfter }: Failure): string | undefined {
  return retryAfter === undefined ? undefined : `Wait ${retryAfter} seconds, then try again.`;
}

/** Text with `code` between backticks. */
function prose(text: string): readonly (Html | string)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
}
