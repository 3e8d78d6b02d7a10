import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { domainCookieExpectation, readDomainCookie } from '../../shared/cookies/domain-cookie.ts';
import type { SessionId } from '../../shared/identity.ts';
import { verifyToken } from '../../shared/tokens/signed.ts';
import type { Person } from '../../shared/users/directory.ts';
import { staleAfter } from '../check/feed.ts';
import { clientSid, readIdTokenHint } from '../hand-off/id-token.ts';
import { createProviderTokens, issuersOf, unverifiedIssuer } from '../provider/provider-token.ts';
import type { SharedParts } from '../session/parts.ts';

/**
 * What a caller learns of a token (RFC 7662 §2.2). `sub` is the primary key of the person's row; what is said of the person
 * beside it is what the caller's registration allows, as the directory has it now.
 */
export type IntrospectionBody =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly iss: string;
      readonly sub: string;
      readonly exp: Seconds;
      readonly iat?: Seconds;
      /** The client that the token was given to; absent for the domain cookie. */
      readonly client_id?: string;
      readonly scope?: string;
      /** What the caller calls the session. */
      readonly sid?: string;
      /** The provider's subject, for its own tokens. */
      readonly idp_sub?: string;
      readonly [claim: string]: unknown;
    };

/** Says of a token whether it counts, and whom it speaks of. */
export type Introspection = {
  /**
   * @param client Who asks; has shown who it is.
   * @throws SsoError `store_unavailable`, `directory_unavailable`, `provider_unavailable`: nothing can be said.
   */
  introspect(token: string, client: ClientConfig, now: Seconds): Promise<IntrospectionBody>;
};

/** A token that holds, before the person is looked at. */
type Found = {
  readonly iss: string;
  readonly exp: Seconds;
  readonly person: Person | undefined;
  readonly sid?: SessionId;
  readonly more: Readonly<Record<string, unknown>>;
};

type Remembered = {
  readonly body: IntrospectionBody & { readonly active: true };
  readonly sid: SessionId | undefined;
  readonly version: number;
  readonly until: Seconds;
};

const inactive: IntrospectionBody = { active: false };
/** For how long an answer is given again unasked; news of the session or the person end it at once. */
const rememberedFor: Seconds = 30;

/** Makes the introspection of one gateway. It holds no token as a key: answers are remembered by SHA-256. */
export function createIntrospection(parts: SharedParts): Introspection {
  const { config, feed, keyring, names, providers, store, users } = parts;
  const answers = new LRUCache<string, Remembered>({ max: 10_000 });
  const cookies = domainCookieExpectation(
    { publicUrl: config.publicUrl, cookieDomain: config.cookie.domain },
    keyring.domainCookie.all,
  );
  const byIssuer = new Map(
    [...providers.values()].flatMap((provider) => {
      const tokens = createProviderTokens(provider.config, () => provider.jwksUri(), parts);
      return issuersOf(provider.config).map((issuer) => [issuer, { id: provider.config.id, tokens }] as const);
    }),
  );

  /** An access token of ours, for the client that it was given to alone. */
  const readAccessToken = async (token: string, client: ClientConfig, now: Seconds): Promise<Found | undefined> => {
    const grant = await store.findGrant(createHash('sha256').update(token).digest('base64url'), now);
    if (grant?.clientId !== client.id) return undefined;
    const { session, scope, expiresAt } = grant;
    return {
      iss: config.publicUrl,
      exp: expiresAt,
      person: await users.findById(session.userId),
      sid: session.sid,
      more: { client_id: client.id, scope, token_type: 'Bearer', sid: clientSid(session.sid, client.id) },
    };
  };

  const readDomainToken = async (token: string, client: ClientConfig, now: Seconds): Promise<Found | undefined> => {
    const reading = readDomainCookie(`${names.domain}=${token}`, names.domain, cookies, now);
    if (reading.kind !== 'valid') return undefined;
    const { uid, sid, iat, exp, authTime } = reading.cookie;
    if (!(await store.findSession(sid, now))) return undefined;
    const more = { iat, aud: config.cookie.domain, auth_time: authTime, sid: clientSid(sid, client.id) };
    return { iss: config.publicUrl, exp, person: await users.findById(uid), sid, more };
  };

  /** An ID token of ours. Its session is known by the client's own name alone, so that no store can be asked. */
  const readIdToken = async (token: string, client: ClientConfig, now: Seconds): Promise<Found | undefined> => {
    const hint = readIdTokenHint(token, now, parts);
    if (hint?.client !== client) return undefined;
    const expected = { keys: keyring.openid.all, typ: 'JWT', issuer: config.publicUrl, audience: client.id } as const;
    const verdict = verifyToken(token, expected, now);
    if (verdict.kind !== 'valid') return undefined;
    const { sub, iat, exp } = verdict.claims;
    const sessions = await store.sessionsOf(sub as Person['id'], now);
    const session = sessions.find((one) => clientSid(one.sid, client.id) === hint.sid);
    if (!session) return undefined;
    const more = { iat, aud: client.id, client_id: client.id, sid: hint.sid };
    return { iss: config.publicUrl, exp, person: await users.findById(session.userId), sid: session.sid, more };
  };

  const readProviderToken = async (token: string, now: Seconds): Promise<Found | undefined> => {
    const from = byIssuer.get(unverifiedIssuer(token) ?? '');
    const read = await from?.tokens.read(token, now);
    if (!from || !read) return undefined;
    const { issuer: iss, subject, iat, exp, scope, kind } = read;
    const more = {
      iat,
      client_id: providers.get(from.id)?.config.clientId,
      idp_sub: subject,
      ...(kind === 'access' ? { token_type: 'Bearer' } : {}),
      ...(scope === undefined ? {} : { scope }),
    };
    return { iss, exp, person: await users.findByIdentity({ provider: from.id, subject }), more };
  };

  const read = async (token: string, client: ClientConfig, now: Seconds): Promise<Found | undefined> => {
    // a cookie is read out of a whole header: `x; __Secure-sso=…` would count for what it brings along
    if (!/^[A-Za-z0-9._-]+$/.test(token)) return undefined;
    if (/^[A-Za-z0-9_-]{43}$/.test(token)) return await readAccessToken(token, client, now);
    if (unverifiedIssuer(token) !== config.publicUrl) return await readProviderToken(token, now);
    return (await readDomainToken(token, client, now)) ?? (await readIdToken(token, client, now));
  };

  const stillHolds = ({ body, sid, version, until }: Remembered, now: Seconds): boolean =>
    now < until &&
    now < body.exp &&
    feed.age(now) <= staleAfter &&
    !(sid !== undefined && feed.isEnded(sid)) &&
    (feed.permissionVersion(body.sub) ?? 0) <= version;

  return {
    async introspect(token, client, now) {
      const key = createHash('sha256').update(`${client.id} ${token}`).digest('base64');
      const known = answers.get(key);
      if (known && stillHolds(known, now)) return known.body;
      answers.delete(key);
      const found = await read(token, client, now);
      if (found?.person?.state !== 'active' || (found.sid !== undefined && feed.isEnded(found.sid))) return inactive;
      const { person } = found;
      const told = client.claims.flatMap((claim) => (person[claim] === undefined ? [] : [[claim, person[claim]]]));
      const body = {
        ...Object.fromEntries(told),
        ...found.more,
        active: true as const,
        iss: found.iss,
        sub: person.id,
        exp: found.exp,
      };
      answers.set(key, { body, sid: found.sid, version: person.permissionVersion, until: now + rememberedFor });
      return body;
    },
  };
}
