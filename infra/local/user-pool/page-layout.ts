import { randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Markup that is safe to put into a page. */
export type Markup = ReturnType<typeof html>;

/** What stands on a page. */
export type Page = {
  readonly title: string;
  /** A sentence below the title. */
  readonly lead?: Markup | string;
  readonly body: Markup;
  /** Shown in a box that screen readers read out at once. */
  readonly error?: string | undefined;
  /** Shown in a box that screen readers read out when they come to it. */
  readonly notice?: string | undefined;
  /** Source of an inline script, where a page is better with one. */
  readonly script?: string;
  readonly status?: ContentfulStatusCode;
};

/** Answers with a page in the pool's one layout. */
export async function page(
  c: Context,
  { title, lead, body, error, notice, script, status = 200 }: Page,
): Promise<Response> {
  const nonce = randomBytes(16).toString('base64');
  // No form-action: Chrome applies it to every redirect behind a form post, and apps redirect where they like.
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`,
  );
  c.header('Cache-Control', 'no-store');
  c.header('Referrer-Policy', 'same-origin');
  c.header('X-Content-Type-Options', 'nosniff');
  return c.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${error === undefined ? '' : 'Error: '}${title} – Local user pool</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<header><p><strong>Local user pool</strong> <span>stands in for Amazon Cognito</span></p></header>
<main>
<h1>${title}</h1>
${lead === undefined ? '' : html`<p class="lead">${lead}</p>`}
<div aria-live="assertive">${error === undefined ? '' : html`<p class="box error" role="alert">${error}</p>`}</div>
${notice === undefined ? '' : html`<p class="box notice" role="status">${notice}</p>`}
${body}
</main>
<footer><nav aria-label="Development"><a href="/outbox">Outbox</a></nav><p>For development only. Nothing here leaves this machine.</p></footer>
${script === undefined ? '' : html`<script nonce="${nonce}">${raw(script)}</script>`}
</body>
</html>`,
    status,
  );
}

const style = `
:root { --text: #1b1f27; --soft: #586072; --line: #cfd5df; --page: #f3f5f9; --card: #fff; --accent: #1f56c3; --on-accent: #fff;
  --bad: #a3161f; --bad-page: #fdeced; --good: #14603a; --good-page: #e7f6ed; --tag: #fff3d1; --on-tag: #5c4300; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e9ecf2; --soft: #a4adbd; --line: #3a4252; --page: #12151b; --card: #1b2029; --accent: #8db2ff; --on-accent: #0c1730;
    --bad: #ffb0b4; --bad-page: #3a191c; --good: #9fe3bd; --good-page: #14301f; --tag: #3b3010; --on-tag: #ffe08a; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header { width: 100%; background: var(--tag); color: var(--on-tag); text-align: center; font-size: .875rem; }
header p { margin: 0; padding: .5rem 1rem; }
header span::before { content: "— "; }
main { width: min(26rem, 100% - 2rem); margin: 2.5rem 0 1.5rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; box-shadow: 0 1px 3px rgb(0 0 0 / .08); }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 0 0 .25rem; font-size: .9375rem; }
.lead { margin: 0 0 1.25rem; color: var(--soft); overflow-wrap: anywhere; }
form { display: grid; gap: 1rem; margin: 1.25rem 0 0; }
label { display: block; margin-bottom: .25rem; font-weight: 600; font-size: .9375rem; }
input { width: 100%; padding: .625rem .75rem; border: 1px solid var(--soft); border-radius: .5rem; background: var(--card);
  color: inherit; font: inherit; }
.hint { margin: .25rem 0 0; color: var(--soft); font-size: .875rem; }
button, .button { display: block; width: 100%; padding: .6875rem 1rem; border: 1px solid transparent; border-radius: .5rem; font: inherit;
  font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; background: var(--accent); color: var(--on-accent); }
button:hover, .button:hover { filter: brightness(1.08); }
.quiet { background: transparent; color: var(--accent); border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); text-underline-offset: .15em; }
.links { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .5rem 1rem; margin: 1rem 0 0; font-size: .9375rem; }
.links p { margin: 0; }
.box { margin: 0 0 1rem; padding: .75rem 1rem; border-radius: .5rem; overflow-wrap: anywhere; }
.error { background: var(--bad-page); color: var(--bad); border: 1px solid currentColor; }
.notice { background: var(--good-page); color: var(--good); border: 1px solid currentColor; }
.seeds { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.seeds ul { display: grid; gap: .5rem; margin: .75rem 0 0; padding: 0; list-style: none; }
.seeds .button { display: flex; justify-content: space-between; gap: 1rem; padding: .5rem .75rem; font-weight: 500; overflow-wrap: anywhere; }
.seeds code { font-size: .875rem; overflow-wrap: anywhere; }
.mails { display: grid; gap: .75rem; margin: 0; padding: 0; list-style: none; }
.mails li { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.mails p { margin: 0; overflow-wrap: anywhere; }
.mail-head { display: flex; justify-content: space-between; gap: 1rem; }
.mails time { color: var(--soft); font-size: .875rem; white-space: nowrap; }
.mails .code { font: 600 1.5rem/1.5 ui-monospace, monospace; letter-spacing: .15em; }
footer { margin: auto 0 0; padding: 1rem; color: var(--soft); font-size: .875rem; text-align: center; }
footer p { margin: .25rem 0 0; }
@media (max-width: 30rem) { main { margin-top: 1rem; padding: 1.5rem 1.25rem; } }
`;
