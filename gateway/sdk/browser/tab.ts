/**
 * What a tab remembers from page to page: reads what stands under a key, after writing it where a value is given. `null`:
 * nothing. `undefined`: the tab has no memory, as some settings and sandboxes want it.
 */
export type Tab = (key: string, value?: string) => string | null | undefined;

/** The memory of this tab for one app. What is kept as `fedcm` all tabs share, and it stays. */
export function createTab(clientId: string): Tab {
  return (key, value) => {
    const name = `crossgate:${clientId}:${key}`;
    try {
      const storage = key === 'fedcm' ? localStorage : sessionStorage;
      if (value) storage.setItem(name, value);
      return storage.getItem(name);
    } catch {
      // denied, or full
      return undefined;
    }
  };
}

/** Two reloads of one kind by ourselves within so many milliseconds would be a loop. */
const betweenReloads = 10_000;

/**
 * May the page be reloaded without anybody asking? Not where that was just done. Where the tab can't remember it, only for a
 * sign-out: nobody is to be left with a page that is over.
 *
 * @param now Milliseconds, by a clock that all pages of the tab share.
 */
export function mayReload(tab: Tab, to: 'signed-in' | 'signed-out', now: number): boolean {
  // either way: a clock that was set back says nothing
  if (Math.abs(now - Number(tab(to) ?? -betweenReloads)) < betweenReloads) return false;
  return tab(to, `${now}`) === `${now}` || to === 'signed-out';
}

/** The search part of an address, marked as one that the gateway sends the browser back to. */
export const marked = (search: string): string => `${search}${search ? '&' : '?'}sso_tried=1`;

/** Takes the mark off again. `undefined`: there is none. What else the search part has stays letter by letter. */
export const unmarked = (search: string): string | undefined => /^(.*)[?&]sso_tried=1$/.exec(search)?.[1];
