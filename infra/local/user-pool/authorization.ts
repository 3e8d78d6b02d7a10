import type { UserPoolClient } from './settings.ts';

/** An authorization request whose client and redirect URI are registered. */
export type Authorization = {
  readonly client: UserPoolClient;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state?: string;
  readonly nonce?: string;
  /** PKCE, S256. */
  readonly challenge?: string;
  readonly prompt?: 'none' | 'login';
  readonly loginHint?: string;
  readonly resource?: string;
};

/** What became of an authorization request. */
export type AuthorizationReading =
  | { readonly kind: 'valid'; readonly authorization: Authorization }
  /** Nothing may be sent to the redirect URI: a page says so. */
  | { readonly kind: 'page'; readonly error: 'invalid_request' | 'redirect_mismatch' | 'client_not_found' }
  | { readonly kind: 'redirect'; readonly to: string };

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html */
export function readAuthorization(query: URLSearchParams, clients: readonly UserPoolClient[]): AuthorizationReading {
  const value = (name: string) => query.get(name) || undefined;
  const [clientId, redirectUri, state] = [value('client_id'), value('redirect_uri'), value('state')];
  if (clientId === undefined || redirectUri === undefined) return { kind: 'page', error: 'invalid_request' };
  const client = clients.find(({ id }) => id === clientId);
  if (client === undefined) return { kind: 'page', error: 'client_not_found' };
  if (!client.callbacks.includes(redirectUri)) return { kind: 'page', error: 'redirect_mismatch' };

  const refuse = (error: string): AuthorizationReading => ({
    kind: 'redirect',
    to: returnUrl(redirectUri, { error, state }),
  });
  const [challenge, method] = [value('code_challenge'), value('code_challenge_method')];
  if (value('response_type') !== 'code') {
    return refuse(value('response_type') === 'token' ? 'unauthorized_client' : 'invalid_request');
  }
  if ((challenge === undefined) !== (method === undefined) || (method !== undefined && method !== 'S256')) {
    return refuse('invalid_request');
  }
  const scopes = value('scope')?.split(' ').filter(Boolean) ?? client.scopes;
  if (!scopes.every((scope) => client.scopes.includes(scope))) return refuse('invalid_scope');
  const prompts = value('prompt')?.split(' ') ?? [];
  if (prompts.includes('none') && prompts.length > 1) return refuse('invalid_request');
  const prompt = prompts.includes('none') ? 'none' : prompts.includes('login') ? 'login' : undefined;
  const [nonce, loginHint, resource] = [value('nonce'), value('login_hint'), value('resource')];
  return {
    kind: 'valid',
    authorization: {
      client,
      redirectUri,
      scopes,
      ...(state !== undefined && { state }),
      ...(nonce !== undefined && { nonce }),
      ...(challenge !== undefined && { challenge }),
      ...(prompt !== undefined && { prompt }),
      ...(loginHint !== undefined && { loginHint }),
      ...(resource !== undefined && { resource }),
    },
  };
}

/** The redirect URI with an answer added to its query; a query of its own stays. */
export function returnUrl(redirectUri: string, answer: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
