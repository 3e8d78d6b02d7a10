import * as client from 'openid-client';
import type { Seconds } from '../../shared/clock.ts';
import type { ProviderConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import { asSubject, type Identity } from '../../shared/identity.ts';
import type { GatewayDeps } from '../deps.ts';
import { cognitoLogoutUrl, isPassingTriggerFailure } from './cognito.ts';
import { exchangeFailure } from './exchange-failure.ts';

/** What a provider says once somebody has signed in there. */
export type ProviderAnswer = {
  readonly identity: Identity;
  /** Checked claims of the ID token. Absent after a refresh that brought none. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
  /** When the provider last asked for proof; absent where it doesn't say. */
  readonly authTime: Seconds | undefined;
  readonly idToken: string | undefined;
  /** The newest refresh token; the old one where the provider doesn't rotate. */
  readonly refreshToken: string | undefined;
};

/** What an attempt to sign in needs to remember to be finished. */
export type AuthorizationRequest = { readonly state: string; readonly nonce: string; readonly verifier: string };

/** One configured provider: the only OAuth client in the house. */
export type Provider = {
  readonly config: ProviderConfig;
  /** Fresh state, nonce and PKCE verifier. */
  newRequest(): AuthorizationRequest;
  /**
   * Where to send the browser.
   *
   * @throws SsoError `provider_unavailable`
   */
  authorizationUrl(
    request: AuthorizationRequest,
    options: { readonly prompt?: string; readonly loginHint?: string },
  ): Promise<string>;
  /**
   * Turns the callback's parameters into an answer: checks state, `iss` and error, exchanges the code, checks the ID
   * token's signature, issuer, audience, times and nonce.
   *
   * @throws SsoError `login_cancelled`, `login_refused`, `login_attempt_used`, `login_attempt_invalid`,
   *   `provider_unavailable`, or what a trigger of ours said
   */
  exchange(parameters: URLSearchParams, request: AuthorizationRequest): Promise<ProviderAnswer>;
  /**
   * Asks again by refresh token (RFC 6749 §6).
   *
   * @returns `ended` where the provider's answer is final (`invalid_grant`).
   * @throws SsoError `provider_unavailable` for everything that may pass.
   */
  refresh(refreshToken: string, identity: Identity): Promise<ProviderAnswer | 'ended'>;
  /** Revokes a refresh token (RFC 7009), if the provider can. Never throws: a sign-out goes on. */
  revoke(refreshToken: string): Promise<void>;
  /** Address that ends the provider's own session; `undefined` where it has none, or can't be asked now. */
  logoutUrl(returnTo: string, idToken: string | undefined): Promise<string | undefined>;
  /** Origins through which a sign-out may lead, as far as they are known: for `form-action`. */
  logoutOrigins(): readonly string[];
  /**
   * Where the provider publishes its keys.
   *
   * @throws SsoError `provider_unavailable`
   */
  jwksUri(): Promise<string>;
  /** Has discovery succeeded, or does it now? For readiness. */
  reachable(): Promise<boolean>;
};

const discoveryFreshFor: Seconds = 3600;
const discoveryCoolDown: Seconds = 2;
const timeout: Seconds = 5;

/**
 * Makes the client of one provider. Discovery happens at first use, once for all requests, and again hourly; while the
 * provider is down the last good one serves.
 *
 * @param redirectUri This provider's own callback.
 */
export function createProvider(
  config: ProviderConfig,
  redirectUri: string,
  deps: Pick<GatewayDeps, 'clock' | 'fetch' | 'log'>,
): Provider {
  let discovered: { configuration: client.Configuration; at: Seconds } | undefined;
  let failed: { error: unknown; at: Seconds } | undefined;
  let underWay: { readonly discovery: Promise<client.Configuration>; readonly since: Seconds } | undefined;

  const discover = async (): Promise<client.Configuration> => {
    try {
      const configuration = await client.discovery(
        new URL(config.issuer),
        config.clientId,
        {},
        config.clientSecret === undefined ? client.None() : client.ClientSecretBasic(config.clientSecret),
        {
          timeout,
          [client.customFetch]: deps.fetch as client.CustomFetch,
          execute: [
            client.enableNonRepudiationChecks,
            ...(new URL(config.issuer).protocol === 'http:' ? [client.allowInsecureRequests] : []),
          ],
        },
      );
      discovered = { configuration, at: deps.clock() };
      failed = undefined;
      return configuration;
    } catch (error) {
      failed = { error, at: deps.clock() };
      deps.log.warn('provider discovery failed', { provider: config.id }, error);
      if (discovered) return discovered.configuration;
      throw unavailable(error);
    } finally {
      underWay = undefined;
    }
  };

  const configuration = async (): Promise<client.Configuration> => {
    const now = deps.clock();
    if (discovered && now - discovered.at < discoveryFreshFor) return discovered.configuration;
    if (failed && now - failed.at < discoveryCoolDown) {
      if (discovered) return discovered.configuration;
      throw unavailable(failed.error);
    }
    // one that takes longer than it may has ended without a word, with the request that began it
    if (!underWay || now - underWay.since > 2 * timeout) underWay = { discovery: discover(), since: now };
    return await underWay.discovery;
  };

  const unavailable = (cause: unknown) =>
    new SsoError('provider_unavailable', `provider ${config.id} cannot be reached`, { cause });

  const answer = (
    tokens: Awaited<ReturnType<typeof client.refreshTokenGrant>>,
    subject: string,
    refreshToken?: string,
  ): ProviderAnswer => {
    const claims = tokens.claims();
    return {
      identity: { provider: config.id, subject: asSubject(subject) },
      claims,
      authTime: claims?.auth_time,
      idToken: tokens.id_token,
      refreshToken: tokens.refresh_token ?? refreshToken,
    };
  };

  /**
   * What UserInfo says where the ID token names no email: with the code flow a provider need not put it there (OpenID
   * Connect Core §5.4). Where our trigger runs, the directory knows.
   */
  const userInfo = async (accessToken: string, { sub, email }: client.IDToken): Promise<object | undefined> => {
    const known = await configuration();
    if (config.triggers || email !== undefined || !config.scopes.includes('email')) return undefined;
    if (!known.serverMetadata().userinfo_endpoint) return undefined;
    return await client.fetchUserInfo(known, accessToken, sub);
  };

  return {
    config,
    newRequest: () => ({
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    }),

    async authorizationUrl(request, { prompt, loginHint }) {
      const url = client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: config.scopes.join(' '),
        state: request.state,
        nonce: request.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(request.verifier),
        code_challenge_method: 'S256',
        ...(prompt === undefined ? {} : { prompt }),
        // with it the provider has to say when it asked (OpenID Connect Core §2, auth_time)
        ...(prompt === 'login' ? { max_age: '0' } : {}),
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
      });
      return url.href;
    },

    async exchange(parameters, request) {
      const url = new URL(redirectUri);
      url.search = parameters.toString();
      try {
        const tokens = await client.authorizationCodeGrant(await configuration(), url, {
          expectedState: request.state,
          expectedNonce: request.nonce,
          pkceCodeVerifier: request.verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        if (!claims?.sub) throw new SsoError('login_attempt_invalid', 'the ID token names nobody');
        const known = answer(tokens, claims.sub);
        return { ...known, claims: { ...(await userInfo(tokens.access_token, claims)), ...claims } };
      } catch (error) {
        throw exchangeFailure(error, config.id);
      }
    },

    async refresh(refreshToken, identity) {
      try {
        const tokens = await client.refreshTokenGrant(await configuration(), refreshToken);
        const subject = tokens.claims()?.sub;
        // OpenID Connect Core §12.2: a refresh can't turn into somebody else
        if (subject !== undefined && subject !== identity.subject) return 'ended';
        return answer(tokens, identity.subject, refreshToken);
      } catch (error) {
        const isRefusal = error instanceof client.ResponseBodyError && error.error === 'invalid_grant';
        if (isRefusal && !isPassingTriggerFailure(error.error_description)) return 'ended';
        throw error instanceof SsoError ? error : unavailable(error);
      }
    },

    async revoke(refreshToken) {
      try {
        const known = await configuration();
        if (!known.serverMetadata().revocation_endpoint) return;
        await client.tokenRevocation(known, refreshToken, { token_type_hint: 'refresh_token' });
      } catch (error) {
        deps.log.warn('refresh token not revoked', { provider: config.id }, error);
      }
    },

    async logoutUrl(returnTo, idToken) {
      try {
        const known = await configuration();
        const endpoint = config.logoutUrl ?? known.serverMetadata().end_session_endpoint;
        if (!endpoint) return undefined;
        if (config.kind === 'cognito') return cognitoLogoutUrl(endpoint, config, returnTo);
        return client.buildEndSessionUrl(known, {
          post_logout_redirect_uri: returnTo,
          ...(idToken === undefined ? {} : { id_token_hint: idToken }),
        }).href;
      } catch (error) {
        deps.log.warn('provider sign-out skipped', { provider: config.id }, error);
        return undefined;
      }
    },

    logoutOrigins() {
      const endpoints = [
        config.issuer,
        config.logoutUrl,
        discovered?.configuration.serverMetadata().end_session_endpoint,
      ];
      return endpoints.filter((url) => url !== undefined).map((url) => new URL(url).origin);
    },

    async jwksUri() {
      const { jwks_uri } = (await configuration()).serverMetadata();
      if (jwks_uri === undefined) throw unavailable(new Error('discovery names no jwks_uri'));
      return jwks_uri;
    },

    async reachable() {
      try {
        await configuration();
        return failed === undefined;
      } catch {
        // said by discovery already
        return false;
      }
    },
  };
}
