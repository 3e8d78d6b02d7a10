/** What an address of the app may have at most, as the gateway's and the app's judges of addresses have it, with some room. */
const longest = 1000;

/**
 * This page, as an address to return to. A backslash, which browsers leave in a query, is refused everywhere else.
 *
 * @param search The search part to return to.
 * @returns `undefined`: too long for a redirect.
 */
export function here({ pathname, hash, origin }: Location, search: string): string | undefined {
  const path = `${pathname.replace(/^\/+/, '/')}${search}${hash}`.replaceAll('\\', '%5C');
  return origin.length + path.length > longest ? undefined : path;
}

/** Does the page stand in a frame? */
export const isEmbedded = (): boolean => window.top !== window;

/** Is this page itself a stop of a sign-in, whose address says how it went? Bounced, it would lose that, or never end. */
export function isStopover({ pathname, search }: Location, base: string | undefined): boolean {
  return pathname.startsWith(`${base}/`) || (/[?&]state=/.test(search) && /[?&](code|error)=/.test(search));
}

/** Does somebody look at the page, as far as the browser knows? */
export const isVisible = (): boolean => document.visibilityState === 'visible';

/** Resolves when somebody looks at the page, or when it no longer matters. */
export function visible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => isVisible() && resolve();
    document.addEventListener('visibilitychange', look, { signal });
    signal.addEventListener('abort', () => resolve());
    look();
  });
}

/** Goes to an address at the top of the tab: what signs people in can't be framed. */
export const goTo = (url: string): void => void open(url, '_top');

/** Posts an empty form, which takes the whole tab with it. */
export function postForm(action: string): void {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = action;
  form.target = '_top';
  form.hidden = true;
  document.documentElement.append(form);
  form.submit();
}
