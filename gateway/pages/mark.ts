import { html } from 'hono/html';

/** A piece of a page, escaped. */
export type Html = ReturnType<typeof html>;

/** Two crossing arches; where they cross stands a gate. */
const arches = 'M4 27V15a7.5 7.5 0 0 1 15 0v12M13 27V15a7.5 7.5 0 0 1 15 0v12';
const gate = 'M13 27V15a7.5 7.5 0 0 1 3-6 7.5 7.5 0 0 1 3 6v12z';

/** Crossgate's mark, in the colour of the text around it. Decoration: the name stands beside it. */
export function mark(): Html {
  return html`<svg width="30" height="30" viewBox="0 0 32 32" aria-hidden="true"><path d="${arches}" fill="none" stroke="currentColor" stroke-width="2.25"/><path d="${gate}" fill="currentColor"/></svg>`;
}

const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0d6350"/><path d="${arches}" fill="none" stroke="#fff" stroke-width="2"/><path d="${gate}" fill="#fff"/></svg>`;

/** The mark as a `data:` URL for `<link rel="icon">`: no request, and readable on light and dark tabs. */
export const faviconUrl: string = `data:image/svg+xml,${encodeURIComponent(favicon)}`;

/** A frieze of the mark's crossing arches, as wide as the page. Decoration. */
export function arcade(): Html {
  return html`<svg class="arcade" aria-hidden="true"><pattern id="arcade" width="32" height="26" patternUnits="userSpaceOnUse"><path d="M0 26v-9a16 16 0 0 1 32 0v9M-16 26v-9a16 16 0 0 1 32 0v9M16 26v-9a16 16 0 0 1 32 0v9" fill="none" stroke="currentColor"/></pattern><rect width="100%" height="100%" fill="url(#arcade)"/></svg>`;
}

const shapes = {
  info: 'M12 11v6M12 7.25v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  leave: 'M10 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15.5 16l4-4-4-4M19.5 12H10',
  lock: 'M8 10.5V8a4 4 0 0 1 8 0v2.5M6.5 10.5h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM12 14v2.5',
  wait: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM12 7v5l3.25 2',
  loop: 'M4.5 11a7.75 7.75 0 0 1 14-3.5L20 9.5M20 4.5v5h-5M19.5 13a7.75 7.75 0 0 1-14 3.5L4 14.5M4 19.5v-5h5',
  computer: 'M4.5 5.5h15a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM9 19.5h6M12 16.5v3',
  phone:
    'M8.5 3.5h7a1.5 1.5 0 0 1 1.5 1.5v14a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 7 19V5a1.5 1.5 0 0 1 1.5-1.5zM11 17.5h2',
  search: 'M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM15.25 15.25L20 20',
} as const;

/** What a badge may show. */
export type Icon = keyof typeof shapes;

/** A round badge above a heading, coloured by the page's tone. Decoration: the heading says it in words. */
export function badge(icon: Icon): Html {
  return html`<div class="badge"><svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true"><path d="${shapes[icon]}" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/></svg></div>`;
}
