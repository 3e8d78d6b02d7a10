import { html, raw } from 'hono/html';
import { SsoError } from '../../shared/errors.ts';
import { arcade, faviconUrl, type Html, mark } from './mark.ts';
import { palette, style, styleSource } from './style.ts';

/** How a page feels: `calm` (the default), `wait` (try again), `shut` (not for this account). */
export type Tone = 'calm' | 'wait' | 'shut';

/** What the shell needs to know of a page. */
export type Page = {
  /** Short, for the tab and the history. */
  readonly title: string;
  /** What stands in `<main>`, with the one `<h1>`. Made by `html`, so that every value in it is escaped. */
  readonly body: Html;
  /** Public URL of the gateway; its host stands in the footer, for people to see where they are. */
  readonly base: string;
  /** Host that the address bar shows, where that is an app's. */
  readonly host?: string | undefined;
  readonly tone?: Tone | undefined;
  /** A column for tiles instead of one for reading. */
  readonly wide?: boolean | undefined;
};

/**
 * The shell of every page that a person sees: a whole document without script, inline style or outside asset.
 *
 * Send it with {@link contentSecurityPolicy}, `Referrer-Policy: same-origin` and `Cache-Control: no-store`.
 */
export function renderPage({ title, body, base, host, tone = 'calm', wide = false }: Page): Html {
  return html`<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<title>${title} · Crossgate</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="${palette.light.page}">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="${palette.dark.page}">
<link rel="icon" href="${faviconUrl}">
<style>${raw(style)}</style>
</head>
<body class="${wide ? `${tone} wide` : tone}">
<header class="top">${mark()}<span>Crossgate</span></header>
<main>
${body}
</main>
<footer class="foot"><p>You are at <strong>${host ?? new URL(base).host}</strong></p></footer>
${arcade()}
</body>
</html>
`;
}

/**
 * The `Content-Security-Policy` of a page.
 *
 * @param policy.formAction `'self'` (with its quotes) or http(s) URLs, of which the origin counts, wildcards like
 *   `https://*.acme.com` included. Chromium applies it to the redirects that answer a form as well, so name every origin
 *   to which the answer may lead. Empty: the page posts no form.
 * @param policy.script Hash of the one script of a page that has one, as a CSP source with its quotes.
 * @throws SsoError `internal` for anything else, which could otherwise write directives of its own.
 * @see https://www.w3.org/TR/CSP3/
 */
export function contentSecurityPolicy({
  formAction,
  script,
}: {
  readonly formAction: readonly string[];
  readonly script?: string;
}): string {
  if (script !== undefined && !/^'sha256-[A-Za-z0-9+/]{43}='$/.test(script))
    throw new SsoError('internal', 'a script source is not the hash of a script');
  const targets = new Set(formAction.map(formTarget));
  return [
    "default-src 'none'",
    `style-src ${styleSource}`,
    ...(script === undefined ? [] : [`script-src ${script}`]),
    'img-src data:',
    `form-action ${targets.size > 0 ? [...targets].join(' ') : "'none'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function formTarget(target: string): string {
  if (target === "'self'") return target;
  if (URL.canParse(target)) {
    const { protocol, origin } = new URL(target);
    if ((protocol === 'https:' || protocol === 'http:') && /^[a-z0-9:/.*[\]_-]+$/.test(origin)) return origin;
  }
  throw new SsoError('internal', 'a form-action source is neither self nor an http(s) origin');
}
