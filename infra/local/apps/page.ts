import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { Person } from '../../../gateway/sdk/hono.ts';

/** A piece of a page, escaped. */
export type Html = ReturnType<typeof html>;

/** How a demo app looks. Colours meet WCAG AA on their ground in both schemes. */
export type Brand = {
  readonly name: string;
  /** Path data of its sign, on 24 by 24. */
  readonly sign: string;
  readonly light: Colours;
  readonly dark: Colours;
};

type Colours = {
  /** The bar at the top and the main buttons, and what is written on them. */
  readonly accent: string;
  readonly onAccent: string;
  /** Links and small headings on a page or a card. */
  readonly link: string;
  readonly page: string;
  readonly card: string;
};

/** What an app knows of whoever is there. */
export type KnownPerson = Pick<Person, 'id' | 'name' | 'email' | 'roles' | 'permissions'>;

/** A link in an app's bar. */
export type NavLink = { readonly name: string; readonly href: string };

/** What the shell of a page has to know. */
export type AppPage = {
  readonly title: string;
  readonly body: Html;
  readonly nav: readonly NavLink[];
  /** Absent: nobody is signed in. */
  readonly person?: KnownPerson | undefined;
  /** `action` of the form that signs out everywhere. */
  readonly signOutUrl?: string | undefined;
  /** Scripts of the page, by their addresses. */
  readonly scripts?: readonly string[];
};

/** What differs between an app on our domain and one on another. */
export type ShellSettings = {
  /** Rules for the app's own pages, beside those for all. */
  readonly style?: string;
  /** Directives to add to the policy, for an app that has scripts. */
  readonly policy?: readonly string[];
  /** Where from the app knows what it knows of the person. */
  readonly knownBy?: string;
  /** Without it: that of the company's own apps. */
  readonly footer?: string;
};

/** Renders an app's pages, and names the policy that goes with them. */
export type Shell = {
  render(page: AppPage): Html;
  /** Headers of every page. */
  readonly headers: Readonly<Record<string, string>>;
};

/**
 * The frame of a demo app: a bar with its name, the way to the other apps, and who is signed in.
 *
 * Nothing on its pages is script, and nothing comes from elsewhere, unless its policy says so.
 */
export function createShell(brand: Brand, settings: ShellSettings = {}): Shell {
  const {
    policy = [],
    knownBy = 'All of it stands in one signed cookie; nobody was asked.',
    footer = 'A demo app behind Crossgate. It keeps no passwords and no accounts, only rows that carry a person’s id.',
  } = settings;
  const style = styleOf(brand) + (settings.style ?? '');
  const hash = createHash('sha256').update(style).digest('base64');
  return {
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      // No form-action: Chromium applies it to all redirects behind a form, and signing out leads by way of the identity
      // provider, whose address is the gateway's affair and not an app's.
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; ${policy.map((directive) => `${directive}; `).join('')}base-uri 'none'; frame-ancestors 'none'`,
      // Not same-origin or no-referrer: under these a form to the gateway says `Origin: null`, and a sign-out whose
      // sender is not known is asked to confirm.
      'Referrer-Policy': 'strict-origin-when-cross-origin',
      'X-Content-Type-Options': 'nosniff',
    },
    render({ title, body, nav, person, signOutUrl, scripts = [] }) {
      const { name, sign, light, dark } = brand;
      const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="${light.accent}"/><path d="${sign}" fill="none" stroke="${light.onAccent}" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
      return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title === name ? name : `${title} · ${name}`}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="${light.accent}">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="${dark.accent}">
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${raw(style)}</style>
${scripts.map((src) => html`<script type="module" src="${src}"></script>`)}</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><div class="inner">
<a class="brand" href="/"><svg width="28" height="28" viewBox="0 0 24 24" aria-hidden="true"><path d="${sign}" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/></svg>${name}</a>
<nav aria-label="Apps">${nav.map((link) => html`<a href="${link.href}">${link.name}</a>`)}</nav>
${person ? account(person, signOutUrl, knownBy) : ''}
</div></header>
<main id="main" class="inner">
${body}
</main>
<footer class="inner"><p>${footer}</p></footer>
</body>
</html>
`;
    },
  };
}

/** What the app knows of the person, and the way out. */
function account(person: KnownPerson, signOutUrl: string | undefined, knownBy: string): Html {
  const { id, email, roles, permissions } = person;
  const name = person.name ?? email ?? id;
  const list = (values: readonly string[] | undefined) =>
    values === undefined ? 'not told' : values.length === 0 ? 'none' : values.join(', ');
  return html`<details class="account">
<summary><span class="face" aria-hidden="true">${[...name][0]?.toUpperCase()}</span><span><span class="unseen">Signed in as </span><bdi>${name}</bdi><small><span class="unseen">id </span>${id.length > 13 ? `${id.slice(0, 13)}…` : id}</small></span></summary>
<div class="sheet">
<p class="lead">What this app knows of you. ${knownBy}</p>
<dl>
<dt>Name</dt><dd><bdi>${person.name ?? '–'}</bdi></dd>
<dt>Email</dt><dd><bdi>${email ?? '–'}</bdi></dd>
<dt>Id (uid)</dt><dd><code>${id}</code></dd>
<dt>Roles</dt><dd>${list(roles)}</dd>
<dt>Permissions</dt><dd>${list(permissions)}</dd>
</dl>
<p><a href="/api/me">The same as JSON</a></p>
${signOutUrl ? html`<form method="post" action="${signOutUrl}"><button class="button plain">Sign out everywhere</button></form>` : ''}
</div>
</details>`;
}

function styleOf({ light, dark }: Brand): string {
  const variables = (colours: Colours) =>
    Object.entries(colours)
      .map(([name, value]) => `--${name}:${value};`)
      .join('');
  return `
:root{color-scheme:light dark;${variables(light)}--text:#1d1d1f;--muted:#5b5b63;--line:#00000021;--edge:#83838c;--bad:#a02424;--badPage:#fbe9e7}
@media (prefers-color-scheme:dark){:root{${variables(dark)}--text:#ececf0;--muted:#a9a9b4;--line:#ffffff26;--edge:#80808c;--bad:#f5a79f;--badPage:#3b1f1d}}
*,::before,::after{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
h1,h2,h3,p,ul,dl,dd{margin:0;padding:0}
ul{list-style:none}
h1{font-size:1.625rem;line-height:1.2;letter-spacing:-.015em;text-wrap:balance}
h2,h3{font-size:1.0625rem;line-height:1.35}
code{font:.875em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
a{color:var(--link);text-underline-offset:.18em}
svg{display:block;flex:none}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
[hidden]{display:none!important}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;z-index:3;padding:.5rem 1rem;background:var(--card);border-radius:.5rem}
.muted{color:var(--muted)}
.small{font-size:.875rem}
.inner{width:100%;max-width:60rem;margin-inline:auto;padding-inline:1rem}
.bar{background:var(--accent);color:var(--onAccent)}
.bar .inner{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.25rem;padding-block:.625rem}
.bar :focus-visible{outline-color:var(--onAccent)}
.brand{display:flex;align-items:center;gap:.5rem;min-height:2.75rem;font-size:1.125rem;font-weight:700;letter-spacing:-.01em}
.bar .brand,.bar nav a{color:inherit;text-decoration:none}
.bar nav{display:flex;flex-wrap:wrap;gap:0 1rem;order:1;flex:1}
.bar nav a{display:inline-flex;align-items:center;min-height:2.75rem;font-size:.9375rem;opacity:.92}
.bar nav a:hover,.brand:hover{text-decoration:underline}
.account{position:relative;order:2}
.account summary{display:flex;align-items:center;gap:.5rem;min-height:2.75rem;padding:.25rem .75rem .25rem .375rem;border-radius:2rem;
cursor:pointer;list-style:none;font-weight:600;font-size:.9375rem;line-height:1.2}
.account summary::-webkit-details-marker{display:none}
.account summary:hover,.account[open] summary{background:#00000026}
.account small{display:block;font:.75rem/1.3 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;opacity:.9}
.face{display:grid;place-items:center;flex:none;width:2rem;height:2rem;border-radius:50%;background:var(--onAccent);color:var(--accent);font-weight:700}
.sheet{position:absolute;right:0;top:calc(100% + .375rem);z-index:2;width:min(24rem,calc(100vw - 2rem));display:grid;gap:1rem;padding:1.25rem;
background:var(--card);color:var(--text);border:1px solid var(--line);border-radius:.875rem;box-shadow:0 16px 40px -12px #0006}
.sheet .lead{font-size:.875rem;color:var(--muted)}
.sheet dl,.facts{display:grid;grid-template-columns:auto 1fr;gap:.375rem 1rem;font-size:.875rem}
.sheet dt,.facts dt{color:var(--muted)}
.sheet :focus-visible{outline-color:var(--link)}
main{flex:1 0 auto;display:grid;align-content:start;gap:1.5rem;padding-block:2rem}
footer{padding-block:1.5rem;font-size:.8125rem;color:var(--muted)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.875rem;padding:1.25rem}
.stack{display:grid;gap:.75rem}
label{font-weight:600}
textarea,input[type=text]{width:100%;padding:.625rem .75rem;border:1px solid var(--edge);border-radius:.625rem;background:var(--card);color:inherit;font:inherit}
textarea{min-height:5.5rem;resize:vertical}
.row{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.75rem}
input[type=text].grow{flex:1 1 14rem;width:auto;min-width:0}
.button{display:inline-flex;align-items:center;justify-content:center;min-height:2.75rem;padding:.5rem 1.25rem;border:1px solid transparent;border-radius:.625rem;
background:var(--accent);color:var(--onAccent);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button:hover{filter:brightness(1.1)}
.button.plain{background:transparent;border-color:var(--edge);color:var(--text)}
.button.plain:hover{border-color:var(--text);filter:none}
.button.little{min-height:2.25rem;padding:.25rem .75rem;font-size:.875rem;font-weight:500}
.sheet .button{width:100%}
.empty{display:grid;justify-items:center;gap:.5rem;padding:3rem 1.5rem;border:1px dashed var(--edge);border-radius:.875rem;text-align:center}
.error{padding:.75rem 1rem;border:1px solid currentColor;border-radius:.625rem;background:var(--badPage);color:var(--bad)}
.message{max-width:32rem;margin:4vh auto 0;padding:2rem;display:grid;gap:1rem;justify-items:start}
.notes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1rem}
.note{display:flex;flex-direction:column;gap:1rem;min-height:9rem}
.note p{flex:1;white-space:pre-wrap}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1.25rem}
.picture{display:flex;flex-direction:column;padding:0;overflow:hidden}
.picture svg{width:100%;height:auto;aspect-ratio:4/3}
.picture .row{padding:.75rem .75rem .75rem 1rem}
.picture h2{flex:1;font-size:1rem}
table{width:100%;border-collapse:collapse}
th,td{padding:.625rem .5rem;border-bottom:1px solid var(--line);text-align:left}
td:last-child,th:last-child{text-align:right;font-variant-numeric:tabular-nums}
@media (max-width:34rem){.facts{grid-template-columns:1fr;gap:0}.facts dd+dt{margin-top:.5rem}.brand{flex:1}.bar nav{order:3;flex-basis:100%}.account summary>span:last-child{max-width:8.5rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
`;
}
