import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import { gatewayHref } from './link.ts';
import { badge, type Html } from './mark.ts';
import { renderPage } from './page.ts';

/** Ends the window that a browser opened for FedCM; does nothing in any other. */
const closingScript = `globalThis.IdentityProvider?.close()`;

/** CSP source that allows that script and no other. */
export const closingScriptSource = `'sha256-${createHash('sha256').update(closingScript).digest('base64')}'`;

/**
 * The end of a sign-in in the window that a browser opened for FedCM, which it closes. Send it with
 * {@link closingScriptSource}.
 */
export function fedcmSignedInPage({ base }: { readonly base: string }): Html {
  const body = html`<section class="card stack">
${badge('done')}
<h1>You are signed in</h1>
<p class="quiet">You can close this window and go on in the app.</p>
<p class="actions"><a class="button plain" href="${gatewayHref(base, '/')}">Go to your apps</a></p>
</section>
<script>${raw(closingScript)}</script>`;
  return renderPage({ title: 'Signed in', body, base });
}
