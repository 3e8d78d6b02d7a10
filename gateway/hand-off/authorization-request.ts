import type { ClientRegistry } from '../../shared/clients.ts';
import type { Seconds } from '../../shared/clock.ts';
import type { ClientConfig } from '../../shared/config.ts';
import { type FailureCode, SsoError } from '../../shared/errors.ts';
import { type Parameters, singleParameters } from '../http/form.ts';
import { grantedScope } from './claims.ts';

declare const answer: unique symbol;

/** A registered redirect URI with an answer behind it. Only such an address gets a code. */
export type AnswerUrl = string & { readonly [answer]: true };

/** Where an answer may go, also one that says what is wrong with the rest of the request. */
export type ReturnAddress = {
  readonly client: ClientConfig;
  /** As it is registered, letter by letter. */
  readonly redirectUri: string;
  /** Absent: none was sent, or one that can't be handed back. */
  readonly state: string | undefined;
};

/** A request that was checked whole. */
export type AuthorizationRequest = ReturnAddress & {
  readonly nonce: string | undefined;
  /** PKCE `code_challenge`, S256. */
  readonly challenge: string;
  /** What will be granted of what was asked for. */
  readonly scope: string;
  readonly prompt: 'none' | 'login' | undefined;
  /** How old a sign-in may be. */
  readonly maxAge: Seconds | undefined;
  readonly loginHint: string | undefined;
  readonly idTokenHint: string | undefined;
};

/** RFC 6749 appendix A.5: printable ASCII. */
const printable = /^[\x20-\x7e]{1,512}$/;

/** What is refused by a name of its own (OpenID Connect Core §3.1.2.6). */
const unsupported: readonly (readonly [string, FailureCode])[] = [
  ['request', 'request_object_unsupported'],
  ['request_uri', 'request_uri_unsupported'],
  ['registration', 'registration_unsupported'],
];

/**
 * Finds out where an answer may go. Until that is known there is nobody to tell, and a person sees a page.
 *
 * @throws SsoError `unknown_client`, `redirect_uri_refused`
 */
export function readReturnAddress(all: URLSearchParams, clients: ClientRegistry): ReturnAddress {
  const [id, otherId] = all.getAll('client_id');
  const client = id === undefined || otherId !== undefined ? undefined : clients.byId(id);
  if (!client) throw new SsoError('unknown_client', 'client_id is missing, there twice or unknown');
  const [redirectUri, otherUri] = all.getAll('redirect_uri');
  if (redirectUri === undefined || otherUri !== undefined || !client.redirectUris.includes(redirectUri))
    throw new SsoError('redirect_uri_refused', `redirect_uri is missing, there twice or not one of ${client.id}`);
  const [state = '', otherState] = all.getAll('state');
  return { client, redirectUri, state: otherState === undefined && printable.test(state) ? state : undefined };
}

/**
 * Checks the rest of a request. Every failure has words for the app.
 *
 * @throws SsoError with an `oauth` code.
 * @see OpenID Connect Core §3.1.2.1, RFC 7636 §4.3, RFC 9700 §2.1
 */
export function readAuthorizationRequest(all: URLSearchParams, to: ReturnAddress): AuthorizationRequest {
  const parameters = singleParameters(all);
  for (const [name, code] of unsupported) if (parameters.has(name)) throw new SsoError(code, `${name} was sent`);
  if (parameters.get('response_type') !== 'code') throw new SsoError('response_type_unsupported', 'not code');
  if ((parameters.get('response_mode') ?? 'query') !== 'query')
    throw new SsoError('response_mode_unsupported', 'not query');
  const scope = grantedScope(parameters.get('scope') ?? '');
  if (scope === undefined) throw new SsoError('scope_refused', 'no openid');
  const challenge = parameters.get('code_challenge') ?? '';
  // `plain` is what an absent method means, and is refused with it
  if (parameters.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    throw new SsoError('pkce_needed', 'no S256 challenge');
  const prompt = parameters.get('prompt');
  if (prompt !== undefined && prompt !== 'none' && prompt !== 'login')
    throw new SsoError('prompt_unsupported', 'prompt');
  const nonce = text('nonce', parameters);
  const maxAge = parameters.get('max_age');
  if (maxAge !== undefined && !/^[0-9]{1,9}$/.test(maxAge)) throw new SsoError('parameter_malformed', 'max_age');
  const loginHint = parameters.get('login_hint');
  if (loginHint !== undefined && loginHint.length > 256) throw new SsoError('parameter_malformed', 'login_hint');
  if (text('state', parameters) !== to.state) throw new SsoError('parameter_malformed', 'state');
  return {
    ...to,
    nonce,
    challenge,
    scope,
    prompt,
    maxAge: maxAge === undefined ? undefined : Number(maxAge),
    loginHint,
    idTokenHint: parameters.get('id_token_hint'),
  };
}

/** The parameters of a request by which it can be made again. Hints are left out: they are for the first time alone. */
export function parametersOf(request: AuthorizationRequest): Readonly<Record<string, string | undefined>> {
  return {
    client_id: request.client.id,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scope,
    state: request.state,
    nonce: request.nonce,
    code_challenge: request.challenge,
    code_challenge_method: 'S256',
    prompt: request.prompt,
    max_age: request.maxAge?.toString(),
  };
}

/**
 * Puts an answer behind a redirect URI, whose own query stays as it is, with the `iss` of RFC 9207.
 */
export function answerUrl(to: ReturnAddress, issuer: string, parameters: Readonly<Record<string, string>>): AnswerUrl {
  const query = new URLSearchParams({ ...parameters, ...(to.state !== undefined && { state: to.state }), iss: issuer });
  return `${to.redirectUri}${to.redirectUri.includes('?') ? '&' : '?'}${query}` as AnswerUrl;
}

function text(name: string, parameters: Parameters): string | undefined {
  const value = parameters.get(name);
  if (value !== undefined && !printable.test(value)) throw new SsoError('parameter_malformed', name);
  return value;
}
