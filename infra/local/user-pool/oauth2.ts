import { type Context, Hono } from 'hono';
import { readAuthorization, returnUrl } from './authorization.ts';
import { grantCode } from './code-grant.ts';
import type { Pool } from './pool.ts';
import { tokenRoutes } from './token-endpoint.ts';
import { profileOf } from './tokens.ts';
import { TriggerError } from './triggers.ts';

/** Discovery, JWKS, authorize, token, userInfo, revoke and logout. */
export function oauth2Routes(pool: Pool): Hono {
  const app = new Hono();
  const { origin, tokens } = pool;

  app.get(`/${pool.poolId}/.well-known/jwks.json`, (c) => c.json(tokens.jwks));

  // PKCE works but isn't listed, and end_session_endpoint doesn't do RP-initiated logout: both as in Cognito.
  app.get(`/${pool.poolId}/.well-known/openid-configuration`, (c) =>
    c.json({
      authorization_endpoint: `${origin}/oauth2/authorize`,
      end_session_endpoint: `${origin}/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
      issuer: tokens.issuer,
      jwks_uri: `${tokens.issuer}/.well-known/jwks.json`,
      response_types_supported: ['code', 'token'],
      revocation_endpoint: `${origin}/oauth2/revoke`,
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      subject_types_supported: ['public'],
      token_endpoint: `${origin}/oauth2/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      userinfo_endpoint: `${origin}/oauth2/userInfo`,
    }),
  );

  app.get('/oauth2/authorize', async (c) => {
    const query = new URL(c.req.url).searchParams;
    const reading = readAuthorization(query, pool.clients);
    if (reading.kind === 'page') return errorRedirect(c, reading.error);
    if (reading.kind === 'redirect') return c.redirect(reading.to);
    const { authorization } = reading;
    const session = pool.browser.session(c);
    const account = session && pool.accounts.bySub(session.sub);
    const { prompt, client, redirectUri, state } = authorization;
    const silent = session !== undefined && account?.enabled === true && prompt !== 'login';
    pool.report('authorize', { client: client.id, prompt, scopes: authorization.scopes, signedIn: silent });
    if (silent) {
      try {
        return c.redirect(await grantCode(pool, authorization, session.sub, session.authTime));
      } catch (cause) {
        if (!(cause instanceof TriggerError)) throw cause;
        const refused = { error: 'invalid_request', error_description: cause.message, state };
        return c.redirect(returnUrl(redirectUri, refused));
      }
    }
    if (prompt === 'none') return c.redirect(returnUrl(redirectUri, { error: 'login_required', state }));
    return c.redirect(`/login?${query}`);
  });

  app.route('/', tokenRoutes(pool));

  app.get('/oauth2/userInfo', async (c) => {
    const token = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    const claims = token === undefined ? undefined : await tokens.readAccessToken(token);
    const account = claims && pool.accounts.bySub(String(claims.sub));
    const scopes = String(claims?.scope ?? '').split(' ');
    const ended = Number(claims?.iat) <= (account?.accessEndedAt ?? 0);
    if (!account?.enabled || ended || !scopes.includes('openid') || pool.grants.isRevoked(String(claims?.origin_jti))) {
      const description = 'Access token is expired, disabled, or deleted, or the user has globally signed out.';
      c.header('WWW-Authenticate', `error="invalid_token", error_description="${description}"`);
      return c.json({ error: 'invalid_token', error_description: description }, 401);
    }
    pool.report('user-info', { client: claims?.client_id, username: account.username });
    const { email_verified, ...profile } = profileOf(account, scopes);
    const verified = email_verified === undefined ? {} : { email_verified: String(email_verified) };
    return c.json({ sub: account.sub, ...profile, ...verified, username: account.username });
  });

  app.get('/logout', (c) => {
    const query = new URL(c.req.url).searchParams;
    const client = pool.clients.find(({ id }) => id === query.get('client_id'));
    if (client === undefined) return errorRedirect(c, 'client_not_found');
    const to = query.get('logout_uri');
    if (to !== null && !client.logouts.includes(to)) return errorRedirect(c, 'redirect_mismatch');
    const again = query.has('redirect_uri') && query.has('response_type');
    if (to === null && !again) return errorRedirect(c, 'logout_uri_missing');
    const session = pool.browser.signOut(c);
    const account = session && pool.accounts.bySub(session.sub);
    pool.report('logout', { client: client.id, username: account?.username, to: to ?? '/login' });
    return c.redirect(to ?? `/login?${query}`);
  });
  return app;
}

function errorRedirect(c: Context, error: string): Response {
  return c.redirect(`/error?${new URLSearchParams({ error })}`);
}
