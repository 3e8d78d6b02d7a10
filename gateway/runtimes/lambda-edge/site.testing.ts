import { randomBytes } from 'node:crypto';
import type { Seconds } from '../../../shared/clock.ts';
import { generateSigningKey } from '../../../shared/keys/keyring.ts';
import { publicJwks, readPrivateJwk } from '../../../shared/keys/signing.ts';
import { signToken, type TokenClaims } from '../../../shared/tokens/signed.ts';
import { start } from '../../check/check.testing.ts';
import { keepingLog, type Lines, site, siteKey } from './check-auth.testing.ts';
import { type Asked, type Outcome, requestEvent, runRequest } from './cloudfront.testing.ts';
import type { EdgeDeps } from './deps.ts';
import type { RequestHandler } from './event.ts';
import { createParseAuth } from './parse-auth.ts';
import { createRefreshAuth } from './refresh-auth.ts';
import type { SigningSettings } from './settings.ts';
import { createSignOut } from './sign-out.ts';

const issuer = 'https://provider.test';
const providerKey = readPrivateJwk(generateSigningKey('RS256'));
const signing = generateSigningKey('ES256');
const jwks = publicJwks([readPrivateJwk(signing), siteKey]);

/** One site that signs people in by itself. */
export const siteSettings: SigningSettings = {
  site,
  paths: {
    callback: '/_sso/callback',
    refresh: '/_sso/refresh',
    signOut: '/_sso/sign-out',
    signedOut: '/_sso/signed-out',
  },
  provider: {
    id: 'site',
    kind: 'openid',
    issuer,
    issuerAliases: [],
    clientId: 'docs',
    scopes: ['openid', 'email'],
    triggers: false,
    trustedEmailDomains: [],
    audiences: [],
    rolesClaim: 'groups',
  },
  session: { lifetime: 43_200, cookieLifetime: 1800, outageLifetime: 300, outageLimit: 3600 },
  sealing: [{ kid: 'seal', k: randomBytes(32).toString('base64url') }],
  signing,
  jwks,
};

/** A browser that keeps cookies, before a site whose provider says what the test says. */
export function openSite(settings: SigningSettings = siteSettings) {
  const world = {
    now: start as Seconds,
    lines: [] as Lines,
    /** Claims of the next ID tokens, beside those that each has. */
    claims: { email: 'ann@acme.test', name: 'Ann' } as Record<string, unknown>,
    /** What the token endpoint says beside the tokens; a `Response` in place of them. */
    tokens: { refresh_token: 'refresh-1' } as
      | Record<string, unknown>
      | ((signal: AbortSignal | null | undefined) => Promise<Response>),
    metadata: {} as Record<string, unknown>,
    nonce: '',
    /** Path of every call. */
    calls: [] as string[],
    jar: new Map<string, string>(),
  };
  const fetched: typeof fetch = async (url, init) => {
    const { pathname } = new URL(String(url));
    world.calls.push(pathname);
    if (pathname === '/.well-known/openid-configuration')
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        revocation_endpoint: `${issuer}/revoke`,
        end_session_endpoint: `${issuer}/logout`,
        response_types_supported: ['code'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
        ...world.metadata,
      });
    if (pathname === '/jwks') return Response.json(publicJwks([providerKey]));
    if (pathname === '/revoke') return new Response(null, { status: 200 });
    if (pathname !== '/token') throw new Error(`no ${pathname}`);
    if (typeof world.tokens === 'function') return await world.tokens(init?.signal);
    const renews = new URLSearchParams(String(init?.body)).get('grant_type') === 'refresh_token';
    const claims: TokenClaims & Record<string, unknown> = {
      iss: issuer,
      aud: 'docs',
      sub: 'sub-ann',
      iat: world.now,
      exp: world.now + 600,
      auth_time: world.now,
      ...(renews ? {} : { nonce: world.nonce }),
      ...world.claims,
    };
    const id_token = signToken({ current: providerKey }, 'JWT' as never, claims);
    return Response.json({ access_token: 'a', token_type: 'bearer', id_token, ...world.tokens });
  };
  const deps: EdgeDeps = { clock: () => world.now, fetch: fetched, log: keepingLog(world.lines), patience: 300 };
  const handlers: Readonly<Record<string, RequestHandler>> = {
    [settings.paths.callback]: createParseAuth(settings, deps),
    [settings.paths.refresh]: createRefreshAuth(settings, deps),
    [settings.paths.signOut]: createSignOut(settings, deps),
    [settings.paths.signedOut]: createSignOut(settings, deps),
  };
  const ask = async (path: string, asked: Asked = {}): Promise<Outcome & { readonly kind: 'answered' }> => {
    const handler = handlers[path.split('?')[0] ?? ''];
    if (!handler) throw new Error(`no function at ${path}`);
    const cookie = [...world.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const event = requestEvent({ path, ...asked, headers: { cookie, ...asked.headers } });
    const outcome = await runRequest(handler, event);
    if (outcome.kind !== 'answered') throw new Error(`${path} let a request through`);
    for (const line of outcome.cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0(;|$)/.test(line)) world.jar.delete(name);
      else world.jar.set(name, value);
    }
    return outcome;
  };
  /** Begins a sign-in and has the provider answer it. */
  const callback = async (more: Record<string, string> = {}, from = '/_sso/refresh?prompt=login') => {
    const begun = new URL((await ask(from)).location ?? '');
    world.nonce = begun.searchParams.get('nonce') ?? '';
    const state = begun.searchParams.get('state') ?? '';
    return `/_sso/callback?${new URLSearchParams({ code: 'c', state, ...more })}`;
  };
  return Object.assign(world, { ask, callback, signIn: async () => await ask(await callback()) });
}
