import { html } from 'hono/html';
import { httpHref } from './link.ts';
import type { Html } from './mark.ts';

/** A way on from a page that stopped someone. */
export type Retry = {
  /** A judged address. Not http(s): there is no such link. */
  readonly href: string;
  /** Absent: what fits the failure. */
  readonly label?: string | undefined;
};

/** A link that looks like a button; nothing where the address is no http(s) URL. */
export function linkButton(href: string, label: string, plain = false): Html | '' {
  const address = httpHref(href);
  return address === undefined ? '' : html`<a class="button${plain ? ' plain' : ''}" href="${address}">${label}</a>`;
}

/** What to quote to those who look after the apps: it finds the line in the log, and gives nothing away. */
export function quotable(code: string, requestId: string): Html {
  return html`<div class="quote"><p class="quiet">If you ask for help, quote these:</p><dl><dt class="quiet">Code</dt><dd><code>${code}</code></dd><dt class="quiet">Request</dt><dd><code>${requestId}</code></dd></dl></div>`;
}
