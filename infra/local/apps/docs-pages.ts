import { html } from 'hono/html';
import type { WorldAddresses } from '../world-config.ts';
import type { Brand, Html } from './page.ts';

/** Plum, which is none of the others'. */
export const brand: Brand = {
  name: 'Docs',
  sign: 'M5 4.5h9.5L19 9v10.5H5zM14 4.75V9.25h4.75M8.5 13h7M8.5 16.25h4.5',
  light: { accent: '#6d2f63', onAccent: '#ffffff', link: '#6d2f63', page: '#f8f2f7', card: '#ffffff' },
  dark: { accent: '#57254f', onAccent: '#fbe8f7', link: '#e5a8d9', page: '#151014', card: '#20181f' },
};

/** What is Docs' own look. */
export const style = `
.book{display:grid;grid-template-columns:minmax(0,14rem) minmax(0,1fr);gap:2rem;align-items:start}
.chapters{display:grid;gap:.125rem}
.chapters a{display:flex;flex-wrap:wrap;align-items:center;gap:0 .5rem;min-height:2.75rem;padding:.25rem .75rem;border-radius:.625rem;color:inherit;text-decoration:none}
.chapters a:hover{background:var(--card)}
.chapters [aria-current]{background:var(--card);font-weight:600;box-shadow:inset 3px 0 var(--link)}
.prose{display:grid;gap:1rem}
.prose h2{margin-top:.5rem}
.prose ul{list-style:disc;padding-left:1.25rem;display:grid;gap:.375rem}
.prose ol{margin:0;padding-left:1.25rem;display:grid;gap:.5rem}
.prose code{padding:.0625rem .3125rem;border-radius:.25rem;background:var(--page)}
.live{padding:1rem 1.25rem;border:1px solid var(--line);border-radius:.875rem;background:var(--page);display:grid;gap:.75rem}
.live h2{margin:0}
.live code{padding:0;background:none}
@media (max-width:48rem){.book{grid-template-columns:minmax(0,1fr);gap:1.25rem}.chapters{display:flex;flex-wrap:wrap}.chapters [aria-current]{box-shadow:inset 0 -3px var(--link)}}`;

/** A page of Docs, at its path. */
export type Chapter = { readonly path: string; readonly title: string; readonly body: Html };

type Page = { readonly path: string; readonly name: string; readonly title: string; readonly text: Html };

/** All pages. */
export function chapters(at: WorldAddresses): readonly Chapter[] {
  const all = pages(at);
  return all.map((page) => ({ path: page.path, title: page.title, body: book(page, all) }));
}

/** What stands at an address that the folder does not hold. */
export const notFound: Html = html`<div class="card message"><h1>There is no such file</h1>
<p>The folder answered 404. At viewer-response CloudFront calls no function for an error, so <code>http_headers</code> never saw this page.</p><a class="button" href="/">To the beginning</a></div>`;

function book({ path, title, text }: Page, all: readonly Page[]): Html {
  return html`<p class="error" id="gone" role="alert" hidden>Nobody is signed in any more. What you see is still in this browser’s memory; <a href="${path}">load it again</a> and you will have to sign in.</p>
<div class="book"><nav class="chapters" aria-label="Chapters">${all.map(
    ({ path: other, name }) => html`<a href="${other}"${other === path ? html` aria-current="page"` : ''}>${name}</a>`,
  )}</nav>
<article class="card prose"><h1>${title}</h1>
${text}
</article></div>`;
}

const spent = html`<section class="live" aria-labelledby="now" hidden><h2 id="now">Just now</h2>
<p class="small muted">Functions that looked at this page on its way to you, and how long they took.</p>
<dl class="facts" id="functions"></dl></section>`;

const added = html`<section class="live" aria-labelledby="these" hidden><h2 id="these">On this very page</h2>
<dl class="facts" id="headers"></dl></section>`;

const pages = (at: WorldAddresses): readonly Page[] => [
  {
    path: '/',
    name: 'The way here',
    title: 'The way this page took',
    text: html`<p>This page is a file in a folder. It was written once, it is the same for everybody, and it knows nothing of you. Still nobody reads it who is not signed in: in front of the folder stands CloudFront, and at its edge run three small functions.</p>
<ol><li><strong>check_auth</strong> saw your request before anything else did, and let it through.</li>
<li>The folder gave the file.</li>
<li><strong>http_headers</strong> added what a browser should be told about it.</li></ol>
${spent}
<p>On this machine a small program stands in for CloudFront. The functions are the real ones: bundled, filled with their settings and called with CloudFront’s events, each in a process of its own. <code>crossgate build lambda-edge</code> makes the same for your account.</p>
<p>The third, <strong>sign_out</strong>, waits at <code>/_sso/sign-out</code>. <a href="/_sso/sign-out">Try it</a>: it leads to the gateway, which asks first.</p>`,
  },
  {
    path: '/check-auth',
    name: 'check_auth',
    title: 'check_auth: who may read',
    text: html`<p>It runs at viewer-request, for every page, before CloudFront looks into its cache: a cached page is not given to just anybody.</p>
<ul><li>It reads the cookie <code>__Secure-sso</code>, which the gateway has set for all of <code>${new URL(at.start).hostname}</code>, and checks its signature with the gateway’s public keys. It holds no secret.</li>
<li>It asks nobody. New public keys it fetches once an hour.</li>
<li>Whoever has no cookie is sent to <a href="${at.gateway}/">the gateway</a>, and comes back to the page they wanted. A program gets 401.</li>
<li>A cookie near its end is renewed on the way.</li>
<li>Whatever a visitor claims to be in <code>Remote-User</code> and the like is taken away, and the truth put in its place. A folder has no use for it; a server behind CloudFront would.</li></ul>
<h2>The rules of this site</h2>
<dl class="facts"><dt><code>/open/*</code></dt><dd>everybody: <a href="/open/about">About this site</a></dd>
<dt><code>/admin/*</code></dt><dd>the role admin: <a href="/admin/costs">What it costs</a></dd>
<dt><code>/*</code></dt><dd>whoever is signed in</dd></dl>
${spent}`,
  },
  {
    path: '/http-headers',
    name: 'http_headers',
    title: 'http_headers: what a browser is told',
    text: html`<p>A folder of files sends a type and a length. What else a browser should hear, this function says, at viewer-response: which scripts may run, who may put the page into a frame, what a link gives away.</p>
${added}
<p>All but the first are its defaults. <code>Content-Security-Policy</code> stands in this site’s <code>edge.json</code>, with the hash of its one style sheet. Over https there would be <code>Strict-Transport-Security</code> too.</p>
<p>What <code>check_auth</code> answers itself, such as a refusal, doesn’t pass here. It carries such headers of its own.</p>`,
  },
  {
    path: '/signing-out',
    name: 'Signing out',
    title: 'Signing out',
    text: html`<p>Sign out anywhere, at <a href="${at.notes}/">Notes</a> or at the gateway, and the shared cookie is gone from this browser. The next page that you ask for here sends you to sign in.</p>
<p>Beside <a href="${at.wiki}/">the wiki</a> this shows a difference. There the gateway itself stands in front and hears of a sign-out within seconds: it even closes what is open. A function at the edge hears of nothing. Had somebody copied the cookie before, the copy would be good here until it expires: half an hour at most.</p>
<p><a class="button" href="/_sso/sign-out">Sign out everywhere</a></p>`,
  },
  {
    path: '/admin/costs',
    name: 'What it costs',
    title: 'What it costs',
    text: html`<p>This page is for the role <code>admin</code>. Everybody else gets a page that says so, made at the edge: the folder is never asked.</p>
<p>A call of a function at the edge costs about $0.61 per million, with its few milliseconds. A page with two functions costs twice that; ten thousand of them a day come to less than 40 cents a month. A script or a picture counts as a page does.</p>
<p>Headers that never change are cheaper by CloudFront’s own response headers policy, which costs nothing.</p>`,
  },
  {
    path: '/open/about',
    name: 'About this site',
    title: 'About this site',
    text: html`<p>Anybody may read this page, signed in or not: the first rule of the site says so. <code>check_auth</code> looked at the request all the same.</p>
<p>The rest is for people at Acme. <a href="/">Go to the beginning</a>, and sign in on the way.</p>
${spent}`,
  },
];
