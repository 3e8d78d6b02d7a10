import { setCookie } from '../../shared/cookies/cookie.ts';
import type { JudgedUrl } from '../../shared/return-url.ts';
import { seal } from '../../shared/tokens/sealed.ts';
import { addCookies, type GatewayContext } from '../http/context.ts';
import { clearSessionCookies, endSession } from '../session/end.ts';
import type { Parts } from '../session/parts.ts';
import { readSession } from '../session/read.ts';

/**
 * Ends the session of this browser everywhere, clears its cookies, and leads through the provider's own sign-out.
 *
 * @param returnTo Where the provider's sign-out leads in the end; `undefined`: to our own page.
 * @param otherwise Where to go where there is no provider to go through.
 * @throws SsoError `store_unavailable`: the cookies are gone then, but the person is told that the session may live on.
 */
export async function leave(
  c: GatewayContext,
  returnTo: JudgedUrl | undefined,
  otherwise: string,
  parts: Parts,
): Promise<Response> {
  const { at, clock, keyring, names } = parts;
  const cookies = c.req.header('cookie');
  addCookies(c, clearSessionCookies(cookies, parts));
  const reading = await readSession(cookies, parts);
  if (!reading) return c.redirect(otherwise, 303);

  const tokens = await endSession(reading.session, 'logout', parts);
  const provider = parts.providers.get(reading.session.identity.provider);
  const elsewhere = await provider?.logoutUrl(at.url('/signed-out'), tokens.idToken);
  if (elsewhere === undefined) return c.redirect(otherwise, 303);
  if (returnTo !== undefined) {
    // the provider returns to one registered address and hands on nothing of ours
    const now = clock();
    const kept = await seal(keyring.sealing, 'after-logout', { returnTo }, now, now + 300);
    addCookies(c, [setCookie(names.afterLogout, kept, { maxAge: 300 })]);
  }
  return c.redirect(elsewhere, 303);
}
