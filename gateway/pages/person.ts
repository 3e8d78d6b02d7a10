import { html } from 'hono/html';
import type { Html } from './mark.ts';

/** A person as the pages show them. Names and addresses are theirs to choose: nothing about their text is assumed. */
export type Person = {
  readonly id: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly roles?: readonly string[] | undefined;
};

/** What to call someone: the name, else the email address, else the account's id. */
export function calledBy(person: Person): string {
  return person.name?.trim() || person.email?.trim() || `Account ${person.id}`;
}

/**
 * A round picture made of initials, of a figure where there is neither name nor email address.
 *
 * Decoration, hidden from screen readers: the name stands beside it.
 */
export function avatar(person: Person, size?: 'little'): Html {
  const letters = initials(person.name?.trim() || person.email?.trim() || '');
  return html`<span class="${size ? `face ${size}` : 'face'}" aria-hidden="true">${letters || figure()}</span>`;
}

/**
 * One or two initials: "Ann Lee" → "AL", "ann@acme.test" → "A", "李小龙" → "李".
 *
 * Two only in scripts with capitals; letters of other scripts may join or stack. Emoji stay whole.
 *
 * @returns Empty where there is no letter, digit or emoji to take.
 */
export function initials(name: string): string {
  const words = name.split(/\s+/u).flatMap((word) => firstSign(word) ?? []);
  const first = words.at(0);
  const last = words.at(-1);
  if (first === undefined || last === undefined) return '';
  const two = words.length > 1 && hasCapitals(first) && hasCapitals(last);
  return (two ? first + last : first).toLocaleUpperCase('en');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The first sign of a word, with its marks; a pile of marks is left off. */
function firstSign(word: string): string | undefined {
  for (const { segment } of graphemes.segment(word)) {
    if (!/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(segment)) continue;
    return segment.length <= 12 ? segment : Array.from(segment)[0];
  }
  return undefined;
}

const hasCapitals = (sign: string) => sign.toLowerCase() !== sign.toUpperCase();

function figure(): Html {
  return html`<svg width="55%" height="55%" viewBox="0 0 24 24"><path d="M12 12a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zm0 2.5c-4.5 0-8 2.3-8 5.5 0 .6.4 1 1 1h14c.6 0 1-.4 1-1 0-3.2-3.5-5.5-8-5.5z" fill="currentColor"/></svg>`;
}
