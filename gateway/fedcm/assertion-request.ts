import type { ClientConfig } from '../../shared/config.ts';
import { SsoError } from '../../shared/errors.ts';
import { grantedScope } from '../hand-off/claims.ts';
import type { CodeRequest } from '../hand-off/code.ts';
import type { Parameters } from '../http/form.ts';

/** What an app's page passes through the browser to us, as JSON. All but `scope` (default: `openid`) is needed. */
const names = ['nonce', 'code_challenge', 'redirect_uri', 'scope'] as const;

/**
 * Reads what a page asks for by FedCM: the same as by a request to `/authorize`. Nothing in it is taken for the truth but
 * that this page wants it.
 *
 * @param origin `Origin` of the page, one of the client's: only an address there gets the code.
 * @throws SsoError `unknown_client`, `parameter_malformed`, `pkce_needed`, `redirect_uri_refused`, `scope_refused`
 * @see https://w3c-fedid.github.io/FedCM/#dom-identityproviderrequestoptions-params
 */
export function readAssertionRequest(
  form: Parameters,
  client: ClientConfig,
  origin: string,
): CodeRequest & { readonly accountId: string } {
  if (form.get('client_id') !== client.id) throw new SsoError('unknown_client', `client_id is not that of ${origin}`);
  const accountId = form.get('account_id');
  if (accountId === undefined) throw new SsoError('bad_request', 'no account_id');
  const { nonce, code_challenge, redirect_uri, scope } = readParams(form.get('params'));
  if (nonce === undefined || !/^[A-Za-z0-9_-]{22,64}$/.test(nonce)) throw new SsoError('parameter_malformed', 'nonce');
  if (code_challenge === undefined || !/^[A-Za-z0-9_-]{43}$/.test(code_challenge))
    throw new SsoError('pkce_needed', 'no S256 challenge');
  if (redirect_uri === undefined || !client.redirectUris.includes(redirect_uri))
    throw new SsoError('redirect_uri_refused', `redirect_uri is missing or not one of ${client.id}`);
  if (new URL(redirect_uri).origin !== origin)
    throw new SsoError('redirect_uri_refused', 'redirect_uri is not on the origin of the page');
  const granted = grantedScope(scope ?? 'openid');
  if (granted === undefined) throw new SsoError('scope_refused', 'no openid');
  return { accountId, client, redirectUri: redirect_uri, challenge: code_challenge, scope: granted, nonce };
}

/** Texts under known names, and nothing else: `code_challenge_method: plain` has to fail, not to be passed over. */
function readParams(json: string | undefined): Partial<Record<(typeof names)[number], string>> {
  const params = parsed(json);
  const fits =
    typeof params === 'object' &&
    params !== null &&
    !Array.isArray(params) &&
    Object.entries(params).every(
      ([name, value]) => names.some((known) => known === name) && typeof value === 'string' && value.length <= 1024,
    );
  if (!fits) throw new SsoError('bad_request', 'params is no JSON object of known texts');
  return params;
}

function parsed(json = ''): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SsoError('bad_request', 'params is no JSON', { cause });
  }
}
