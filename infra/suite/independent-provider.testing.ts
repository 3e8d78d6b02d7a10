import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { mapAdapter } from './map-adapter.testing.ts';
import { everybody } from './people.testing.ts';
import { type ProviderOptions, type ProviderUnderTest, providerId, type StartProvider } from './provider.testing.ts';

/** What its adapter knows of the request that it answers. */
type Context = {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string; grantIdFor(client: string): string | undefined };
  };
};

const scopes = 'openid email profile';

/**
 * `oidc-provider`, which nobody here wrote: certified, with rotating refresh tokens and RP-Initiated Logout, its ID tokens
 * without email or name, as OpenID Connect Core §5.4 has it. It goes by the machine's clock.
 */
export const startIndependentProvider: StartProvider = (options) => startProviderThat(options, { rotates: true });

/** The same, as a gateway without a store wants it: a refresh token stays. */
export const startIndependentProviderWithoutRotation: StartProvider = (options) =>
  startProviderThat(options, { rotates: false });

async function startProviderThat(
  { port, gateway, strangers }: ProviderOptions,
  { rotates }: { readonly rotates: boolean },
): Promise<ProviderUnderTest> {
  const host = 'accounts.localhost';
  const origin = `http://${host}:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const secret = 'of-the-gateway-at-the-independent-provider';
  const shared = { response_types: ['code'], scope: scopes };
  const provider: Provider = new Provider(origin, {
    adapter: mapAdapter(),
    clients: [
      {
        ...shared,
        client_id: 'gateway',
        client_secret: secret,
        redirect_uris: [`${gateway}/callback/${providerId}`],
        post_logout_redirect_uris: [`${gateway}/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
        require_auth_time: true,
      },
      {
        ...shared,
        client_id: 'stranger',
        token_endpoint_auth_method: 'none',
        redirect_uris: [strangers],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'independent', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['signs the cookies of the independent provider'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => false },
    issueRefreshToken: async () => true,
    rotateRefreshToken: rotates,
    ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 600 },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: async () => true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx: { body: string }, form: string) => {
          ctx.body = `<!doctype html><h1>Sign out?</h1>${form}`;
        },
      },
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/sign-in/${uid}` },
    findAccount: (_: unknown, sub: string) => {
      const person = everybody.find((one) => one.sub === sub);
      if (!person) return undefined;
      const { email, name } = person;
      return { accountId: sub, claims: async () => ({ sub, email, email_verified: true, name }) };
    },
    // nobody is asked for consent
    loadExistingGrant: async ({ oidc }: Context) => {
      const known = oidc.session.grantIdFor(oidc.client.clientId);
      if (known !== undefined) return await provider.Grant.find(known);
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope(scopes);
      await grant.save();
      return grant;
    },
  });
  const refreshTokens: { readonly accountId: string; destroy(): Promise<void> }[] = [];
  provider.on('refresh_token.saved', (token) => refreshTokens.push(token));

  const interaction = async (request: IncomingMessage, response: ServerResponse) => {
    const { uid } = await provider.interactionDetails(request, response);
    const finish = (result: object) =>
      provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    if (request.url === `/sign-in/${uid}/cancel`) return await finish({ error: 'access_denied' });
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      const person = everybody.find((one) => one.email === form.get('username'));
      if (person && person.password === form.get('password')) return await finish({ login: { accountId: person.sub } });
    }
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><h1>Sign in</h1><form method="post" action="/sign-in/${uid}"><input name="username">
<input name="password" type="password"></form><a class="quiet" href="/sign-in/${uid}/cancel">Cancel</a>`);
  };

  const endpoints = provider.callback();
  const listener: RequestListener = (request, response) => {
    if (!request.url?.startsWith('/sign-in/')) return void endpoints(request, response);
    interaction(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  };

  return {
    origin,
    triggers: false,
    config: { issuer: origin, clientId: 'gateway', clientSecret: secret },
    listeners: new Map([[host, listener]]),
    async signIn(tab, { email, password }, visit) {
      await tab.submit({ username: email, password }, visit);
      // it signs out whoever was there before, by a form that a script sends
      const { body, url } = tab.page;
      return url.startsWith(origin) && body.includes('"logout"') ? await tab.submit({}, visit) : tab.page;
    },
    finishSignOut: async (tab) => (tab.page.url.startsWith(origin) ? tab.submit({ logout: 'yes' }) : tab.page),
    strangersLogin: (callback) =>
      `${origin}/auth?${new URLSearchParams({
        client_id: 'stranger',
        response_type: 'code',
        redirect_uri: callback,
        scope: 'openid',
      })}`,
    endGrants: async ({ sub }) => {
      for (const token of refreshTokens) if (token.accountId === sub) await token.destroy();
    },
  };
}
