import type { Keyring } from '../../shared/keys/keyring.ts';
import type { Parts } from '../session/parts.ts';
import { scopes } from './claims.ts';
import { assertionAlgorithms } from './client-keys.ts';

/**
 * What OpenID clients learn of this gateway. Everything in it is true: a test walks through it.
 *
 * @see OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3, OpenID Connect Back-Channel Logout §2.1, OpenID
 *   Connect Session Management
 */
export function discoveryDocument({ at, config, keyring }: Parts): Readonly<Record<string, unknown>> {
  return {
    issuer: config.publicUrl,
    authorization_endpoint: at.url('/authorize'),
    token_endpoint: at.url('/token'),
    userinfo_endpoint: at.url('/userinfo'),
    jwks_uri: at.url('/.well-known/jwks.json'),
    introspection_endpoint: at.url('/introspect'),
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    end_session_endpoint: at.url('/end-session'),
    check_session_iframe: at.url('/check-session'),
    scopes_supported: scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: tokenAlgorithms(keyring),
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['none', 'login'],
    claims_supported: [
      ...['iss', 'sub', 'aud', 'iat', 'exp', 'auth_time', 'nonce', 'at_hash', 'sid', 'session_expiry', 'sso_monitor'],
      ...['email', 'name', 'roles', 'permissions'],
    ],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  };
}

/** Those that a client can choose and there is a key for. */
function tokenAlgorithms({ openid }: Pick<Keyring, 'openid'>): readonly string[] {
  return (['RS256', 'ES256'] as const).filter((algorithm) => openid.byAlgorithm.has(algorithm));
}
