/**
 * Can PostgreSQL hold and compare this text exactly as it is? Not with NUL in it, nor with half a surrogate pair (which
 * UTF-8 would turn into U+FFFD, and so into somebody else's text).
 *
 * @param longest In UTF-16 units.
 */
export function isStorable(text: string, longest: number): boolean {
  return text.length <= longest && !text.includes('\0') && text.isWellFormed();
}

/**
 * Makes any text one that can be stored and shown: without control characters, halves of surrogate pairs and marks that
 * turn the direction of writing; runs of spaces become one.
 *
 * @param longest In characters; what is beyond is cut off.
 * @returns `undefined` where nothing is left.
 */
export function cleaned(text: string | undefined, longest: number): string | undefined {
  if (text === undefined) return undefined;
  const visible = text
    .slice(0, longest * 4)
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ')
    .replace(/[\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  const short = visible.length <= longest ? visible : [...visible].slice(0, longest).join('').trim();
  return short === '' ? undefined : short;
}
