import type { SignedIn, SignedOut } from './decision.ts';

/** The head of an answer that the app has finished and that was not sent yet. */
export type Head = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
};

/**
 * Lays the filter's headers over the app's own answer, last, so that neither loses anything: cookies are appended to the
 * app's, `Vary` is merged into the app's, and `Cache-Control` stands where the app set none, or where a cookie goes along.
 */
export function addLateHeaders({ cookies, headers }: SignedIn | SignedOut, head: Head): void {
  for (const cookie of cookies) head.append('Set-Cookie', cookie);
  for (const [name, value] of headers) {
    if (name === 'Vary') head.set(name, mergeVary(head.get(name), value));
    else if (cookies.length > 0 || head.get(name) === undefined) head.set(name, value);
  }
}

/** Both lists of field names as one, without repeats. RFC 9110 §12.5.5 */
export function mergeVary(list: string | undefined, more: string): string {
  const names = new Map<string, string>();
  for (const field of `${list ?? ''},${more}`.split(',')) {
    const name = field.trim();
    if (name !== '' && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return names.has('*') ? '*' : [...names.values()].join(', ');
}
