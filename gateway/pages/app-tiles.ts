import { html } from 'hono/html';
import { httpHref } from './link.ts';
import type { Html } from './mark.ts';
import { initials } from './person.ts';
import { tileGrounds } from './style.ts';

/** An app as the pages show it; a `ClientConfig` is one. */
export type App = { readonly name: string; readonly home: string };

/**
 * Apps as a list of tiles that link to where each app starts, in the order given.
 *
 * @returns `undefined` where there is nothing to show. An app whose `home` is no http(s) URL has no tile.
 */
export function appTiles(apps: readonly App[]): Html | undefined {
  const taken = new Set<number>();
  const tiles = apps.flatMap(({ name, home }) => {
    const href = httpHref(home);
    return href === undefined ? [] : tile(name, href, ground(name, taken));
  });
  return tiles.length > 0 ? html`<ul class="tiles" role="list">${tiles}</ul>` : undefined;
}

function tile(name: string, href: string, colour: number): Html {
  return html`
<li><a class="tile" href="${href}"><span class="letter t${colour}" aria-hidden="true">${initials(name).slice(0, 2) || '·'}</span><span><strong><bdi>${name}</bdi></strong><small>${new URL(href).host}</small></span></a></li>`;
}

/** By name, so that an app looks the same on every page; the next free one where two apps would look alike. */
function ground(name: string, taken: Set<number>): number {
  let sum = 0;
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  if (taken.size === tileGrounds.length) taken.clear();
  while (taken.has(sum % tileGrounds.length)) sum++;
  taken.add(sum % tileGrounds.length);
  return sum % tileGrounds.length;
}
