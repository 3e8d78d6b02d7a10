import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import type { Pool } from './pool.ts';
import type { UserPoolClient } from './settings.ts';
import { type TokenGrant, tokenLifetime } from './tokens.ts';
import { TriggerError } from './triggers.ts';

/** An error of `/oauth2/token`. All are 400, `invalid_client` too, where RFC 6749 §5.2 would have 401. */
class TokenRefusal extends Error {
  readonly error: string;
  readonly description: string | undefined;

  constructor(error: string, description?: string) {
    super(description ?? error);
    this.name = 'TokenRefusal';
    this.error = error;
    this.description = description;
  }
}

type Answer = {
  access_token: string;
  expires_in: number;
  token_type: 'Bearer';
  id_token?: string;
  refresh_token?: string;
};

/** `/oauth2/token` and `/oauth2/revoke`. */
export function tokenRoutes(pool: Pool): Hono {
  const app = new Hono();

  app.post('/oauth2/token', async (c) => {
    c.header('Cache-Control', 'no-store');
    const form = new URLSearchParams(await c.req.text());
    const grantType = form.get('grant_type');
    let client: UserPoolClient | undefined;
    try {
      client = authenticate(c, form, pool.clients);
      if (client === undefined) throw new TokenRefusal('invalid_client');
      if (grantType === 'authorization_code') return c.json(await redeemCode(pool, client, form));
      if (grantType === 'refresh_token') return c.json(await refresh(pool, client, form));
      if (grantType === 'client_credentials') return c.json(await machineToken(pool, client, form));
      throw new TokenRefusal(grantType === null ? 'invalid_request' : 'unsupported_grant_type');
    } catch (cause) {
      const refusal = cause instanceof TriggerError ? new TokenRefusal('invalid_grant', cause.message) : cause;
      if (!(refusal instanceof TokenRefusal)) throw cause;
      const { error, description } = refusal;
      pool.report('token-refused', { client: client?.id, grantType, error, description });
      return c.json({ error, ...(description !== undefined && { error_description: description }) }, 400);
    }
  });

  app.post('/oauth2/revoke', async (c) => {
    const form = new URLSearchParams(await c.req.text());
    const client = authenticate(c, form, pool.clients);
    if (client === undefined) return c.json({ error: 'invalid_client' }, 401);
    const token = form.get('token');
    if (token === null) return c.json({ error: 'invalid_request' }, 400);
    if (token.split('.').length === 3) return c.json({ error: 'unsupported_token_type' }, 400);
    const family = pool.grants.revoke(token, client);
    pool.report('revoke', { client: client.id, username: family && pool.accounts.bySub(family.sub)?.username });
    return c.body(null, 200);
  });
  return app;
}

async function redeemCode(pool: Pool, client: UserPoolClient, form: URLSearchParams): Promise<Answer> {
  const grant = pool.grants.takeCode(required(form, 'code'));
  if (grant === undefined) throw new TokenRefusal('invalid_grant');
  const { authorization, sub, authTime, changes } = grant;
  const account = pool.accounts.bySub(sub);
  const redirectUri = required(form, 'redirect_uri');
  if (authorization.client.id !== client.id || authorization.redirectUri !== redirectUri || account === undefined) {
    throw new TokenRefusal('invalid_grant');
  }
  if (!provesPossession(form.get('code_verifier'), authorization.challenge)) throw new TokenRefusal('invalid_grant');
  if (!account.enabled) throw new TokenRefusal('invalid_grant', 'User is disabled');
  const { scopes, nonce, resource } = authorization;
  const from = { sub, clientId: client.id, scopes, authTime, ...(resource !== undefined && { resource }) };
  const { family, refreshToken } = pool.grants.start(from);
  const tokenGrant = { ...family, client, account, changes, ...(nonce !== undefined && { nonce }) };
  return { ...(await answer(pool, 'token', tokenGrant)), refresh_token: refreshToken };
}

async function refresh(pool: Pool, client: UserPoolClient, form: URLSearchParams): Promise<Answer> {
  const refreshToken = required(form, 'refresh_token');
  const family = pool.grants.find(refreshToken, client);
  if (typeof family === 'string') throw new TokenRefusal('invalid_grant', family);
  const account = pool.accounts.bySub(family.sub);
  if (account === undefined) throw new TokenRefusal('invalid_grant', 'User does not exist');
  if (!account.enabled) throw new TokenRefusal('invalid_grant', 'User is disabled');
  const source = 'TokenGeneration_RefreshTokens';
  const changes = await pool.triggers.preTokenGeneration(source, client, family.scopes, account);
  // Only now: a trigger that failed must not cost the person the refresh token.
  const next = pool.grants.rotate(family, refreshToken, client);
  const tokens = await answer(pool, 'refresh', { ...family, client, account, changes });
  return { ...tokens, ...(next !== undefined && { refresh_token: next }) };
}

async function machineToken(pool: Pool, client: UserPoolClient, form: URLSearchParams): Promise<Answer> {
  const allowed = client.scopes.filter((scope) => scope.includes('/'));
  if (client.secret === undefined || allowed.length === 0) throw new TokenRefusal('unauthorized_client');
  const scopes = form.get('scope')?.split(' ').filter(Boolean) ?? allowed;
  if (!scopes.every((scope) => allowed.includes(scope))) throw new TokenRefusal('invalid_scope');
  const changes = await pool.triggers.preTokenGeneration('TokenGeneration_ClientCredentials', client, scopes);
  return answer(pool, 'token', { client, scopes, changes, originJti: randomUUID(), authTime: pool.clock() });
}

async function answer(pool: Pool, type: 'token' | 'refresh', grant: TokenGrant): Promise<Answer> {
  const { accessToken, accessClaims, idToken, idClaims, ignored } = await pool.tokens.issue(grant);
  pool.report(type, { client: grant.client.id, username: grant.account?.username, idClaims, accessClaims, ignored });
  const shared = { access_token: accessToken, expires_in: tokenLifetime, token_type: 'Bearer' } as const;
  return { ...(idToken !== undefined && { id_token: idToken }), ...shared };
}

/** The client, by its secret in the header or the form. A public client needs only its id. */
function authenticate(
  c: Context,
  form: URLSearchParams,
  clients: readonly UserPoolClient[],
): UserPoolClient | undefined {
  const basic = /^Basic (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const [id, secret] = basic === undefined ? [form.get('client_id'), form.get('client_secret')] : decodeBasic(basic);
  const client = clients.find((known) => known.id === id);
  if (client?.secret === undefined) return client;
  return sameText(client.secret, secret ?? '') ? client : undefined;
}

/** @see RFC 6749 §2.3.1: both parts are form-encoded first. */
function decodeBasic(credentials: string): [id: string, secret: string] {
  const text = Buffer.from(credentials, 'base64').toString();
  const colon = text.indexOf(':');
  const decode = (part: string) => new URLSearchParams(`v=${part}`).get('v') ?? '';
  return colon === -1 ? ['', ''] : [decode(text.slice(0, colon)), decode(text.slice(colon + 1))];
}

/** @see RFC 7636 §4.6 */
function provesPossession(verifier: string | null, challenge: string | undefined): boolean {
  if (challenge === undefined) return verifier === null;
  return verifier !== null && createHash('sha256').update(verifier).digest('base64url') === challenge;
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw new TokenRefusal('invalid_request');
  return value;
}
