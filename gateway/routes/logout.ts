import { clearCookie, cookieValues } from '../../shared/cookies/cookie.ts';
import { SsoError } from '../../shared/errors.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import { unseal } from '../../shared/tokens/sealed.ts';
import { addCookies, type GatewayContext, headerReader } from '../http/context.ts';
import { readForm } from '../http/form.ts';
import { requestOrigin } from '../http/same-origin.ts';
import { confirmSignOutPage } from '../pages/sign-out.ts';
import { signedOutPage } from '../pages/signed-out.ts';
import type { Parts } from '../session/parts.ts';
import { readSession } from '../session/read.ts';
import { leave } from './leave.ts';

const longestForm = 4096;

/** `GET /logout?return_to=`: asks first. A link, an image or a foreign page must not sign anybody out. */
export async function confirmLogout(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, config } = parts;
  const asked = c.req.query('return_to');
  const returnTo = asked === undefined ? undefined : at.judge(asked);
  const reading = await readSession(c.req.header('cookie'), parts);
  if (!reading) return c.redirect(at.url('/signed-out', { return_to: returnTo }), 302);
  // so that the page's policy names where the sign-out leads
  await parts.providers.get(reading.session.identity.provider)?.reachable();
  return c.html(await confirmSignOutPage({ base: config.publicUrl, returnTo }));
}

/**
 * `POST /logout?return_to=`: ends the session everywhere, then leads through the provider's own sign-out.
 *
 * Takes same-origin posts, and same-site posts of a registered app. A post that doesn't say where it comes from is asked
 * to confirm; one from elsewhere is refused.
 *
 * @throws SsoError `store_unavailable`: the cookies are gone then, but the person is told that the session may live on.
 */
export async function logout(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, clients } = parts;
  const origin = requestOrigin(headerReader(c), at.origin, (one) => clients.byOrigin(one) !== undefined);
  if (origin === 'foreign') throw new SsoError('cross_site_refused', 'sign-out posted by another site');
  const asked = c.req.query('return_to') ?? (await readForm(c, longestForm))?.get('return_to') ?? undefined;
  const returnTo: JudgedUrl | undefined = asked === undefined || asked === '' ? undefined : at.judge(asked);
  if (origin === 'unknown') return c.redirect(at.url('/logout', { return_to: returnTo }), 303);

  return await leave(c, returnTo, at.url('/signed-out', { return_to: returnTo }), parts);
}

/** `GET /signed-out`: what a person sees in the end, unless an app asked to have them back. */
export async function signedOut(c: GatewayContext, parts: Parts): Promise<Response> {
  const { at, clients, clock, config, keyring, names } = parts;
  const [kept] = cookieValues(c.req.header('cookie'), names.afterLogout);
  if (kept !== undefined) {
    addCookies(c, [clearCookie(names.afterLogout)]);
    const after = await unseal<{ returnTo: string }>(keyring.sealing, 'after-logout', kept, clock());
    if (after) return c.redirect(at.judge(after.returnTo), 302);
  }
  const asked = c.req.query('return_to');
  const returnTo = asked === undefined ? undefined : at.judge(asked);
  return c.html(await signedOutPage({ base: config.publicUrl, returnTo, apps: clients.all }));
}
