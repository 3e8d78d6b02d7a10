import type { Seconds } from '../../shared/clock.ts';
import { readDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import { asSubject, type SessionId, type UserId } from '../../shared/identity.ts';
import { createGateway, type Gateway } from '../app.ts';
import { hasStore, type SharedParts } from '../session/parts.ts';
import { sealProviderTokens } from '../session/provider-tokens.ts';
import { ann, type CheckWorld, keyring, openCheckWorld, start } from './check.testing.ts';

/** When Ann's session ends. */
export const sessionEnd: Seconds = start + 43_200;

/** What the provider says to a refresh token: yes, `invalid_grant`, or nothing. */
export type ProviderMood = 'willing' | 'ended' | 'down';

/** A world whose `/check` renews, with Ann's session in its store, and a provider that can be asked about her. */
export type RenewingWorld = Omit<CheckWorld, 'gateway'> & {
  readonly gateway: Gateway;
  readonly parts: SharedParts;
  provider: ProviderMood;
  /** Times that the provider was asked about a refresh token. */
  asked: number;
};

/** Opens it. @param changes Of the configuration, at its top level. */
export async function openRenewingWorld(changes: Record<string, unknown> = {}): Promise<RenewingWorld> {
  const opened = await openCheckWorld({ check: { renews: true }, ...changes });
  const world = Object.assign(opened, { provider: 'willing' as ProviderMood, asked: 0 });
  const gateway = createGateway({
    ...world.gateway.parts,
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input);
      if (url.endsWith('/.well-known/openid-configuration')) {
        const issuer = 'https://provider.test';
        return Response.json({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` });
      }
      world.asked += 1;
      if (world.provider === 'down') throw new Error('the provider is down');
      return world.provider === 'ended'
        ? Response.json({ error: 'invalid_grant' }, { status: 400 })
        : Response.json({ access_token: 'a', token_type: 'bearer', expires_in: 60, refresh_token: 'next' });
    },
  });
  const { parts } = gateway;
  if (!hasStore(parts)) throw new Error('there is no store');
  await addSession(parts, ann.sid, ann.uid);
  await gateway.feed.poll();
  return Object.assign(world, { gateway, parts });
}

/** Puts a session of somebody into the store, with a refresh token. */
export async function addSession(parts: SharedParts, sid: SessionId, userId: UserId, endsAt = sessionEnd) {
  const tokens = { refreshToken: 'first', idToken: undefined };
  const sealed = await sealProviderTokens(tokens, parts.keyring.sealing, start, endsAt);
  await parts.store.createSession(
    {
      sid,
      userId,
      identity: { provider: 'pool', subject: asSubject('ann') },
      authTime: start,
      createdAt: start,
      endsAt,
      ...(sealed === undefined ? {} : { sealedProviderTokens: sealed }),
    },
    `hash of ${sid}`,
  );
}

/** What a `Set-Cookie` value says of whom; `undefined`: it is no domain cookie of ours. */
export function cookieIn(setCookie: string | undefined, now: Seconds) {
  const expected = {
    keys: keyring.domainCookie.all,
    typ: 'sso+jwt',
    issuer: 'https://auth.acme.test',
    audience: 'acme.test',
  } as const;
  const reading = readDomainCookie(setCookie?.split(';')[0], '__Secure-sso', expected, now);
  return reading.kind === 'valid' ? reading.cookie : undefined;
}
