import { html } from 'hono/html';
import type { Html } from './page.ts';

/**
 * Name of a page in addresses: lower-case letters of the Latin alphabet, digits and dashes. Empty where nothing of the
 * title is left.
 */
export function slugOf(title: string): string {
  return title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9\s_-]/g, '')
    .replace(/[\s_-]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
}

/** Could a page have that name? */
export const isSlug = (text: string): boolean => /^[a-z0-9]+(?:-[a-z0-9]+)*-?$/.test(text) && text.length <= 60;

/**
 * A page's text as people see it. A line that begins with `## ` is a heading, with `- ` an item of a list; an empty line
 * ends a paragraph. Within a line there are `**strong**`, `` `code` `` and `[[Title of another page]]`; all else is text.
 *
 * @param exists Whether there is a page of that name already.
 */
export function renderText(text: string, exists: (slug: string) => boolean): Html {
  const blocks = text.replaceAll('\r\n', '\n').split(/\n[ \t]*\n+/);
  return html`${blocks.flatMap((block) => groups(block.split('\n')).map((group) => renderGroup(group, exists)))}`;
}

type Kind = 'heading' | 'item' | 'text';
type Group = { readonly kind: Kind; readonly lines: string[] };

const kindOf = (line: string): Kind => (line.startsWith('## ') ? 'heading' : line.startsWith('- ') ? 'item' : 'text');

/** Lines that belong together, less what marks them. */
function groups(lines: readonly string[]): Group[] {
  const found: Group[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const kind = kindOf(line);
    const said = kind === 'heading' ? line.slice(3) : kind === 'item' ? line.slice(2) : line;
    const last = found.at(-1);
    if (last?.kind === kind && kind !== 'heading') last.lines.push(said);
    else found.push({ kind, lines: [said] });
  }
  return found;
}

function renderGroup({ kind, lines }: Group, exists: (slug: string) => boolean): Html {
  const inline = lines.map((line) => renderLine(line, exists));
  if (kind === 'heading') return html`<h2>${inline}</h2>`;
  if (kind === 'item') return html`<ul>${inline.map((item) => html`<li>${item}</li>`)}</ul>`;
  return html`<p>${inline.map((line, i) => html`${i > 0 ? html`<br>` : ''}${line}`)}</p>`;
}

function renderLine(line: string, exists: (slug: string) => boolean): Html {
  const pieces = line.split(/(\[\[[^[\]]{1,60}\]\]|`[^`]+`|\*\*[^*]+\*\*)/);
  return html`${pieces.map((piece) => {
    if (/^`[^`]+`$/.test(piece)) return html`<code>${piece.slice(1, -1)}</code>`;
    if (/^\*\*[^*]+\*\*$/.test(piece)) return html`<strong>${piece.slice(2, -2)}</strong>`;
    const [, title] = /^\[\[([^[\]]{1,60})\]\]$/.exec(piece) ?? [];
    const slug = title === undefined ? '' : slugOf(title);
    if (title === undefined || slug === '') return piece;
    return exists(slug)
      ? html`<a href="/pages/${slug}">${title}</a>`
      : html`<a class="missing" href="/pages/${slug}" title="Nobody has written this page yet">${title}</a>`;
  })}`;
}
