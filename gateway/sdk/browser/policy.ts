import type { Notice } from './notices.ts';

/**
 * Tells what the page's Content-Security-Policy has to allow, as soon as it forbids something that this script needs.
 *
 * @param needed The gateway's origin, and the address of the app's server side.
 * @param onFrame The gateway's frame is blocked.
 */
export function watchPolicy(
  needed: { readonly gateway: string | undefined; readonly server: string },
  warn: Notice,
  signal: AbortSignal,
  onFrame: () => void,
): void {
  document.addEventListener(
    'securitypolicyviolation',
    ({ blockedURI, disposition, effectiveDirective }) => {
      const isOf = (url: string | undefined) => `${blockedURI}/`.startsWith(`${url}/`);
      const source = isOf(needed.gateway) ? needed.gateway : isOf(needed.server) && "'self'";
      if (!source || disposition !== 'enforce') return;
      warn(`CSP: add ${source} to ${effectiveDirective}`);
      if (effectiveDirective === 'frame-src') onFrame();
    },
    { signal },
  );
}
