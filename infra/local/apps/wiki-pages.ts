import { html } from 'hono/html';
import type { Brand, Html } from './page.ts';
import type { Draft, Edit, EditLine } from './wiki-store.ts';
import { renderText } from './wiki-text.ts';

/** Teal, which is none of the others'. */
export const brand: Brand = {
  name: 'Wiki',
  sign: 'M12 6.5C10 5 7 4.5 3.5 4.75v13.5c3.5-.25 6.5.25 8.5 1.75 2-1.5 5-2 8.5-1.75V4.75C17 4.5 14 5 12 6.5zM12 6.5V20',
  light: { accent: '#0b5a6f', onAccent: '#ffffff', link: '#0b5a6f', page: '#eff6f7', card: '#ffffff' },
  dark: { accent: '#0f5566', onAccent: '#dff6fb', link: '#83d3e6', page: '#0d1416', card: '#152023' },
};

/** What is the wiki's own look. */
export const style = `
.wiki{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,20rem);gap:1.5rem;align-items:start}
.shelf{display:grid;gap:.75rem}
.shelf .card{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:.125rem 1rem;padding:1rem 1.25rem}
.shelf a{font-weight:600}
.said li{padding-block:.625rem;font-size:.9375rem}
.said li+li{border-top:1px solid var(--line)}
.prose{display:grid;gap:.875rem;max-width:44rem}
.prose h2{margin-top:.5rem}
.prose ul{list-style:disc;padding-left:1.25rem;display:grid;gap:.25rem}
.prose code{padding:.0625rem .3125rem;border-radius:.25rem;background:var(--page)}
.missing{text-decoration-style:dashed;color:var(--bad)}
.leaf{display:grid;gap:1.25rem;padding:clamp(1.25rem,4vw,2rem)}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem}
.signs{display:flex;gap:.5rem;align-items:baseline}
#live::before{content:"";display:inline-block;width:.5rem;height:.5rem;margin-right:.5rem;border-radius:50%;background:var(--link)}
textarea.long{min-height:18rem;font:.9375rem/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.notice{padding:.75rem 1rem;border:1px solid var(--edge);border-radius:.625rem}
.theirs{max-width:none;max-height:16rem;overflow:auto;padding:1rem;border:1px solid var(--line);border-radius:.625rem;background:var(--page)}
@media (prefers-reduced-motion:no-preference){.changed{animation:changed 1.5s ease-out}@keyframes changed{from{background:color-mix(in srgb,var(--link) 22%,transparent);border-radius:.875rem}}}
@media (max-width:48rem){.wiki{grid-template-columns:minmax(0,1fr)}}`;

export const longest = { title: 60, body: 10_000, note: 100 };

const when = (at: string): Html =>
  html`<time class="small muted" datetime="${at}">${at.slice(0, 16).replace('T', ' ')} UTC</time>`;

/** The line that the script writes to. @param slug Page that is shown. @param edit Its edit. */
const liveLine = (slug?: string, edit?: string): Html =>
  html`<p class="small muted" id="live" role="status"${slug === undefined ? '' : html` data-slug="${slug}"`}${edit === undefined ? '' : html` data-edit="${edit}"`}>Live: needs a script.</p>`;

/** The way to an editing page. Whoever will be refused there is told beforehand, by {@link warning}. */
const way = (href: string, text: string, mayEdit: boolean): Html =>
  html`<a class="button${mayEdit ? '' : ' plain'}" href="${href}">${text}</a>`;
const warning = (mayEdit: boolean): Html =>
  mayEdit
    ? html``
    : html`<span class="small muted">Editors and admins may write. The gateway refuses everybody else.</span>`;

/** All pages, and what was written last. */
export function indexPage(pages: readonly EditLine[], changes: readonly EditLine[], mayEdit: boolean): Html {
  return html`<div class="row"><h1>All pages</h1><div class="actions">${warning(mayEdit)}${way('/edit', 'New page', mayEdit)}</div></div>
${liveLine()}
<div id="content">${
    pages.length === 0
      ? html`<div class="empty"><h2>Nothing written yet</h2><p class="muted">The first page is an editor’s to write. It is kept in Postgres, with who wrote it.</p></div>`
      : html`<div class="wiki"><ul class="shelf">${pages.map(
          ({ slug, title, by, at }) =>
            html`<li class="card"><a href="/pages/${slug}">${title}</a><span class="small muted"><bdi>${by}</bdi>, ${when(at)}</span></li>`,
        )}</ul>
<section class="card stack" aria-labelledby="changes"><h2 id="changes">Last changes</h2>
<ul class="said">${changes.map(
          ({ id, slug, title, by, at, note }) =>
            html`<li><a href="/pages/${slug}/history/${id}">${title}</a> <span class="muted">by <bdi>${by}</bdi>${note ? html`: ${note}` : ''}</span><br>${when(at)}</li>`,
        )}</ul></section></div>`
  }</div>`;
}

/** One page. @param isLatest Else it is shown as it once was. */
export function readingPage(page: Edit, exists: (slug: string) => boolean, mayEdit: boolean, isLatest: boolean): Html {
  const { slug, title, body, by, at, id } = page;
  return html`${isLatest ? liveLine(slug, id) : html`<p class="notice">This is how the page was at ${when(at)}. <a href="/pages/${slug}">As it is now</a></p>`}
<div id="content"><article class="card leaf"><h1>${title}</h1>
<div class="prose">${renderText(body, exists)}</div>
<p class="small muted">${isLatest ? 'Last edited' : 'Edited'} by <bdi>${by}</bdi>, ${when(at)}</p></article></div>
<div class="actions">${isLatest ? way(`/edit/${slug}`, 'Edit', mayEdit) : ''}<a class="button plain" href="/pages/${slug}/history">History</a>${isLatest ? warning(mayEdit) : ''}</div>`;
}

/** A page that nobody has written yet. */
export const missingPage = (slug: string, mayEdit: boolean): Html => html`${liveLine(slug)}
<div id="content"><div class="empty"><h1>Nobody has written this page yet</h1><p class="muted">It would be called <code>${slug}</code>.</p>
<div class="actions">${way(`/edit/${slug}`, 'Write it', mayEdit)}${warning(mayEdit)}</div></div></div>`;

/** Who edited a page, newest first. */
export function historyPage(edits: readonly EditLine[], slug: string): Html {
  return html`<h1>History of “${edits[0]?.title ?? slug}”</h1>
${liveLine(slug)}
<div id="content"><ul class="card said">${edits.map(
    (
      { id, by, uid, at, note },
      i,
    ) => html`<li class="row"><div><strong><bdi>${by}</bdi></strong>${note ? html` <span>${note}</span>` : ''}<br>
<code class="muted">${uid}</code></div><div class="signs">${when(at)}<a href="/pages/${slug}/history/${id}">${i === 0 ? 'As it is now' : 'As it was'}</a></div></li>`,
  )}</ul></div>
<p><a href="/pages/${slug}">Back to the page</a></p>`;
}

/** What stands in the form. */
export type Form = Draft & {
  readonly mistake?: string | undefined;
  /** The page as somebody else has left it meanwhile. */
  readonly theirs?: Edit | undefined;
};

/** Where a page is written. */
export function editingPage({ slug, title, body, note, base, mistake, theirs }: Form): Html {
  const wrong = mistake ? html` aria-invalid="true" aria-describedby="mistake"` : '';
  return html`<h1>${base === undefined ? 'New page' : `Editing “${title}”`}</h1>
${liveLine(slug === '' ? undefined : slug, base)}
<p class="error" id="gone" role="alert" hidden>You were signed out elsewhere. Your text is still here: <a href="/" target="_blank" rel="noopener">sign in again in another tab</a>, then save it.</p>
<p class="notice" id="overtaken" role="alert" hidden>Somebody has just saved this page. Save yours too, and you will see both.</p>
<form class="card stack" id="draft" method="post" action="/edit${slug === '' ? '' : `/${slug}`}">
${mistake ? html`<p class="error" role="alert" id="mistake">${mistake}</p>` : ''}
${theirs ? html`<section class="stack" aria-labelledby="theirs"><h2 id="theirs">As <bdi>${theirs.by}</bdi> left it</h2><div class="theirs prose">${renderText(theirs.body, () => true)}</div></section>` : ''}
<label for="title">Title</label>
<input type="text" id="title" name="title" required maxlength="${longest.title}" autocomplete="off" value="${title}"${wrong}>
<label for="body">Text</label>
<textarea class="long" id="body" name="body" required maxlength="${longest.body}">
${body}</textarea>
<p class="small muted"><code>## heading</code> · <code>- item</code> · <code>**strong**</code> · <code>\`code\`</code> · <code>[[Another page]]</code></p>
<label for="note">What did you change? <span class="muted small">(if you like)</span></label>
<input type="text" id="note" name="note" maxlength="${longest.note}" autocomplete="off" value="${note}">
${base === undefined ? '' : html`<input type="hidden" name="base" value="${base}">`}
<div class="row"><a href="${base === undefined ? '/' : `/pages/${slug}`}">Leave it</a><button class="button">Save</button></div>
</form>`;
}

/** Where a sign-out ends. @param elsewhere It happened in another tab, app or browser window. */
export const goodbye = (elsewhere: boolean): Html =>
  html`<div class="card message">${
    elsewhere
      ? html`<h1>You were signed out elsewhere</h1><p>The gateway closed this page’s stream, and lets no more requests through. The wiki was told nothing: it has no session to end.</p>`
      : html`<h1>You are signed out, everywhere</h1><p>The wiki and every other app know nobody in this browser any more.</p>`
  }<a class="button" href="/">Sign in again</a></div>`;

/** A page that says one thing. */
export const message = (title: string, says: string): Html => html`<div class="card message"><h1>${title}</h1>
${says ? html`<p>${says}</p>` : ''}<a class="button" href="/">To all pages</a></div>`;
