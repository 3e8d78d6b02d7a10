import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { JOSEError } from 'jose/errors';
import type { Clock, Seconds } from '../../../shared/clock.ts';
import type { Account } from './accounts.ts';
import type { Storage } from './persistence.ts';
import type { UserPoolClient } from './settings.ts';
import { applyClaims, applyScopes, type TokenChanges } from './token-changes.ts';

/** What tokens are made from. */
export type TokenGrant = {
  readonly client: UserPoolClient;
  /** Absent: the client acts for itself and gets an access token alone. */
  readonly account?: Account;
  readonly scopes: readonly string[];
  readonly changes: TokenChanges;
  readonly originJti: string;
  readonly authTime: Seconds;
  readonly nonce?: string;
  /** Becomes the access token's `aud`. */
  readonly resource?: string;
};

/** Signed tokens, and what is in them. */
export type IssuedTokens = {
  readonly accessToken: string;
  readonly accessClaims: Readonly<Record<string, unknown>>;
  /** Absent without the scope `openid` or {@link nativeScope}. */
  readonly idToken?: string;
  readonly idClaims?: Readonly<Record<string, unknown>>;
  /** Claims that the trigger may not set. */
  readonly ignored: readonly string[];
};

/** Makes and reads the tokens of one issuer. */
export type Tokens = {
  readonly issuer: string;
  /** Two keys, as Cognito has: one signs ID tokens, the other access tokens. */
  readonly jwks: { readonly keys: readonly JWK[] };
  issue(grant: TokenGrant): Promise<IssuedTokens>;
  /** The claims of an access token of ours that hasn't expired, else nothing. */
  readAccessToken(token: string): Promise<Readonly<Record<string, unknown>> | undefined>;
};

/** The scope of tokens that come from the JSON API: they bring an ID token, and open nothing of OpenID's. */
export const nativeScope = 'aws.cognito.signin.user.admin';

/** Lifetime of ID and access tokens. */
export const tokenLifetime: Seconds = 3600;

/** @param issuer `${origin}/${poolId}`. */
export async function createTokens(storage: Storage, issuer: string, clock: Clock): Promise<Tokens> {
  if (storage.state.keys.length === 0) {
    storage.state.keys = await Promise.all([generateKey(), generateKey()]);
    storage.save();
  }
  const [idKey, accessKey] = storage.state.keys;
  if (idKey === undefined || accessKey === undefined) throw new Error('The user pool has lost its signing keys.');
  const sign = async (claims: Record<string, unknown>, { kid = '', ...jwk }: JWK) =>
    new SignJWT(claims).setProtectedHeader({ kid, alg: 'RS256' }).sign(await importJWK(jwk, 'RS256'));
  const publicKeys = [idKey, accessKey].map(
    ({ kty, n, e, kid }) => ({ alg: 'RS256', e, kid, kty, n, use: 'sig' }) as JWK,
  );
  const accessVerifier = await importJWK(publicKeys[1] as JWK, 'RS256');

  return {
    issuer,
    jwks: { keys: publicKeys },
    async issue(grant) {
      const now = clock();
      const shared = {
        iss: issuer,
        origin_jti: grant.originJti,
        event_id: randomUUID(),
        auth_time: grant.authTime,
        iat: now,
        exp: now + tokenLifetime,
      };
      const { claims: accessClaims, ignored } = accessClaimsOf(grant, shared);
      const accessToken = await sign(accessClaims, accessKey);
      const identified = grant.scopes.includes('openid') || grant.scopes.includes(nativeScope);
      if (grant.account === undefined || !identified) return { accessToken, accessClaims, ignored };
      const { claims: idClaims, ignored: alsoIgnored } = idClaimsOf(grant, grant.account, shared, accessToken);
      const idToken = await sign(idClaims, idKey);
      return { accessToken, accessClaims, idToken, idClaims, ignored: [...new Set([...ignored, ...alsoIgnored])] };
    },
    async readAccessToken(token) {
      try {
        const options = { issuer, algorithms: ['RS256'], currentDate: new Date(clock() * 1000) };
        const { payload } = await jwtVerify(token, accessVerifier, options);
        return payload.token_use === 'access' ? payload : undefined;
      } catch (cause) {
        if (cause instanceof JOSEError) return undefined;
        throw cause;
      }
    },
  };
}

type Claims = Record<string, unknown>;

function accessClaimsOf(grant: TokenGrant, shared: object): { claims: Claims; ignored: string[] } {
  const { client, account, changes, resource } = grant;
  const claims: Claims = { ...groupClaims(account, changes, false) };
  const ignored = applyClaims(claims, changes.access, client.id);
  Object.assign(claims, shared, {
    sub: account?.sub ?? client.id,
    ...(resource !== undefined && { aud: resource }),
    version: 2,
    client_id: client.id,
    token_use: 'access',
    scope: applyScopes(grant.scopes, changes).join(' '),
    jti: randomUUID(),
    ...(account !== undefined && { username: account.username }),
  });
  return { claims, ignored };
}

function idClaimsOf(
  grant: TokenGrant,
  account: Account,
  shared: object,
  accessToken: string,
): { claims: Claims; ignored: string[] } {
  const { client, changes, nonce, scopes } = grant;
  const claims: Claims = { ...profileOf(account, scopes), ...groupClaims(account, changes, true) };
  const ignored = applyClaims(claims, changes.id);
  Object.assign(claims, shared, {
    sub: account.sub,
    aud: client.id,
    token_use: 'id',
    'cognito:username': account.username,
    jti: randomUUID(),
    at_hash: createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url'),
    ...(nonce !== undefined && { nonce }),
  });
  return { claims, ignored };
}

/**
 * Attributes that the scopes allow: with `openid` alone, all of them.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/userinfo-endpoint.html
 */
export function profileOf(
  account: Account,
  scopes: readonly string[],
): { email?: string; email_verified?: boolean; name?: string } {
  const all = !['email', 'profile', 'phone'].some((scope) => scopes.includes(scope));
  return {
    ...((all || scopes.includes('email')) &&
      account.email !== '' && { email: account.email, email_verified: account.emailVerified }),
    ...((all || scopes.includes('profile')) && account.name !== '' && { name: account.name }),
  };
}

function groupClaims(account: Account | undefined, changes: TokenChanges, withRoles: boolean): Claims {
  const groups = changes.groups ?? account?.groups ?? [];
  return {
    ...(groups.length > 0 && { 'cognito:groups': groups }),
    ...(withRoles && changes.roles !== undefined && { 'cognito:roles': changes.roles }),
    ...(withRoles && changes.preferredRole !== undefined && { 'cognito:preferred_role': changes.preferredRole }),
  };
}

async function generateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}

/** An unguessable value, such as a refresh token. */
export function randomToken(): string {
  return randomBytes(48).toString('base64url');
}
