import { randomBytes } from 'node:crypto';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig, Config } from '../../shared/config.ts';
import type { Keyring } from '../../shared/keys/keyring.ts';
import type { LogoutNotice } from '../../shared/store/hand-off.ts';
import { signToken } from '../../shared/tokens/signed.ts';
import { clientSid, signerFor } from '../hand-off/id-token.ts';

/** Life of a logout token: it is made anew for every try. */
const lifetime: Seconds = 120;

/** The event that makes a token one of these. */
export const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * Signs what tells a client that a session has ended.
 *
 * @see OpenID Connect Back-Channel Logout 1.0 §2.4
 */
export function signLogoutToken(
  client: ClientConfig,
  { sid, userId }: Pick<LogoutNotice, 'sid' | 'userId'>,
  now: Seconds,
  { config, keyring }: { readonly config: Pick<Config, 'publicUrl'>; readonly keyring: Pick<Keyring, 'openid'> },
): string {
  return signToken(signerFor(client, keyring), 'logout+jwt', {
    iss: config.publicUrl,
    aud: client.id,
    sub: userId,
    sid: clientSid(sid, client.id),
    iat: now,
    exp: now + lifetime,
    jti: randomBytes(16).toString('base64url'),
    events: { [logoutEvent]: {} },
  });
}
