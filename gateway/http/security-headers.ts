import { contentSecurityPolicy } from '../pages/page.ts';

/** Puts the headers that every answer of the gateway carries onto one, unless its route said otherwise. */
export type SecureHeaders = (headers: Headers) => void;

/**
 * Makes {@link SecureHeaders}. `Referrer-Policy` is `same-origin` and not `no-referrer`: with that, browsers send
 * `Origin: null` with our own forms.
 *
 * @param options.formAction Where the forms on our pages may lead, redirects included: Chromium checks those too.
 * @param options.https Whether browsers reach the gateway by https.
 */
export function createSecureHeaders(options: {
  readonly formAction: () => readonly string[];
  readonly https: boolean;
}): SecureHeaders {
  return (headers) => {
    const unlessSet = (name: string, value: string) => {
      if (!headers.has(name)) headers.set(name, value);
    };
    unlessSet('cache-control', 'no-store');
    unlessSet('x-content-type-options', 'nosniff');
    unlessSet('referrer-policy', 'same-origin');
    unlessSet('cross-origin-resource-policy', 'same-origin');
    if (options.https) unlessSet('strict-transport-security', 'max-age=31536000');
    if (headers.get('content-type')?.startsWith('text/html')) {
      unlessSet('content-security-policy', contentSecurityPolicy({ formAction: options.formAction() }));
      // it knows no list of origins: a page that some may frame goes by its policy alone
      if (headers.get('content-security-policy')?.includes("frame-ancestors 'none'"))
        unlessSet('x-frame-options', 'DENY');
      unlessSet('cross-origin-opener-policy', 'same-origin');
      unlessSet('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
    }
  };
}
