import type { Seconds } from '../../../shared/clock.ts';
import { leeway } from '../../../shared/tokens/signed.ts';
import type { GatewayTokens } from './gateway-tokens.ts';
import { isId } from './id-token.ts';

/** The gateway's word that a session has ended. */
export type LogoutToken = { readonly sid: string; readonly jti: string };

/** The event that makes a token one of these. */
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** The gateway makes a fresh one for every try. */
const oldest: Seconds = 120;

/**
 * Verifies a logout token. `sid` has to be there: the gateway always sends it, and a session is ended by its name alone.
 *
 * @returns What is wrong with it, in a word, for whoever sent it.
 * @throws SsoError `provider_unavailable`: there are no keys to judge it by.
 * @see OpenID Connect Back-Channel Logout 1.0 §2.6
 */
export async function readLogoutToken(
  token: string,
  now: Seconds,
  tokens: GatewayTokens,
): Promise<LogoutToken | { readonly wrong: string }> {
  const verdict = await tokens.verify(token, 'logout+jwt');
  if (verdict.kind !== 'valid') return { wrong: verdict.kind === 'invalid' ? verdict.why : verdict.kind };
  const { events, iat, jti, nonce, sid } = verdict.claims;
  if (iat < now - oldest - leeway) return { wrong: 'expired' };
  if (nonce !== undefined) return { wrong: 'nonce' };
  const event = isObject(events) && Object.hasOwn(events, logoutEvent) ? events[logoutEvent] : undefined;
  if (!isObject(event)) return { wrong: 'events' };
  if (!isId(jti)) return { wrong: 'jti' };
  return isId(sid) ? { sid, jti } : { wrong: 'sid' };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
