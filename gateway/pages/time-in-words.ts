import { html } from 'hono/html';
import type { Seconds } from '../../shared/clock.ts';
import type { Html } from './mark.ts';

/**
 * How long ago, in words: "just now", "12 minutes ago", "about 3 hours ago".
 *
 * A moment in the future (clocks differ) is "just now".
 */
export function ago(then: Seconds, now: Seconds): string {
  const span = now - then;
  return span < 60 ? 'just now' : `${inWords(span)} ago`;
}

/** How long still, in words: "in 12 minutes", "in about 11 hours". A moment that has come or passed is "now". */
export function ahead(then: Seconds, now: Seconds): string {
  const span = then - now;
  if (span <= 0) return 'now';
  return span < 60 ? 'in less than a minute' : `in ${inWords(span)}`;
}

/** Words for a moment, with the moment itself for machines and, on hover, for people who leave the tab open. */
export function timeElement(moment: Seconds, words: string): Html {
  const date = new Date(moment * 1000);
  return html`<time datetime="${date.toISOString()}" title="${date.toUTCString()}">${words}</time>`;
}

/** Minutes are rounded down, hours and days to the nearest. */
function inWords(span: Seconds): string {
  const minutes = Math.floor(span / 60);
  if (minutes === 1) return '1 minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (minutes < 90) return 'about an hour';
  if (minutes < 36 * 60) return `about ${Math.round(minutes / 60)} hours`;
  return `about ${Math.round(minutes / (24 * 60))} days`;
}
