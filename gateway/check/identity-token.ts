import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../shared/clock.ts';
import type { Config } from '../../shared/config.ts';
import type { SigningKeys } from '../../shared/keys/signing.ts';
import { signToken } from '../../shared/tokens/signed.ts';
import type { Visitor } from './core.ts';
import { type FlatHeaders, identityTokenHeader } from './identity-headers.ts';

/** Makes the `Identity-Token` header for an upstream: a signed identity, or empty for nobody. */
export type MintIdentity = (visitor: Visitor, host: string | undefined, now: Seconds) => FlatHeaders;

const lifetime: Seconds = 300;
/** Minted anew when less than this is left. */
const renewAt: Seconds = 60;

/**
 * Mints identity JWTs: signed with keys of their own, for one upstream host (`aud`), at most five minutes old, remembered
 * per cookie and host.
 */
export function createIdentityMint(config: Config, keys: Pick<SigningKeys, 'current'>): MintIdentity {
  const cache = new LRUCache<string, { token: string; exp: Seconds }>({ max: 10_000 });
  return (visitor, host, now) => {
    if (visitor.kind !== 'known' || host === undefined) return [identityTokenHeader, ''];
    const { uid, sid, exp, iat, email, name, roles, permissions, permissionVersion } = visitor.cookie;
    const key = `${host} ${sid} ${iat} ${permissionVersion}`;
    const known = cache.get(key);
    if (known && known.exp - now > renewAt) return [identityTokenHeader, known.token];
    const until = Math.min(now + lifetime, Math.max(exp, now + 1));
    const token = signToken(keys, 'identity+jwt', {
      iss: config.publicUrl,
      aud: host,
      sub: uid,
      iat: now,
      exp: until,
      email,
      name,
      roles,
      permissions,
    });
    cache.set(key, { token, exp: until });
    return [identityTokenHeader, token];
  };
}
